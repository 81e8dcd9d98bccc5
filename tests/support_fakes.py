"""Fakes behind our own protocols, held to the same contract tests as the real adapters."""

import hashlib
from datetime import UTC, datetime, timedelta

from pipeline.errors import ItemError, Permanent
from pipeline.fetch.reasons import failure
from pipeline.fetch.target import follow, parse_target
from pipeline.model import ArchivePlace, Hop, Page

_REDIRECTS = {301, 302, 303, 307, 308}


class StillClock:
    """A clock that stands still but for its own sleeps."""

    def __init__(self, now=datetime(2019, 9, 10, 8, 0, tzinfo=UTC)):
        self.time = now

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += timedelta(seconds=max(0.0, seconds))


class FakeFetcher:
    """Answers by URL from a script, following redirects as the real one does."""

    def __init__(self, clock, *, max_redirects=5):
        self._clock = clock
        self._max_redirects = max_redirects
        self._answers = {}
        self.requests = []  # (url, kind, etag, last_modified)

    def on(self, url, body=b"", *, status=200, headers=(), error=None):
        """Set what a URL answers: a response, or an ItemError to raise."""
        self._answers[url] = (status, tuple(headers), body, error)

    async def get(self, url, kind, *, etag=None, last_modified=None, gate=None):
        target, hops, asked = parse_target(url), [], set()
        while True:
            asked.add(target.url)
            self.requests.append((target.url, kind, etag, last_modified))
            unknown = (None, (), b"", failure("dns_unknown_host", target.host))
            status, headers, body, error = self._answers.get(target.url, unknown)
            if error is not None:
                raise error
            page = Page(
                url=url,
                final_url=target.url,
                status=status,
                headers=headers,
                body=body,
                wire_body=body,
                request_headers=(),
                fetched_at=self._clock.now(),
                elapsed_s=0.0,
                hops=tuple(hops),
            )
            if status not in _REDIRECTS:
                return page
            target = self._next_hop(target, page, hops, asked)
            if gate is not None:
                await gate(target.url)

    def _next_hop(self, target, page, hops, asked):
        location = page.header("location")
        if location is None:
            raise failure("bad_redirect", target.url)
        following = follow(target, location)
        hops.append(Hop(target.url, page.status, location))
        if following.url in asked:
            raise failure("redirect_loop", following.url)
        if len(hops) > self._max_redirects:
            raise failure("too_many_redirects", following.url)
        return following

    async def aclose(self):
        pass


class MemoryArchive:
    """Keeps pages in a list."""

    def __init__(self):
        self._pages = []
        self.flushed = 0  # how many pages are durable

    def append(self, page):
        self._pages.append(page)
        sha256 = hashlib.sha256(page.body).hexdigest()
        return ArchivePlace("memory", len(self._pages) - 1, 1, sha256)

    def flush(self):
        self.flushed = len(self._pages)

    def read(self, place):
        if place.segment != "memory":
            raise Permanent("archive_missing", place.segment)
        page = self._pages[place.offset] if place.offset < len(self._pages) else None
        if page is None or hashlib.sha256(page.body).hexdigest() != place.sha256:
            raise Permanent("archive_corrupt", str(place))
        return page

    def close(self):
        self.flush()


def reason_of(call, *args, **kwargs):
    """Return the reason with which a call fails, or None."""
    try:
        call(*args, **kwargs)
    except ItemError as error:
        return error.reason
    return None
