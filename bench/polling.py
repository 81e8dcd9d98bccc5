"""Polling: feeds/s with news, without news, and answered 304; memory of 10,000 feeds.

Baseline: feedparser.parse with its defaults over the same documents in one process, nothing kept.
The network is left out (answers come from memory); ledger, archive and parser processes are real.
"""

import argparse
import asyncio
import dataclasses
import io
import json
import resource
import tempfile
import time
from pathlib import Path

import feedparser

from bench.trip import NOW, CannedFetcher, impatient
from pipeline import stages
from pipeline.adapters.clock import ScaledClock
from pipeline.app import build, sync_catalogue
from pipeline.cli.demo import demo_config
from pipeline.feeds.decide import first_state
from pipeline.model import Feed, Stage
from pipeline.rehearsal.script import Script
from pipeline.rehearsal.synthetic import synthetic_articles, synthetic_outlets
from pipeline.rehearsal.world import World
from pipeline.visit import Visit


class Scripted(CannedFetcher):
    """Answers feeds from memory; with `not_modified` set, every one with 304."""

    not_modified = False

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.documents: list[bytes] = []

    async def get(self, url, kind, *, etag=None, last_modified=None, gate=None):
        """Answer a poll."""
        page = await super().get(url, kind)
        if self.not_modified:
            asked = (("If-None-Match", "x"),)
            return dataclasses.replace(page, status=304, body=b"", request_headers=asked)
        self.documents.append(page.body)
        return page


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(options.feeds, Path(folder)))
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:40} {value:10.3f}")


async def measure(count: int, folder: Path) -> dict[str, float]:
    """Poll `count` feeds of 20 entries three times: all new, the same bytes, 304."""
    world = World(
        synthetic_articles(count * 20, seed=1, hosts=count),
        outlets=synthetic_outlets(count, count * 20),
        script=Script(),
    )
    clock = ScaledClock(NOW)
    app = build(impatient(demo_config(80)), folder, clock=clock)
    fetcher = Scripted(world)
    app.__dict__["fetcher"] = fetcher
    doors = app.doors()
    try:
        sync_catalogue(app, world.catalogue(), at_once=True)
        new_s = await _poll_all(doors)
        same_s = await _again(doors, clock)
        fetcher.not_modified = True
        quiet_s = await _again(doors, clock)
        memory_bytes = _memory_of_feeds(app, 10_000)
    finally:
        app.close()
    started = time.perf_counter()
    for document in fetcher.documents[:count]:
        feedparser.parse(io.BytesIO(document))
    bare_s = time.perf_counter() - started
    return {
        "feeds": float(count),
        "new_feeds_per_s": count / new_s,
        "same_bytes_feeds_per_s": count / same_s,
        "not_modified_feeds_per_s": count / quiet_s,
        "bare_feedparser_per_s": count / bare_s,
        "new_ratio_to_bare_feedparser": bare_s / new_s,
        "memory_mb_per_10000_feeds": memory_bytes / 1e6,
    }


async def _again(doors, clock: ScaledClock) -> float:
    """Poll all a week later."""
    clock.set(clock.now() + 7 * (NOW - NOW.replace(day=NOW.day - 1)))
    return await _poll_all(doors)


async def _poll_all(doors) -> float:
    started = time.perf_counter()
    while leases := doors.ledger.lease_hosts(Stage.POLL, doors.clock.now(), limit=32, lease_s=300):
        visits = [Visit(doors, lease) for lease in leases]
        await asyncio.gather(*(_visit(doors, visit) for visit in visits))
    return time.perf_counter() - started


async def _visit(doors, visit: Visit) -> None:
    for state in doors.ledger.due_feeds(visit.lease, doors.clock.now()):
        await stages.poll(visit, state)
    visit.close()


def _memory_of_feeds(app, count: int) -> float:
    """Return by how much memory grows when so many more feeds are known and read back."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    feeds = [Feed(f"f{n}", f"https://h{n}.example/rss", f"p{n}") for n in range(count)]
    app.ledger.sync_feeds([first_state(feed, NOW, 0.5) for feed in feeds])
    app.ledger.feed_states()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024.0


if __name__ == "__main__":
    main()
