"""One visit to one leased host: its pace, its robots.txt, and redirects that lead elsewhere.

A visit holds the host's lease, so nobody else asks this host anything meanwhile; requests go one
after the other, each not before the host's pace allows it. robots.txt and every hop of a redirect
wait for their turn like any other request. Feeds are asked without consulting robots.txt, but at
the Crawl-delay of a copy that is there already.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from pipeline.doors import Doors
from pipeline.errors import ItemError, Permanent, Transient
from pipeline.fetch.pace import next_request_at
from pipeline.fetch.reasons import HOST_BUSY
from pipeline.fetch.robots import MAX_ROBOTS_BYTES, decide_robots, verdict
from pipeline.fetch.user_agent import PRODUCT
from pipeline.model import Page
from pipeline.ports import FetchKind
from pipeline.urls import host_of, origin_of
from pipeline.work import MAX_HOST_WAIT_S, Lease, RobotsCopy

log = structlog.get_logger()


@dataclass(slots=True)
class Visit:
    """The state of a visit: leases held and when each host may be asked next."""

    doors: Doors
    lease: Lease
    _crawl_delays_s: dict[str, float | None] = field(default_factory=dict)
    _next_at: dict[str, datetime] = field(default_factory=dict)
    _others: dict[str, Lease] = field(default_factory=dict)  # hosts that redirects led to

    @property
    def host(self) -> str:
        """The host that is visited."""
        return self.lease.host or ""

    @property
    def patient(self) -> bool:
        """Whether the host may be asked soon enough to wait for it with the lease in hand."""
        due = self._next_at.get(self.host) or self.lease.next_request_at
        return due is None or due - self.doors.clock.now() <= timedelta(seconds=MAX_HOST_WAIT_S)

    def keep_lease(self) -> None:
        """Renew the leases before they run out while the visit goes on. Raises LeaseLost."""
        lease_s = self.doors.config.ledger.lease_s
        self.lease = self.doors.ledger.renew(self.lease, lease_s=lease_s)
        for host, lease in self._others.items():
            self._others[host] = self.doors.ledger.renew(lease, lease_s=lease_s)

    def close(self) -> None:
        """Give all leases back, with the pace that each host is owed."""
        for host, lease in [(self.host, self.lease), *self._others.items()]:
            self.doors.ledger.release(lease, next_request_at=self._next_at.get(host))

    async def get(
        self,
        url: str,
        kind: FetchKind,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Page:
        """Fetch in turn. Raises Transient or Permanent as the fetcher does."""
        await self._take_host(host_of(url))
        await self._turn(host_of(url))
        return await self._request(url, kind, etag=etag, last_modified=last_modified)

    async def get_page(self, url: str, *, etag: str | None, last_modified: str | None) -> Page:
        """Fetch an article page, after asking robots.txt; redirects ask it again."""
        await self._ask_robots(url)
        return await self.get(url, FetchKind.PAGE, etag=etag, last_modified=last_modified)

    async def _request(
        self, url: str, kind: FetchKind, *, etag: str | None, last_modified: str | None
    ) -> Page:
        """Do one exchange and note what the host is owed after it."""

        async def gate(target: str) -> None:
            await self._take_host(host_of(target))
            if kind is FetchKind.PAGE:
                await self._ask_robots(target)
            await self._turn(host_of(target))

        last, answer = url, None
        try:
            answer = await self.doors.fetcher.get(
                url, kind, etag=etag, last_modified=last_modified, gate=gate
            )
            last = answer.final_url
            return answer
        finally:
            self._next_at[host_of(last)] = next_request_at(
                self.doors.clock.now(),
                answer,
                self.doors.config.fetch,
                crawl_delay_s=self._crawl_delay_s(last),
            )

    def _crawl_delay_s(self, url: str) -> float | None:
        """Return the Crawl-delay of a URL's host, as far as robots.txt was asked for before."""
        host = host_of(url)
        if host not in self._crawl_delays_s:
            copy = self.doors.ledger.find_robots(origin_of(url))
            self._crawl_delays_s[host] = verdict(copy, url, PRODUCT).crawl_delay_s
        return self._crawl_delays_s[host]

    async def _turn(self, host: str) -> None:
        """Wait until a host may be asked again; raises Transient when that is not soon."""
        due = self._next_at.get(host) or (self.lease.next_request_at if host == self.host else None)
        if due is not None:
            wait_s = (due - self.doors.clock.now()).total_seconds()
            if wait_s > MAX_HOST_WAIT_S:
                raise Transient(HOST_BUSY, f"{host} rests until {due}", retry_after_s=wait_s)
            await self.doors.clock.sleep(wait_s)
        self._next_at[host] = self.doors.clock.now() + timedelta(
            seconds=self.doors.config.fetch.pace_s
        )

    async def _take_host(self, host: str) -> None:
        """Lease a host that a redirect leads to; raises Transient when somebody else holds it."""
        if host == self.host or host in self._others:
            return
        lease = self.doors.ledger.lease_host(host, lease_s=self.doors.config.ledger.lease_s)
        if lease is None:
            raise Transient(HOST_BUSY, f"{host} is being visited by another worker")
        self._others[host] = lease
        if lease.next_request_at is not None:
            self._next_at[host] = lease.next_request_at

    async def _ask_robots(self, url: str) -> None:
        """Raise Permanent("robots_disallowed") or Transient("robots_unavailable") if we may not."""
        origin = origin_of(url)
        now = self.doors.clock.now()
        copy = self.doors.ledger.find_robots(origin)
        if decide_robots(copy, now) == "fetch":
            copy = await self._fetch_robots(origin)
        ruling = verdict(copy, url, PRODUCT)
        if ruling.crawl_delay_s is not None:
            self._crawl_delays_s[host_of(url)] = ruling.crawl_delay_s
        if ruling.allowed:
            return
        if ruling.temporary:
            raise Transient("robots_unavailable", ruling.reason)
        raise Permanent("robots_disallowed", ruling.reason)

    async def _fetch_robots(self, origin: str) -> RobotsCopy:
        """Fetch robots.txt and keep what came; status 0 when nothing did."""
        url = f"{origin}/robots.txt"
        await self._turn(host_of(url))
        status, body = 0, b""
        try:
            page = await self._request(url, FetchKind.ROBOTS, etag=None, last_modified=None)
            status, body = page.status, page.body[:MAX_ROBOTS_BYTES]
        except ItemError as error:
            if error.reason == HOST_BUSY:
                raise  # we did not ask: that says nothing about the site
            log.warning("robots_unreachable", origin=origin, reason=error.reason)
        copy = RobotsCopy(origin, status, body, self.doors.clock.now())
        self.doors.ledger.save_robots(copy)
        return copy
