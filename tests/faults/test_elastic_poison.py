"""A document at which the cluster itself fails: a bounded number of tries, then a dead letter.

As long as nothing else is taken either, the cluster is to blame, and everything waits.
"""

import pytest
from support_cluster import ALIAS, items, results
from support_newsroom import BAD, Newsroom

from pipeline.adapters.elastic.events import ElasticEvents
from pipeline.errors import IndexUnavailable
from pipeline.events import deliver_events
from pipeline.index.event import events_of
from pipeline.model import Status
from pipeline.ports import IndexResult
from pipeline.urls import article_id
from pipeline.work import ReplaySelector

pytestmark = pytest.mark.timeout(60)

BUG = (500, "assertion_error", "a bug of theirs")
AWAY = (503, "unavailable_shards_exception", "primary shard is not active")
OK, RETRY, FAILED = IndexResult.OK, IndexResult.RETRY, IndexResult.FAILED


def poisoned(why, *ids):
    return lambda asked: asked.answer(asked.take(dict.fromkeys(ids, why)))


def test_what_fails_in_an_answer_that_took_others_is_the_items_own(cluster):
    cluster.then(*[poisoned(BUG, "p")] * 100)
    answers = cluster.writer(budget_s=0.5).write(ALIAS, items("a", "p", "b"))
    assert results(answers) == {"a": OK, "b": OK, "p": FAILED}
    assert answers["p"][1] == "500: assertion_error: a bug of theirs"
    assert len(cluster.bulks) > 1  # it had another chance


@pytest.mark.parametrize("why", [BUG, AWAY, (429, "es_rejected_execution_exception", "full")])
def test_a_cluster_that_fails_at_everything_is_away(cluster, why):
    cluster.then(*[poisoned(why, "a", "b", "p")] * 100)
    with pytest.raises(IndexUnavailable, match=why[1]):
        cluster.writer(budget_s=0.4).write(ALIAS, items("a", "p", "b"))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_part_of_the_cluster_that_is_away_is_no_items_fault(cluster, status):
    cluster.then(*[poisoned((status, "unavailable_shards_exception", "x"), "p")] * 100)
    answers = cluster.writer(budget_s=0.4).write(ALIAS, items("a", "p", "b"))
    assert results(answers) == {"a": OK, "b": OK, "p": RETRY}


def test_what_failed_once_and_is_taken_then_is_well(cluster):
    cluster.then(poisoned(BUG, "p"))
    answers = cluster.writer(sleep=lambda _: None).write(ALIAS, items("a", "p"))
    assert results(answers) == {"a": OK, "p": OK}


# ── over the whole trip ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def room(tmp_path, cluster):
    made = Newsroom(tmp_path, cluster)
    yield made
    made.close()


def always(cluster, why, *ids):
    """Let the cluster fail at these from now on."""
    cluster.steps.clear()
    cluster.then(*[poisoned(why, *ids)] * 500)


def test_it_dies_after_so_many_tries_and_comes_back_when_asked(room, cluster):
    always(cluster, BUG, article_id(BAD))
    for _ in range(room.doors.config.retry.max_tries):
        room.another()
        room.run()
        room.later(hours=12)
    assert room.statuses() == {Status.DEAD: 1, Status.INDEXED: room.others}
    stood = room.where(BAD)
    assert (stood.status, stood.reason) == (Status.DEAD, "document_failed")
    assert "assertion_error: a bug of theirs" in room.ledger.where(BAD)[1][-1].detail
    cluster.forget()
    again = ReplaySelector(reason="document_failed")
    assert room.ledger.replay(again, room.clock.now()) == 1
    room.run()
    assert room.statuses() == {Status.INDEXED: room.others + 1}


def test_it_may_wait_for_others_as_long_as_it_is_the_only_one(room, cluster):
    always(cluster, BUG, article_id(BAD))
    for _ in range(6):
        room.run()
        room.later(hours=12)
    assert room.statuses() == {Status.IN_FLIGHT: 1}


def test_an_outage_however_long_makes_no_dead_letter(room, cluster):
    for _ in range(3):
        room.another()
    all_of_them = [article_id(f"https://herald.example/{n}") for n in (1, 2, 3)]
    always(cluster, BUG, article_id(BAD), *all_of_them)
    for _ in range(6):
        room.run()
        room.later(hours=12)
    assert room.statuses() == {Status.IN_FLIGHT: 4}
    cluster.forget()
    room.run()
    assert room.statuses() == {Status.INDEXED: 4}


# ── events ────────────────────────────────────────────────────────────────────────────────────


def test_an_event_that_fails_twice_lets_the_others_pass(room, cluster):
    cluster.server.on("/news_events_write/_bulk", cluster._bulk)
    lines = room.ledger.outcomes_after(0, limit=100)
    first, bad, *_, last = (one.event_id for line in lines for one in events_of(line))
    always(cluster, BUG, bad)
    sink = ElasticEvents(room.index.cluster)
    once = deliver_events(room.ledger, sink)
    assert (once.waiting, once.refused, cluster.held.get(first)) == (True, 0, 1)
    twice = deliver_events(room.ledger, sink)
    assert (twice.waiting, twice.refused) == (False, 1)
    assert last in cluster.held
    assert bad not in cluster.held
    sink.close()
