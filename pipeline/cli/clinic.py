"""Visits to feeds outside a run: for `feeds check`, and for `feeds discover` (discovery.py).

Written against the ports, so that tests bring their own. Hosts are asked side by side, one request
at a time each, at the pace that the settings promise; robots.txt is obeyed as a run obeys it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.config import Config
from pipeline.errors import ItemError, Permanent, Transient
from pipeline.feeds.doctor import Diagnosis, diagnose
from pipeline.fetch.pace import MAX_CRAWL_DELAY_S
from pipeline.fetch.robots import MAX_ROBOTS_BYTES, verdict
from pipeline.fetch.user_agent import PRODUCT
from pipeline.model import Feed, Page, ParsedFeed
from pipeline.ports import Clock, Fetcher, FetchKind, Workers
from pipeline.urls import host_of, origin_of
from pipeline.work import RobotsCopy

OK = range(200, 300)
#: Our own trouble: no feed is to blame, and nothing that is said about one would be true.
OURS = "parser_unavailable"


@dataclass(slots=True)
class Clinic:
    """The doors that a visit needs, and when each host was asked last."""

    fetcher: Fetcher
    workers: Workers
    clock: Clock
    config: Config
    _asked_at: dict[str, datetime] = field(default_factory=dict)
    _crawl_delays_s: dict[str, float] = field(default_factory=dict)
    _robots: dict[str, RobotsCopy] = field(default_factory=dict)
    _silent: dict[str, str] = field(
        default_factory=dict
    )  # origin → why its robots.txt did not come

    async def check(self, feeds: Sequence[Feed]) -> AsyncIterator[Diagnosis]:
        """Yield a diagnosis of each feed, as they come in."""
        by_host: dict[str, list[Feed]] = {}
        for feed in feeds:
            by_host.setdefault(host_of(feed.url), []).append(feed)
        done: asyncio.Queue[Diagnosis] = asyncio.Queue()
        seats = asyncio.Semaphore(self.config.fetch.concurrency)

        async def visit(members: list[Feed]) -> None:
            async with seats:
                for feed in members:
                    done.put_nowait(await self.examine(feed))

        async with asyncio.TaskGroup() as group:
            for members in by_host.values():
                group.create_task(visit(members))
            for _ in feeds:
                yield await done.get()

    async def examine(self, feed: Feed) -> Diagnosis:
        """Fetch one feed once and judge it."""
        try:
            page = await self.get(feed.url, FetchKind.FEED)
        except ItemError as error:
            return self._judge(feed, error, None)
        parsed: ParsedFeed | ItemError | None = None
        if page.status in OK:
            try:
                parsed = await self.parse(page, feed)
            except ItemError as error:
                if error.reason == OURS:
                    raise
                parsed = error
        return self._judge(feed, page, parsed)

    def _judge(
        self, feed: Feed, answer: Page | ItemError, parsed: ParsedFeed | ItemError | None
    ) -> Diagnosis:
        days = self.config.poll.stale_after_days
        return diagnose(feed, answer, parsed, self.clock.now(), stale_after_days=days)

    async def get_page(self, url: str, kind: FetchKind) -> Page:
        """Fetch what nobody published for programs: robots.txt is asked first, and at every hop.

        Raises ItemError, also Permanent("robots_disallowed") and Transient("robots_unavailable").
        """
        await self._ask_robots(url)

        async def gate(target: str) -> None:
            await self._ask_robots(target)
            await self._turn(host_of(target))

        await self._turn(host_of(url))
        return await self.fetcher.get(url, kind, gate=gate)

    async def _ask_robots(self, url: str) -> None:
        """Raise ItemError if we may not, in a sentence; note the pace that a host asks for."""
        copy = await self.robots_of(url)
        ruling = verdict(copy, url, PRODUCT)
        if ruling.crawl_delay_s is not None:
            self._crawl_delays_s[host_of(url)] = min(ruling.crawl_delay_s, MAX_CRAWL_DELAY_S)
        if ruling.allowed:
            return
        if ruling.temporary:
            why = self._silent.get(copy.origin, f"http_{copy.status}")
            detail = f"{copy.origin}/robots.txt cannot be had now ({why}), and that counts as no"
            raise Transient("robots_unavailable", detail)
        detail = f"{copy.origin}/robots.txt does not let {PRODUCT} read {url}"
        raise Permanent("robots_disallowed", detail)

    async def robots_of(self, url: str) -> RobotsCopy:
        """Return robots.txt of a URL's origin, asked for once; status 0 when nothing came.

        Raises ItemError when our own guard lets nothing through to there.
        """
        origin = origin_of(url)
        if origin not in self._robots:
            status, body = 0, b""
            try:
                page = await self.get(f"{origin}/robots.txt", FetchKind.ROBOTS)
                status, body = page.status, page.body[:MAX_ROBOTS_BYTES]
            except ItemError as error:
                if error.exemption is not None:
                    raise  # our own guard: it would not let the page through either
                self._silent[origin] = error.reason
            self._robots[origin] = RobotsCopy(origin, status, body, self.clock.now())
        return self._robots[origin]

    async def get(self, url: str, kind: FetchKind) -> Page:
        """Fetch in turn what is there for programs: a feed, robots.txt."""
        await self._turn(host_of(url))
        return await self.fetcher.get(url, kind)

    async def _turn(self, host: str) -> None:
        """Wait until so long after the last request to the host as its pace demands."""
        last = self._asked_at.get(host)
        if last is not None:
            pace_s = max(self.config.fetch.pace_s, self._crawl_delays_s.get(host, 0.0))
            waited_s = (self.clock.now() - last).total_seconds()
            await self.clock.sleep(max(0.0, pace_s - waited_s))
        self._asked_at[host] = self.clock.now()

    async def parse(self, page: Page, feed: Feed | None) -> ParsedFeed:
        """Parse in a worker. Raises ItemError."""
        parsed: ParsedFeed = await self.workers.run(
            "parse_feed",
            body=page.body,
            url=page.final_url,
            headers=page.headers,
            timezone=feed.timezone if feed else None,
            language=feed.language if feed else None,
            fetched_at=page.fetched_at,
            max_entries=self.config.poll.max_entries,
        )
        return parsed
