"""The one way out to the network: httpcore2 behind our guard, with redirects and bodies by hand.

httpcore2 does connections, TLS and HTTP/1.1 framing (h11). Everything a hostile server can bend is
done here: no proxy from the environment, no cookies, no Referer, no credentials; the body of a
redirect is not read; codings are removed within limits; one deadline covers the whole exchange.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import httpcore2

from pipeline.adapters.guarded_network import GuardedNetwork, tls_context
from pipeline.adapters.resolver import Resolver
from pipeline.config import FetchSettings
from pipeline.errors import ItemError
from pipeline.fetch.decoding import ACCEPT_ENCODING, BodyDecoder
from pipeline.fetch.reasons import failure
from pipeline.fetch.robots import MAX_ROBOTS_BYTES
from pipeline.fetch.target import Target, follow, parse_target
from pipeline.fetch.user_agent import user_agent
from pipeline.model import Hop, Page
from pipeline.ports import Clock, FetchKind, HostGate

_ACCEPT = {
    FetchKind.FEED: "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1",
    FetchKind.PAGE: "text/html, application/xhtml+xml, */*;q=0.1",
    FetchKind.ROBOTS: "text/plain, */*;q=0.1",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FIRST_FINAL_STATUS = 200
_FIRST_ERROR_STATUS = 400
MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 * 1024
_TOO_LARGE_HINT = 431  # h11's hint for a head that outgrew its buffer
#: Longer than the pace of a host, so that its next page finds the connection open.
_KEEPALIVE_S = 15.0
_SENDABLE = re.compile(r"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One response, its body read unless it is a redirect."""

    status: int
    headers: Headers
    wire_body: bytes = b""
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class HttpFetcher:
    """Fetcher over HTTP/1.1. Belongs to the event loop in which it is first used."""

    def __init__(
        self, settings: FetchSettings, clock: Clock, *, resolver: Resolver | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._user_agent = user_agent(settings)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls_context(settings.ca_file),
            max_connections=None,  # callers bound how many hosts they ask at once
            max_keepalive_connections=settings.concurrency,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=GuardedNetwork(settings, resolver),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def get(
        self,
        url: str,
        kind: FetchKind,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        gate: HostGate | None = None,
    ) -> Page:
        """Fetch one URL as `ports.Fetcher` says; `gate` is asked with the URL of every hop."""
        target = parse_target(url)
        asked = {target.url}
        hops: list[Hop] = []
        spent_s = 0.0
        while True:
            request = self._headers(target, kind, etag, last_modified)
            started_s = time.monotonic()
            answer = await self._within_deadline(target, kind, request, spent_s)
            spent_s += time.monotonic() - started_s
            if answer.status not in _REDIRECTS:
                break
            target = self._next_hop(target, answer, hops, asked)
            if gate is not None:
                await gate(target.url)
        return Page(
            url=url,
            final_url=target.url,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            wire_body=answer.wire_body,
            request_headers=request,
            fetched_at=self._clock.now(),
            elapsed_s=spent_s,
            hops=tuple(hops),
        )

    def _next_hop(
        self, target: Target, answer: _Answer, hops: list[Hop], asked: set[str]
    ) -> Target:
        """Return where a redirect leads, noting the hop."""
        locations = answer.values("location")
        if not locations:
            raise failure("bad_redirect", f"{answer.status} without Location from {target.url}")
        following = follow(target, locations[0])
        hops.append(Hop(target.url, answer.status, locations[0]))
        if following.url in asked:
            raise failure("redirect_loop", f"{target.url} leads back to {following.url}")
        if len(hops) > self._settings.max_redirects:
            raise failure("too_many_redirects", f"more than {self._settings.max_redirects}")
        asked.add(following.url)
        return following

    def _headers(
        self, target: Target, kind: FetchKind, etag: str | None, last_modified: str | None
    ) -> Headers:
        headers = [
            ("Host", target.authority),
            ("User-Agent", self._user_agent),
            ("Accept", _ACCEPT[kind]),
            ("Accept-Encoding", ACCEPT_ENCODING),
        ]
        validators = (("If-None-Match", etag), ("If-Modified-Since", last_modified))
        # Validators go back as they came, byte for byte; one that no header can carry stays here.
        headers += [(name, text) for name, text in validators if text and _SENDABLE.fullmatch(text)]
        return tuple(headers)

    async def _within_deadline(
        self, target: Target, kind: FetchKind, headers: Headers, spent_s: float
    ) -> _Answer:
        settings = self._settings
        limit_s = settings.feed_deadline_s if kind is FetchKind.FEED else settings.page_deadline_s
        try:
            async with asyncio.timeout(limit_s - spent_s):
                return await self._exchange(target, kind, headers)
        except TimeoutError:
            raise failure("deadline", f"{target.url}: more than {limit_s:g} s") from None

    async def _exchange(self, target: Target, kind: FetchKind, headers: Headers) -> _Answer:
        """Send one request and read its response."""
        try:
            response = await self._send(target, headers)
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
            raise _problem(error, target, cut=False) from error
        try:
            answer = _head(response, target)
            if answer.status in _REDIRECTS:
                return answer
            return await self._read_unless_refused(response, answer, kind)
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
            ended = bool(getattr(response.extensions.get("network_stream"), "ended", False))
            raise _problem(error, target, cut=ended) from error
        finally:
            await response.aclose()

    async def _send(self, target: Target, headers: Headers) -> httpcore2.Response:
        """Send a request; again, once, if a kept connection turns out to be closed."""
        dialled = False

        async def trace(event: str, _: dict[str, Any]) -> None:
            nonlocal dialled
            dialled = dialled or event == "connection.connect_tcp.started"

        request = httpcore2.Request(
            "GET",
            httpcore2.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers],
            extensions={"trace": trace, "timeout": {"connect": self._settings.connect_timeout_s}},
        )
        try:
            return await self._pool.handle_async_request(request)
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError):
            if dialled:
                raise
        return await self._pool.handle_async_request(request)

    async def _read_unless_refused(
        self, response: httpcore2.Response, answer: _Answer, kind: FetchKind
    ) -> _Answer:
        """Read a body; a 404 or 503 whose error page is broken is still that status."""
        try:
            return await self._read(response, answer, kind)
        except (ItemError, httpcore2.NetworkError, httpcore2.RemoteProtocolError):
            if answer.status < _FIRST_ERROR_STATUS:
                raise
            return answer

    async def _read(
        self, response: httpcore2.Response, answer: _Answer, kind: FetchKind
    ) -> _Answer:
        """Read a body within the limits of bytes on the wire and unpacked."""
        settings = self._settings
        declared = answer.values("content-length")
        if kind is not FetchKind.ROBOTS and declared and int(declared[0]) > settings.max_wire_bytes:
            raise failure("too_large", f"{declared[0]} bytes announced")
        decoder = BodyDecoder(
            ", ".join(answer.values("content-encoding")), max_body_bytes=settings.max_body_bytes
        )
        pieces: list[bytes] = []
        wire_bytes = 0
        async for piece in response.aiter_stream():
            pieces.append(piece)
            wire_bytes += len(piece)
            if wire_bytes > settings.max_wire_bytes:
                raise failure("too_large", f"more than {settings.max_wire_bytes} bytes sent")
            decoder.feed(piece)
            if kind is FetchKind.ROBOTS and decoder.body_bytes >= MAX_ROBOTS_BYTES:
                body = decoder.body()[:MAX_ROBOTS_BYTES]  # the rest of robots.txt does not count
                return _Answer(answer.status, answer.headers, b"".join(pieces), body)
        return _Answer(answer.status, answer.headers, b"".join(pieces), decoder.finish())


def _head(response: httpcore2.Response, target: Target) -> _Answer:
    """Read status and headers within their limits."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
    )
    size = sum(len(name) + len(value) + len(": \r\n") for name, value in headers)
    if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise failure("headers_too_large", f"{len(headers)} headers, {size} bytes: {target.url}")
    answer = _Answer(response.status, headers)
    if response.status < _FIRST_FINAL_STATUS:
        raise failure("bad_response", f"status {response.status} from {target.url}")
    if answer.values("content-length") and answer.values("transfer-encoding"):
        # Two lengths: RFC 9112, 6.3 advises to refuse, since somebody reads it the other way.
        raise failure("bad_response", f"two body lengths from {target.url}")
    return answer


def _problem(error: Exception, target: Target, *, cut: bool) -> ItemError:
    """Name what went wrong on an open connection."""
    cause = error.args[0] if error.args else error
    detail = f"{target.url}: {cause}"
    if not isinstance(error, httpcore2.RemoteProtocolError):
        return failure("reset", detail)
    if getattr(cause, "error_status_hint", None) == _TOO_LARGE_HINT:
        return failure("headers_too_large", detail)
    return failure("body_truncated" if cut else "bad_response", detail)
