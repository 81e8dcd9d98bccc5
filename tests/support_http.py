"""Fetching once with the real fetcher, for tests on loopback."""

import asyncio
import resource
from contextlib import suppress
from pathlib import Path

import pytest
from support_fakes import StillClock

from pipeline.adapters.http import HttpFetcher
from pipeline.config import FetchSettings
from pipeline.errors import ItemError
from pipeline.ports import FetchKind

LOOPBACK = ("127.0.0.0/8",)
QUICK = {"feed_deadline_s": 0.4, "page_deadline_s": 0.4, "connect_timeout_s": 0.4}


def fetch(url, kind=FetchKind.PAGE, *, resolver=None, gate=None, validators=None, **settings):
    """Fetch one URL with a fetcher of its own."""
    return fetch_all([url], kind, resolver=resolver, gate=gate, validators=validators, **settings)[
        0
    ]


def fetch_all(urls, kind=FetchKind.PAGE, *, resolver=None, gate=None, validators=None, **settings):
    """Fetch URLs one after the other with one fetcher."""
    chosen = FetchSettings(**{"allow_private": LOOPBACK, "page_deadline_s": 10, **settings})

    async def go():
        fetcher = HttpFetcher(chosen, StillClock(), resolver=resolver)
        try:
            return [await fetcher.get(url, kind, gate=gate, **(validators or {})) for url in urls]
        finally:
            await fetcher.aclose()

    return asyncio.run(go())


def failing(url, *args, **kwargs):
    """Return the error with which a fetch ends."""
    with pytest.raises(ItemError) as caught:
        fetch(url, *args, **kwargs)
    return caught.value


def resolver_of(**answers):
    """Return a resolver that knows these names (dots written as underscores)."""

    async def resolve(host):
        return answers[host.replace(".", "_")]

    return resolve


class MemoryGrowth:
    """Measures by how much this process's memory grew at its highest point inside the block."""

    def __enter__(self):
        with suppress(OSError):  # resets the peak; where that cannot be done the old one counts
            Path("/proc/self/clear_refs").write_text("5")
        self._before = self._peak_bytes()
        return self

    def __exit__(self, *_):
        self.bytes = self._peak_bytes() - self._before

    @staticmethod
    def _peak_bytes():
        status = Path("/proc/self/status")
        if not status.exists():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
