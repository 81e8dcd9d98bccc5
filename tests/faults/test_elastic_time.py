"""A cluster that is slow, late or silent: a call ends within its budget, and what is left waits."""

import socket
import time
from contextlib import suppress

import pytest
from support_cluster import (
    ALIAS,
    broken_off,
    failing,
    items,
    obey,
    refusing,
    results,
    short,
    silent,
    without_errors,
)

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.writer import BulkWriter
from pipeline.config import IndexSettings
from pipeline.errors import IndexUnavailable
from pipeline.index import bulk
from pipeline.ports import IndexResult

OK, NEWER, RETRY = IndexResult.OK, IndexResult.NEWER, IndexResult.RETRY
BUDGET_S = 0.6
LIMIT_S = BUDGET_S * 1.5 + 1.0  # and what a busy machine adds


def late(seconds):
    def step(asked):
        deadline = time.monotonic() + seconds
        while asked.connection.open and time.monotonic() < deadline:
            time.sleep(0.01)
        return obey(asked)

    return step


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(silent, id="silent"),
        pytest.param(late(10), id="10 s late"),
        pytest.param(failing("503 Service Unavailable"), id="503"),
        pytest.param(broken_off, id="broken off"),
        pytest.param(refusing("a", "b", "c", status=429), id="items 429"),
        pytest.param(without_errors, id="no answer"),
    ],
)
def test_a_call_never_takes_longer_than_its_budget_and_half_of_it(cluster, step):
    cluster.then(*[step] * 500)
    started = time.monotonic()
    with pytest.raises(IndexUnavailable, match="news_write"):
        cluster.writer(budget_s=BUDGET_S).write(ALIAS, items("a", "b", "c"))
    assert time.monotonic() - started < LIMIT_S


def test_a_cluster_that_names_one_item_in_each_answer_ends_in_time_too(cluster):
    cluster.then(*[short] * 500)
    started = time.monotonic()
    answers = cluster.writer(budget_s=BUDGET_S).write(ALIAS, items(*(f"a{n}" for n in range(400))))
    assert time.monotonic() - started < LIMIT_S
    assert set(results(answers).values()) == {OK, NEWER, RETRY}


def test_a_cluster_that_is_late_has_taken_what_it_was_sent(cluster):
    """Its answer comes when nobody listens any more; the next call finds everything there."""
    cluster.then(late(BUDGET_S * 2))
    with pytest.raises(IndexUnavailable, match="no answer in time"):
        cluster.writer(budget_s=BUDGET_S).write(ALIAS, items("a", "b"))
    deadline = time.monotonic() + 10
    while not cluster.held and time.monotonic() < deadline:
        time.sleep(0.01)
    answers = cluster.writer().write(ALIAS, items("a", "b"))
    assert results(answers) == {"a": NEWER, "b": NEWER}


def test_where_nobody_listens_the_call_ends_within_its_budget():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = IndexSettings(kind="elasticsearch", url=f"http://127.0.0.1:{port}")
    with connect(settings, None) as client:
        writer = BulkWriter(lambda: client, settings.url, budget_s=BUDGET_S)
        started = time.monotonic()
        with pytest.raises(
            IndexUnavailable, match=r"cannot write to news_write: .*refused"
        ) as caught:
            writer.write(ALIAS, items("a"))
    assert settings.url in str(caught.value)
    assert "NEWSLINE_INDEX__URL" in str(caught.value)
    assert time.monotonic() - started < LIMIT_S


def test_a_line_that_is_slow_is_sent_less_at_a_time_until_it_gets_through(cluster):
    """About 1 MB a second: what takes longer than the budget is cut smaller."""

    def slow(asked):
        return late(asked.size / 1_000_000)(asked)

    cluster.then(*[slow] * 1000)
    writer = cluster.writer(budget_s=BUDGET_S)
    waiting = {f"a{n}" for n in range(100)}
    for _ in range(12):
        started = time.monotonic()
        with suppress(IndexUnavailable):
            answers = writer.write(ALIAS, items(*sorted(waiting), letters=20_000))
            waiting -= {one for one, result in results(answers).items() if result is not RETRY}
        assert time.monotonic() - started < LIMIT_S
    assert not waiting
    assert set(cluster.held) == {f"a{n}" for n in range(100)}
    assert min(asked.size for asked in cluster.bulks) < 200_000


def test_a_call_that_gets_on_but_slowly_leaves_the_rest_for_later(cluster):
    cluster.then(*[late(BUDGET_S / 4)] * 100)
    writer = cluster.writer(budget_s=BUDGET_S)
    writer._batch_bytes = 10_000
    started = time.monotonic()
    answers = writer.write(ALIAS, items(*(f"a{n}" for n in range(50)), letters=8_000))
    assert time.monotonic() - started < LIMIT_S
    assert {result for result, _ in answers.values()} == {OK, RETRY}
    assert {one for one, result in results(answers).items() if result is OK} == set(cluster.held)
    assert answers["a49"][1].endswith("it takes too long")


def test_after_an_outage_requests_grow_again(cluster, writer):
    cluster.then(*[failing("503 Service Unavailable")] * 4)
    written = items(*(f"a{n}" for n in range(400)), letters=3_000)
    writer.write(ALIAS, written)
    assert max(asked.size for asked in cluster.bulks[-3:]) < 100_000
    writer.write(ALIAS, written)
    assert len(cluster.bulks[-1].ids) == 400


def test_a_large_call_has_a_budget_for_each_lot(cluster):
    """A rebuild writes thousands in one call: that takes longer than a lane may."""
    cluster.then(*[late(BUDGET_S / 4)] * 6)  # in all longer than one budget
    written = items(*(f"a{n}" for n in range(6 * bulk.MAX_BATCH_ITEMS)))
    started = time.monotonic()
    answers = cluster.writer(budget_s=BUDGET_S).write(ALIAS, written)
    assert set(results(answers).values()) == {OK}
    assert time.monotonic() - started > BUDGET_S


def test_nothing_to_write_asks_nobody(cluster, writer):
    assert writer.write(ALIAS, []) == {}
    assert cluster.bulks == []
