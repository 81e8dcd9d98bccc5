"""Processing: articles/s from archived bytes to indexed document, against bare trafilatura.

Baseline: trafilatura.bare_extraction(with_metadata=True) over the same bytes, in as many
processes as the pipeline's workers. Measured as it comes, and with `[enrich] models = []`: the two
models for names cost more than all else together. Pages are real ones where NEWSLINE_CORPORA names
them (about 100 kB each), else those of the rehearsal world's synthetic hosts (about 8 kB, so the
ledger's share is larger).
"""

import argparse
import asyncio
import gzip
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import trafilatura

from pipeline import stages
from pipeline.adapters.clock import ScaledClock
from pipeline.app import build, sync_catalogue
from pipeline.cli.demo import demo_config
from pipeline.config import Config
from pipeline.model import Page, Stage
from pipeline.rehearsal.message import Request
from pipeline.rehearsal.script import Script
from pipeline.rehearsal.synthetic import START_AT, synthetic_articles, synthetic_outlets
from pipeline.rehearsal.world import World
from pipeline.run import BATCH
from pipeline.visit import Visit

NOW = START_AT + timedelta(days=30)


class CannedFetcher:
    """Answers from the world without a network: what is measured comes after the fetch."""

    def __init__(self, world: World, real: Sequence[bytes] = ()) -> None:
        self._world = world
        self._real = real
        self.pages: list[bytes] = []

    async def get(self, url, kind, *, etag=None, last_modified=None, gate=None):
        """Answer as the server of the rehearsal world would."""
        host, _, path = url.removeprefix("http://").partition("/")
        request = Request(host.partition(":")[0], f"/{path}", "", {}, 0)
        answer = self._world.answer(request, NOW)
        body = answer.body
        if kind == "page":
            body = self._real[len(self.pages)] if self._real else body
            self.pages.append(body)
        return Page(url, url, answer.status, tuple(answer.headers), body, body, (), NOW, 0.001)

    async def aclose(self) -> None:
        """Nothing is open."""


def real_pages() -> list[bytes]:
    """Return the evaluation pages, none when there are none here."""
    folder = os.environ.get("NEWSLINE_CORPORA")
    if not folder:
        return []
    paths = sorted(Path(folder, "extraction").glob("*/html/*.html.gz"))
    return [gzip.decompress(path.read_bytes()) for path in paths]


def bare(body: bytes) -> int:
    """Extract with the library alone; return the length of the text."""
    document = trafilatura.bare_extraction(body, with_metadata=True)
    return len(document.text or "") if document else 0


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=400, help="synthetic ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.articles)
    if options.json:
        print(json.dumps(figures))
    else:
        print(json.dumps(figures, indent=2))


def impatient(config: Config) -> Config:
    """Return settings without a pace: nobody is asked."""
    fetch = config.fetch.model_copy(update={"pace_s": 0.0})
    return config.model_copy(update={"fetch": fetch})


def measure(count: int) -> dict[str, dict[str, float]]:
    """Fetch `count` synthetic pages into fresh data folders, then time the rest of the trip."""
    real = real_pages()
    count = len(real) or count
    hosts = max(1, count // 50)
    outlets = synthetic_outlets(hosts, count)
    world = World(synthetic_articles(count, seed=1, hosts=hosts), outlets=outlets, script=Script())
    usual = impatient(demo_config(80))
    lists_only = usual.model_copy(update={"enrich": usual.enrich.model_copy(update={"models": ()})})
    found = {}
    for name, config in (("as_it_comes", usual), ("without_models", lists_only)):
        with tempfile.TemporaryDirectory() as folder:
            found[name] = asyncio.run(_measure(world, real, config, Path(folder)))
    return found


async def _measure(
    world: World, real: Sequence[bytes], config: Config, folder: Path
) -> dict[str, float]:
    app = build(config, folder, clock=ScaledClock(NOW))
    fetcher = CannedFetcher(world, real)
    app.__dict__["fetcher"] = fetcher
    doors = app.doors()
    try:
        sync_catalogue(app, world.catalogue(), at_once=True)
        crawled_s = await _crawl(doors)
        took_s: dict[str, float] = {}
        done = 0
        for stage, work in (
            (Stage.EXTRACT, stages.extract), (Stage.ENRICH, stages.enrich),
            (Stage.GROUP, stages.group), (Stage.INDEX, stages.index),
        ):  # fmt: skip
            started = time.monotonic()
            done = await _drain(doors, stage, work)
            took_s[stage] = time.monotonic() - started
        processed_s = sum(took_s.values())
    finally:
        app.close()
    processes = doors.config.parser.processes
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(bare, fetcher.pages[: 2 * processes]))  # warm
        started = time.monotonic()
        list(pool.map(bare, fetcher.pages, chunksize=8))
        bare_s = time.monotonic() - started
    return {
        "articles": float(done),
        "articles_per_s": done / processed_s,
        "bare_trafilatura_per_s": len(fetcher.pages) / bare_s,
        "ratio_to_bare_trafilatura": (done / processed_s) / (len(fetcher.pages) / bare_s),
        **{f"{stage}_ms_per_article": 1000 * spent / done for stage, spent in took_s.items()},
        "poll_and_fetch_bookkeeping_ms_per_page": 1000 * crawled_s / len(fetcher.pages),
    }


async def _crawl(doors) -> float:
    """Poll and fetch everything; return the seconds that it took."""
    started = time.monotonic()
    while True:
        leases = [
            lease
            for stage in (Stage.POLL, Stage.FETCH)
            for lease in doors.ledger.lease_hosts(stage, doors.clock.now(), limit=1000, lease_s=300)
        ]
        if not leases:
            return time.monotonic() - started
        for lease in leases:
            visit = Visit(doors, lease)
            for state in doors.ledger.due_feeds(lease, doors.clock.now()):
                await stages.poll(visit, state)
            for due in doors.ledger.due_pages(lease, doors.clock.now(), limit=1000):
                await stages.fetch(visit, due)
            visit.close()


async def _drain(doors, stage, work) -> int:
    """Do all that waits for a stage; return how many articles that were."""
    done = 0
    while True:
        lease, works = doors.ledger.lease_articles(
            stage, doors.clock.now(), limit=BATCH[stage], lease_s=300
        )
        if not works:
            return done
        await work(doors, lease, works)
        doors.ledger.release(lease)
        done += len(works)


if __name__ == "__main__":
    main()
