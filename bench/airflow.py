"""What Airflow costs: a run of `news_ingest` against the same work in one process.

    python -m bench.airflow [--only overhead|feeds|freshness|celery] [--json]

A real Airflow (PostgreSQL, LocalExecutor, four shards) on this machine, about ten minutes in all.

overhead    the rehearsal world once by `newsline run --once`, once by Airflow, in turn; medians
feeds       runs over 10 and over 10,000 feeds on 200 hosts, up to 1,000 of them due and answered
            304; and with none due
freshness   100 outlets that publish once in five minutes each, on a clock RATE times as fast as the
            real one; runs are triggered every two minutes of that clock, as the schedule has it.
            What Airflow adds counts RATE times, so the figures are an upper bound
celery      600 pages on 60 hosts by one Celery worker, then by two; each does one task at a time
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench._airflow_site import Running, airflow
from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import opened
from pipeline.adapters.ledger.tables import outcomes, urls
from pipeline.feeds.decide import first_state
from pipeline.model import Feed, Result, Stage
from pipeline.rehearsal.articles import Article
from pipeline.rehearsal.server import WorldServer
from pipeline.rehearsal.synthetic import START_AT, synthetic_articles, synthetic_outlets
from pipeline.work import FeedState

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
ROUNDS = 3
FEW, MANY, DUE, HOSTS = 10, 10_000, 1_000, 200
RATE, EVERY_S = 4.0, 120.0
OUTLETS, LISTED, PUBLISHED_EVERY_S = 100, 2, 3.0
#: As often as a feed is asked at most, which these deserve.
ASKED_EVERY_S = 300.0
#: Of the world's time: until all feeds are in their rhythm, then what is measured, then what is
#: waited until the last of it must have come.
SETTLE_S, MEASURED_S, WAIT_S = 360.0, 480.0, 480.0
PAGES, PAGE_HOSTS = 600, 60


def overhead(site: Running) -> dict[str, Any]:
    """Time the rehearsal world by Airflow and in one process, in turn."""
    alone, under = [], []
    with WorldServer(ScaledClock(NOW), script=()) as world:
        for _ in range(ROUNDS):
            site.place.begin(world.feeds(), port=world.port, now=NOW)
            alone.append(site.place.run_in_process())
            site.place.begin(world.feeds(), port=world.port, now=NOW)
            under.append(site.run())
    in_process_s, in_process_cpu_s, documents = map(statistics.median, zip(*alone, strict=True))
    s = statistics.median(took.s for took in under)
    tasks_cpu_s = statistics.median(took.tasks_cpu_s for took in under)
    return {
        "documents": documents,
        "in_process_s": in_process_s,
        "run_s": s,
        "overhead_s": s - in_process_s,
        "in_process_cpu_s": in_process_cpu_s,
        "tasks_cpu_s": tasks_cpu_s,
        "overhead_of_tasks_cpu_s": tasks_cpu_s - in_process_cpu_s,
        "airflow_itself_cpu_s": statistics.median(took.airflow_cpu_s for took in under),
        "task_instances": len(under[0].tasks),
    }


# ── many feeds ────────────────────────────────────────────────────────────────────────────────


@contextmanager
def unchanging() -> Iterator[int]:
    """Answer 304 to everything, at the port given."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')
            await writer.drain()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def polled_before(port: int, count: int) -> list[FeedState]:
    """Return feeds over the hosts that were there at their last poll; the first ones are due."""
    addresses = (f"http://h{n % HOSTS}.localhost:{port}/{n}.xml" for n in range(count))
    feeds = [Feed(f"f{n:05}", url, f"p{n % HOSTS}") for n, url in enumerate(addresses)]
    known = {"etag": '"x"', "last_unconditional_at": NOW, "last_success_at": NOW, "health": "ok"}
    return [
        replace(first_state(feed, NOW, float(n >= DUE)), **known) for n, feed in enumerate(feeds)
    ]


def feeds(site: Running) -> dict[str, Any]:
    """Count the task instances of runs over few and many feeds, and time them."""
    found: dict[str, Any] = {}
    with unchanging() as port:
        for count in (FEW, MANY):
            states = polled_before(port, count)
            catalogue = [state.feed for state in states]
            site.place.begin(catalogue, port=port, now=NOW, states=states)
            for name in (f"{count}_due", f"{count}_none_due"):
                took = site.run()
                ended = site.rest.xcom("news_ingest", took.run_id, "publish")["outcomes"]
                found[name] = {
                    "task_instances": len(took.tasks),
                    "polled": sum(n for what, n in ended.items() if what.startswith("poll:")),
                    "plan_s": took.span_s("plan"),
                    "shards_s": took.span_s("shard"),
                    "run_s": took.s,
                }
    return found


# ── freshness ─────────────────────────────────────────────────────────────────────────────────


def published_steadily() -> Sequence[Article]:
    """Return articles of all outlets in turn, from an hour before the start to the end."""
    hour_s = 3600.0
    count = int((hour_s + SETTLE_S + MEASURED_S + WAIT_S) / PUBLISHED_EVERY_S)
    made = synthetic_articles(count, seed=1, hosts=OUTLETS)
    return [
        replace(
            one, versions=(replace(one.versions[0], at=_moment(n * PUBLISHED_EVERY_S - hour_s)),)
        )
        for n, one in enumerate(made)
    ]


def _moment(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def freshness(site: Running) -> dict[str, Any]:
    """Let articles be published, and see when each could be found."""
    articles = published_steadily()
    outlets = synthetic_outlets(OUTLETS, len(articles), feed_size=LISTED)
    clock = ScaledClock(NOW, RATE)
    with WorldServer(clock, script=(), articles=articles, outlets=outlets) as world:
        states = [
            replace(first_state(feed, NOW, 0.0), next_poll_at=_moment(n / OUTLETS * ASKED_EVERY_S))
            for n, feed in enumerate(world.feeds())
        ]
        site.place.begin(world.feeds(), port=world.port, now=NOW, rate=RATE, states=states)
        clock.set(NOW)
        run_ids, due_at = [], NOW
        while clock.now() < _moment(SETTLE_S + MEASURED_S + WAIT_S):
            run_ids.append(site.start())
            due_at += timedelta(seconds=EVERY_S)
            time.sleep(max(0.0, (due_at - clock.now()).total_seconds() / RATE))
        for run_id in run_ids:
            site.rest.wait("news_ingest", run_id, timeout_s=60)
    found_at = _found_at(site.place.ledger_url)
    first, last = _moment(SETTLE_S), _moment(SETTLE_S + MEASURED_S)
    measured = [one for one in articles if first <= one.published_at < last]
    known = {one.id: found_at.get(one.id) for one in measured}
    late = [(at - one.published_at).total_seconds() for one in measured if (at := known[one.id])]
    cuts = statistics.quantiles(late, n=100, method="inclusive")
    return {
        "rate": RATE,
        "runs": len(run_ids),
        "articles": len(measured),
        "not_found": len(measured) - len(late),
        "published_to_searchable_s": {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]},
    }


def _found_at(ledger_url: str) -> dict[str, datetime]:
    """Return article → when the index first acknowledged it; it can be found from then on."""
    query = (
        sa.select(urls.c.url, sa.func.min(outcomes.c.at).label("at"))
        .join(outcomes, outcomes.c.url_id == urls.c.url_id)
        .where(outcomes.c.stage == Stage.INDEX, outcomes.c.result == Result.OK)
        .group_by(urls.c.url)
    )
    with opened(ledger_url) as database, database.reading() as connection:
        return {row.url.rpartition("/")[2]: row.at for row in connection.execute(query)}


# ── celery ────────────────────────────────────────────────────────────────────────────────────


def celery(site: Running) -> dict[str, Any]:
    """Time the same backlog of pages with one worker and with two."""
    outlets = synthetic_outlets(PAGE_HOSTS, PAGES)
    articles = synthetic_articles(PAGES, seed=2, hosts=PAGE_HOSTS)
    now = START_AT + timedelta(days=30)
    took_s = []
    with WorldServer(ScaledClock(now), script=(), articles=articles, outlets=outlets) as world:
        site.stack.spread(workers=1)
        for number in range(2):
            if number:
                site.stack.add_worker()
            _wait_for_worker(site, number)
            site.place.begin(world.feeds(), port=world.port, now=now)
            took = site.run()
            fetched = site.rest.xcom("news_ingest", took.run_id, "publish")["indexed"]
            if fetched != PAGES:
                raise SystemExit(f"only {fetched} of {PAGES} pages were indexed")
            took_s.append(took.span_s("shard"))
    return {
        "pages": PAGES,
        "one_worker_shards_s": took_s[0],
        "two_workers_shards_s": took_s[1],
        "ratio": took_s[0] / took_s[1],
    }


def _wait_for_worker(site: Running, number: int) -> None:
    log = site.stack.site.folder / "logs" / f"worker-{number}.log"
    until = time.monotonic() + 60
    while " ready." not in log.read_text("utf-8", "replace"):
        if time.monotonic() > until:
            raise SystemExit(f"worker {number} does not start:\n{log.read_text('utf-8')}")
        time.sleep(0.25)


PARTS = {"overhead": overhead, "feeds": feeds, "freshness": freshness, "celery": celery}


def main() -> None:
    """Measure what is asked for, in one stack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--json", action="store_true", help="one line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newsline-bench-") as name, airflow(Path(name)) as site:
        site.place.begin([one.feed for one in polled_before(80, 1)], port=80, now=NOW)
        site.run()  # the first run of a stack pays for what later ones find ready
        figures = {part: PARTS[part](site) for part in options.only or PARTS}
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


if __name__ == "__main__":
    main()
