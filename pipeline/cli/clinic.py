"""Visits to feeds outside a run: for `feeds check` and `feeds discover`.

Written against the ports, so that tests bring their own. Hosts are asked side by side, one request
at a time each, at the pace that the settings promise.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.config import Config
from pipeline.errors import ItemError, Permanent
from pipeline.feeds.discover import Candidate, find_candidates
from pipeline.feeds.doctor import Diagnosis, diagnose
from pipeline.model import Feed, Page, ParsedFeed
from pipeline.ports import Clock, Fetcher, FetchKind, Workers
from pipeline.urls import host_of

_OK = range(200, 300)
#: Our own trouble: no feed is to blame, and nothing that is said about one would be true.
_OURS = "parser_unavailable"


@dataclass(slots=True)
class Clinic:
    """The doors that a visit needs, and when each host was asked last."""

    fetcher: Fetcher
    workers: Workers
    clock: Clock
    config: Config
    _asked_at: dict[str, datetime] = field(default_factory=dict)

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
            page = await self._get(feed.url, FetchKind.FEED)
        except ItemError as error:
            return diagnose(feed, error, None, self.clock.now())
        parsed: ParsedFeed | ItemError | None = None
        if page.status in _OK:
            try:
                parsed = await self._parse(page, feed)
            except ItemError as error:
                if error.reason == _OURS:
                    raise
                parsed = error
        return diagnose(feed, page, parsed, self.clock.now())

    async def discover(self, url: str) -> "tuple[list[Found], int]":
        """Return the feeds of a site, best first, and how many candidates were tried.

        Raises ItemError when the page cannot be had. Well-known places are tried only when the
        site names no feed that works.
        """
        robots = await self._robots(url)  # first, as a polite visitor does
        page = await self._get(url, FetchKind.PAGE)
        if page.status not in _OK:
            raise Permanent(f"http_{page.status}", f"{url} answers with HTTP {page.status}")
        itself = await self._try(Candidate(page.final_url, "itself"), page)
        if itself:
            return [itself], 1
        if _origin(page.final_url) != _origin(url):
            robots = await self._robots(page.final_url)
        candidates = find_candidates(page.body, page.final_url, robots=robots)
        named = [candidate for candidate in candidates if candidate.source != "well_known"]
        guessed = [candidate for candidate in candidates if candidate.source == "well_known"]
        found = [feed for candidate in named if (feed := await self._try(candidate))]
        tried = len(named)
        for candidate in guessed if not found else ():
            tried += 1
            feed = await self._try(candidate)
            found += [feed] if feed else []
        unique = {feed.url: feed for feed in reversed(found)}
        return list(reversed(unique.values())), tried

    async def _try(self, candidate: Candidate, page: Page | None = None) -> "Found | None":
        """Return a candidate as a feed if it is one."""
        try:
            page = page or await self._get(candidate.url, FetchKind.FEED)
            if page.status not in _OK:
                return None
            parsed = await self._parse(page, None)
        except ItemError as error:
            if error.reason == _OURS:
                raise
            return None  # most guesses lead nowhere; how many were tried is told
        newest = max((e.published_at.at for e in parsed.entries if e.published_at), default=None)
        return Found(
            url=page.final_url,
            source=candidate.source,
            kind=parsed.kind,
            title=parsed.title or candidate.title,
            entries=len(parsed.entries),
            newest_at=newest,
        )

    async def _robots(self, url: str) -> str:
        """Return robots.txt of a site, "" when there is none: it is only asked for sitemaps."""
        try:
            robots = await self._get(f"{_origin(url)}/robots.txt", FetchKind.ROBOTS)
        except ItemError:
            return ""
        return robots.body.decode("utf-8-sig", "replace") if robots.status in _OK else ""

    async def _get(self, url: str, kind: FetchKind) -> Page:
        """Fetch in turn: never sooner after the last request to the host than its pace allows."""
        host = host_of(url)
        last = self._asked_at.get(host)
        if last is not None:
            waited_s = (self.clock.now() - last).total_seconds()
            await self.clock.sleep(max(0.0, self.config.fetch.pace_s - waited_s))
        self._asked_at[host] = self.clock.now()
        return await self.fetcher.get(url, kind)

    async def _parse(self, page: Page, feed: Feed | None) -> ParsedFeed:
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


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that a site has, fetched and parsed."""

    url: str
    source: str  # "itself" | "declared" | "linked" | "robots" | "well_known"
    kind: str
    title: str
    entries: int
    newest_at: datetime | None
