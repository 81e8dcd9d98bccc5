"""Whatever the cluster answers, the ledger says of the index what is true, then and afterwards."""

import pytest
from support_cluster import (
    HTML,
    broken_off,
    failing,
    lost_answer,
    obey,
    refusing,
    short,
    without_errors,
)
from support_newsroom import BAD, Newsroom

from pipeline.model import Status
from pipeline.urls import article_id
from pipeline.work import Scope

pytestmark = pytest.mark.timeout(60)

OTHERS = 20
MISFIT = ("document_parsing_exception", "failed to parse field [published_at] of type [date]")
BUSY = ("es_rejected_execution_exception", "rejected execution of coordinating operation")
SOME = [article_id(f"https://herald.example/{number}") for number in range(1, 8)]


@pytest.fixture
def room(tmp_path, cluster):
    made = Newsroom(tmp_path, cluster)
    for _ in range(OTHERS):
        made.another()
    yield made
    made.close()


def too_large(asked):
    """Take requests of a few documents."""
    if asked.size > 4_000:
        return asked.say(b"<html>413 Request Entity Too Large</html>", "413 x", [HTML])
    return obey(asked)


def larger_than_all(asked):
    """Take nothing with the bad one in it, however small."""
    if article_id(BAD) in asked.ids:
        return asked.say(b"", "413 x", [HTML])
    return obey(asked)


def a_page(asked):
    return asked.say(b"<html>Please log in</html>", headers=[HTML])


def newer(asked):
    """Hold all of them already, as after an answer that was lost."""
    asked.take()
    return asked.answer(asked.take())


def settle(room, cluster):
    """Let the cluster be well again, and work until nothing waits."""
    cluster.steps.clear()
    for _ in range(3):
        room.run()
        room.later(hours=12)


@pytest.mark.parametrize(
    "step",
    [
        failing("429 Too Many Requests", *BUSY),
        refusing(*SOME, status=429, why=BUSY),
        failing("502 Bad Gateway"),
        failing("503 Service Unavailable"),
        failing("504 Gateway Timeout"),
        refusing(*SOME, status=503, why=("unavailable_shards_exception", "not active")),
        refusing(*SOME, status=403, why=("cluster_block_exception", "read-only")),
        too_large,
        newer,
        short,
        without_errors,
        a_page,
        lost_answer,
        broken_off,
    ],
    ids=["429", "429 of items", "502", "503", "504", "503 of items", "403 of items", "413", "409",
         "short", "no errors", "page", "lost", "reset"],
)  # fmt: skip
def test_what_the_ledger_says_is_there_is_there_and_the_rest_follows(room, cluster, step):
    cluster.then(*[step] * 60)
    for _ in range(2):
        room.run()
        room.later(minutes=6)
        said = room.ledger.books(Scope()).indexed
        assert said.items() <= cluster.held.items()
    settle(room, cluster)
    books = room.ledger.books(Scope())
    assert cluster.held == books.indexed
    assert books.by_status == {Status.INDEXED: OTHERS + 1}


@pytest.mark.parametrize(
    ("step", "reason"),
    [(refusing(article_id(BAD), status=400, why=MISFIT), MISFIT[1]),
     (larger_than_all, "bytes are more than the cluster takes")],
    ids=["400", "413"],
)  # fmt: skip
def test_what_is_never_taken_dies_with_the_clusters_reason_and_harms_no_other(
    room, cluster, step, reason
):
    cluster.then(*[step] * 60)
    room.run()
    books = room.ledger.books(Scope())
    assert books.by_status == {Status.INDEXED: OTHERS, Status.DEAD: 1}
    assert cluster.held == books.indexed
    position, life = room.ledger.where(BAD)
    assert (position.status, position.reason) == (Status.DEAD, "document_refused")
    assert reason in life[-1].detail
