"""Outcomes for those who follow them: whoever does sees each once, however writers overlap."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support_ledger import (
    NOW,
    bring_to,
    commit_step,
    decision,
    fetched,
    indexed,
    poll,
    publish,
    state,
)

from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.tables import outcomes
from pipeline.model import Result, Stage
from pipeline.urls import article_id
from pipeline.work import Outcome, PollResult, ReplaySelector

WRITERS, LINES = 4, 40
A, B = "https://herald.example/a", "https://herald.example/b"


def add_outcome(connection, url_id):
    row = {
        "url_id": url_id, "stage": "fetch", "result": "ok", "detail": "", "attempt": 1, "at": NOW
    }  # fmt: skip
    connection.execute(sa.insert(outcomes), row)


def everything(ledger, limit=1_000):
    return ledger.outcomes_after(0, limit=limit)


def test_each_line_says_whom_it_is_about(ledger):
    run_id = ledger.start_run(NOW)
    bring_to(ledger, A, Stage.EXTRACT)
    (polled, fetch) = everything(ledger)
    assert (polled.url_id, polled.article_id) == (None, None)
    assert (polled.feed_id, polled.outlet) == ("herald-world", "herald")
    assert polled.url == "https://herald.example/herald-world.xml"
    assert polled.counts == {"listed": 1}
    assert (fetch.url, fetch.url_id, fetch.article_id) == (A, article_id(A), article_id(A))
    assert (fetch.feed_id, fetch.outlet, fetch.run_id) == ("herald-world", "herald", run_id)
    assert fetch.outcome == fetched(A).outcome


def test_a_poll_keeps_what_it_taught_whatever_later_polls_teach(ledger):
    first = state(health="new", interval_s=900.0)
    ledger.sync_feeds([first])
    for health, overlap in (("ok", 0.25), ("stale", 1.0)):
        lease = ledger.lease_host(first.host, lease_s=60)
        taught = state(health=health, overlap=overlap, interval_s=1200.0, gaps=2)
        ended = Outcome(Stage.POLL, Result.OK, NOW)
        ledger.commit_poll(lease, PollResult(state=taught, outcome=ended))
        ledger.release(lease)
    assert [line.feed_facts for line in everything(ledger)] == [
        {"health": "ok", "interval_s": 1200.0, "overlap": 0.25, "gaps": 2},
        {"health": "stale", "interval_s": 1200.0, "overlap": 1.0, "gaps": 2},
    ]


def test_an_article_can_first_be_found_once(ledger):
    version = publish(ledger, A)
    later = NOW + timedelta(hours=1)
    poll(ledger, decision(B), at=later)
    assert [line.first_indexed is not None for line in everything(ledger)].count(True) == 1
    (line,) = [line for line in everything(ledger) if line.first_indexed]
    assert (line.outcome.stage, line.article_id) == (Stage.INDEX, article_id(A))
    assert line.first_indexed.first_seen_at == NOW
    assert line.first_indexed.published_at.at == NOW  # as the page says
    again = ReplaySelector(stage=Stage.INDEX, dead_only=False, publisher="herald")
    assert ledger.replay(again, later) == 1
    commit_step(ledger, Stage.INDEX, indexed(A, version, later))
    assert [line.first_indexed is not None for line in everything(ledger)].count(True) == 1


def test_lines_come_in_order_and_from_a_position_on(ledger):
    publish(ledger, A)
    ids = [line.outcome_id for line in everything(ledger)]
    assert ids == sorted(ids)
    assert [line.outcome_id for line in ledger.outcomes_after(ids[1], limit=2)] == ids[2:4]
    assert ledger.outcomes_after(ids[-1], limit=9) == []


def test_a_position_only_goes_forward(ledger, second):
    assert ledger.export_position("events") == 0
    ledger.advance_export("events", 7)
    second.advance_export("events", 5)
    assert ledger.export_position("events") == 7
    assert ledger.export_position("others") == 0


@pytest.mark.postgres  # SQLite has one writer at a time: nobody inserts while another waits
def test_lines_behind_one_that_is_not_committed_wait_for_it(postgres_url):
    ledger, second = open_ledger(postgres_url), open_ledger(postgres_url)
    with ledger.database.engine.connect() as slow, slow.begin():
        add_outcome(slow, "slow")
        second.database.write(lambda c: add_outcome(c, "quick"))
        started = time.monotonic()
        assert everything(second) == []
        assert time.monotonic() - started < 5
        second.database.write(lambda c: add_outcome(c, "after"))  # nobody is kept from writing
    assert [line.url_id for line in everything(second)] == ["slow", "quick", "after"]
    ledger.close()
    second.close()


@pytest.mark.postgres
def test_a_line_that_was_rolled_back_holds_up_nobody(postgres_url):
    ledger = open_ledger(postgres_url)
    with ledger.database.engine.connect() as broken, broken.begin() as transaction:
        add_outcome(broken, "broken")
        ledger.database.write(lambda c: add_outcome(c, "whole"))
        transaction.rollback()
    assert [(line.outcome_id, line.url_id) for line in everything(ledger)] == [(2, "whole")]
    ledger.close()


def write_lines(ledger_url, worker):
    """Add lines in transactions that end in another order than they began."""
    mine, rng = open_ledger(ledger_url), random.Random(worker)

    def work(connection, n):
        add_outcome(connection, f"{worker}-{n}")
        time.sleep(rng.uniform(0, 0.01))

    for n in range(LINES):
        mine.database.write(lambda c, n=n: work(c, n))
    mine.close()


def follow(ledger_url, done):
    """Read from the beginning until the writers are done and nothing is left."""
    mine, seen = open_ledger(ledger_url), []
    while True:
        finished = done.is_set()
        lines = mine.outcomes_after(seen[-1].outcome_id if seen else 0, limit=7)
        seen.extend(lines)
        if finished and not lines:
            mine.close()
            return seen


@pytest.mark.timeout(90)
def test_no_line_is_missed_under_concurrent_writers(ledger_url, ledger):
    done = threading.Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(follow, ledger_url, done)
        writers = [pool.submit(write_lines, ledger_url, n) for n in range(WRITERS)]
        for writer in writers:
            writer.result(60)
        done.set()
        seen = reader.result(20)
    ids = [line.outcome_id for line in seen]
    assert ids == sorted(set(ids))
    wanted = {f"{worker}-{n}" for worker in range(WRITERS) for n in range(LINES)}
    assert sorted(line.url_id for line in seen) == sorted(wanted)
