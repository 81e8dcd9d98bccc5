"""A run that does its share of the trip only, as a scheduler's task does."""

import asyncio
import os
import signal
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from support_run import HTML, RSS, Trip, article, feed, rss

from pipeline import scheduled
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.app import INPUT_STAGES
from pipeline.model import Stage
from pipeline.run import Observer, Run, Share

SHARDS = 2


def host_in(shard, *, prefix):
    """Return a host name that belongs to a shard."""
    names = (f"{prefix}{n}.example" for n in range(100))
    return next(name for name in names if zlib.crc32(name.encode()) % SHARDS == shard)


FEED_HOST = host_in(0, prefix="feeds")
PAGE_HOST = host_in(1, prefix="www")
PAGES = [f"https://{PAGE_HOST}/{n}" for n in range(3)]


@pytest.fixture
def trip(tmp_path):
    """A feed on a host of one shard, whose pages are on a host of the other."""
    url = f"https://{FEED_HOST}/feed.xml"
    made = Trip(tmp_path, feed(url=url))
    made.allow_robots(FEED_HOST, PAGE_HOST)
    made.fetcher.on(url, rss(*((page, f"Title {page}") for page in PAGES)), headers=RSS)
    for page in PAGES:
        made.fetcher.on(page, article(f"Title {page}", day=page), headers=HTML)
    yield made
    made.close()


def do(trip, stages, **share):
    async def go():
        run = Run(trip.doors, once=True, stop=asyncio.Event(), share=Share(stages, **share))
        return await run.go()

    return asyncio.run(asyncio.wait_for(go(), 30))


def asked(trip):
    return [url for url, *_ in trip.fetcher.requests if not url.endswith("/robots.txt")]


def test_shares_one_after_the_other_make_the_whole_trip_of_one_run(trip):
    run_id = trip.ledger.start_run(trip.clock.now())
    for stages in (INPUT_STAGES, frozenset({Stage.GROUP}), frozenset({Stage.INDEX})):
        assert trip.documents() == {}
        assert do(trip, stages, run_id=run_id) == run_id
    assert sorted(trip.documents()) == PAGES
    assert trip.balance().balances
    counts = trip.ledger.run_counts(run_id)
    assert {stage for stage, result, _ in counts if result == "ok"} == set(Stage)


def test_a_shard_without_work_of_its_own_left_helps_the_others(trip):
    do(trip, INPUT_STAGES, shard=(0, SHARDS))
    assert sorted(asked(trip)) == sorted([f"https://{FEED_HOST}/feed.xml", *PAGES])


def test_a_shard_takes_its_own_hosts_first(trip):
    do(trip, frozenset({Stage.POLL}), shard=(0, SHARDS), deadline_s=0.001)
    second = f"https://{PAGE_HOST}/feed.xml"
    trip.fetcher.on(second, rss(), headers=RSS)
    trip.feeds = (*trip.feeds, feed("second", second))
    trip.sync()
    do(trip, INPUT_STAGES, shard=(1, SHARDS))
    assert asked(trip)[0] == second


class SlowFetcher:
    """Asks, and gets no answer for a long time."""

    async def get(self, *_, **__):
        await asyncio.sleep(60)


class TimedOut(BaseException):
    """What Airflow raises in a task that takes too long, wherever it is at that moment."""


def interrupted(trip, number, *, within_s):
    """Do a share as a scheduler's task does, and send it a signal while it waits for answers."""

    async def nothing():
        pass

    doors = replace(trip.doors, fetcher=SlowFetcher())
    app = SimpleNamespace(doors=lambda _: doors, aclose_fetcher=nothing)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), number))
    timer.start()
    started = time.monotonic()
    try:
        asyncio.run(scheduled._run(app, Share(INPUT_STAGES), Observer()))
    finally:
        timer.join()
        assert time.monotonic() - started < within_s
        (free,) = trip.ledger.lease_hosts(Stage.POLL, trip.clock.now(), limit=9, lease_s=60)
        assert free.host == FEED_HOST


def test_a_task_that_takes_too_long_gives_every_lease_back(trip):
    def raise_it(*_):
        raise TimedOut

    before = signal.signal(signal.SIGALRM, raise_it)
    try:
        with pytest.raises(TimedOut):
            interrupted(trip, signal.SIGALRM, within_s=5)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_task_that_is_told_to_end_does_so_and_gives_every_lease_back(trip):
    interrupted(trip, signal.SIGTERM, within_s=5)


def test_while_another_process_writes_an_embedded_index_articles_wait(trip, tmp_path, monkeypatch):
    async def nothing():
        pass

    @contextmanager
    def shared():
        yield SimpleNamespace(
            config=trip.doors.config,
            doors=lambda _: trip.doors,
            delivery=None,
            aclose_fetcher=nothing,
        )

    monkeypatch.setattr(scheduled, "open_shared", shared)
    do(trip, INPUT_STAGES)
    do(trip, scheduled.GROUP)
    run_id = trip.ledger.start_run(trip.clock.now())
    writer = EmbeddedIndex(tmp_path / "index")
    rebuilding = writer.start_rebuild()
    assert scheduled.index(run_id) == {}
    assert trip.ledger.waiting(Stage.INDEX) == len(PAGES)
    writer.finish_rebuild(rebuilding)
    writer.close()
    assert scheduled.index(run_id) == {"index:ok": len(PAGES)}
    assert trip.balance().balances


def test_out_of_time_nothing_more_is_begun_and_every_lease_is_given_back(trip):
    do(trip, INPUT_STAGES, deadline_s=0.001)
    assert asked(trip) == []
    do(trip, INPUT_STAGES)
    assert sorted(asked(trip)) == sorted([f"https://{FEED_HOST}/feed.xml", *PAGES])
