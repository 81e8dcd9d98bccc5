"""A cluster that turns requests or items away: each item ends once, and truly."""

import pytest
from support_cluster import (
    ALIAS,
    HTML,
    failing,
    items,
    obey,
    refusing,
    results,
    sent,
)

from pipeline.errors import AccessDenied, IndexUnavailable
from pipeline.index import bulk
from pipeline.ports import IndexResult

OK, NEWER, REFUSED, RETRY, FAILED = (
    IndexResult.OK,
    IndexResult.NEWER,
    IndexResult.REFUSED,
    IndexResult.RETRY,
    IndexResult.FAILED,
)
A_B_C = {"a": OK, "b": OK, "c": OK}


# ── the whole request is turned away ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "status",
    [
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "408 Request Timeout",
    ],
)
def test_a_request_that_is_turned_away_is_sent_again_until_it_is_taken(
    cluster, writer, waits, status
):
    cluster.then(failing(status), failing(status))
    assert results(writer.write(ALIAS, items("a", "b", "c"))) == A_B_C
    assert sent(cluster) == [["a", "b", "c"]] * 3
    assert len(waits) == 2


def test_a_proxy_that_answers_for_the_cluster_is_believed_no_further(cluster, writer):
    page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    cluster.then(
        lambda asked: asked.say(page, "502 Bad Gateway", [HTML]),
        lambda asked: asked.say(page, "503 Service Unavailable", [("Content-Type", "x/y; =")]),
    )
    assert results(writer.write(ALIAS, items("a"))) == {"a": OK}


def test_waits_grow_and_differ(cluster, writer, waits):
    cluster.then(*[failing("429 Too Many Requests")] * 7)
    writer.write(ALIAS, items("a"))
    for nominal, waited in zip((0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0), waits, strict=True):
        assert nominal * 0.5 <= waited <= nominal * 1.5
    again = []
    cluster.then(*[failing("429 Too Many Requests")] * 7)
    cluster.writer(sleep=again.append).write(ALIAS, items("b"))
    assert waits != again


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_key_that_may_not_write_is_said_at_once(cluster, writer, waits, status):
    reason = "action [indices:data/write/bulk] is unauthorized for API key id [x]"
    cluster.then(failing(status, "security_exception", reason))
    with pytest.raises(AccessDenied, match="does not allow to write to news_write: security_exc"):
        writer.write(ALIAS, items("a", "b"))
    assert (len(cluster.bulks), waits) == (1, [])


def test_a_key_that_may_not_write_to_this_index_is_said_at_once(cluster, writer, waits):
    """Elasticsearch answers 200, and so to each item, when the key may write to another one."""
    cluster.then(refusing("a", "b", status=403, why=("security_exception", "unauthorized")))
    with pytest.raises(AccessDenied, match="does not allow to write to news_write: security_exc"):
        writer.write(ALIAS, items("a", "b"))
    assert (len(cluster.bulks), waits) == (1, [])


def test_what_was_written_before_a_key_ran_out_is_acknowledged(cluster, writer):
    cluster.then(obey, failing("401 Unauthorized", "security_exception", "expired"))
    written = items(*(f"a{n}" for n in range(bulk.MAX_BATCH_ITEMS + 2)))
    answers = writer.write(ALIAS, written)
    assert results(answers) == {
        **dict.fromkeys(cluster.bulks[0].ids, OK),
        **dict.fromkeys(cluster.bulks[1].ids, RETRY),
    }
    assert "expired" in answers["a500"][1]
    assert set(cluster.held) == set(cluster.bulks[0].ids)


def test_an_answer_that_we_have_no_word_for_is_a_bug_and_not_an_outage(cluster, writer):
    cluster.then(failing("400 Bad Request", "parsing_exception", "request body"))
    with pytest.raises(Exception, match="parsing_exception"):
        writer.write(ALIAS, items("a"))


# ── single items ──────────────────────────────────────────────────────────────────────────────


def test_only_items_that_were_turned_away_are_sent_again(cluster, writer, waits):
    busy = ("es_rejected_execution_exception", "rejected execution of coordinating operation")
    cluster.then(
        refusing("b", "d", status=429, why=busy),
        refusing("d", status=503),
    )
    written = items("a", "b", "c", "d")
    assert results(writer.write(ALIAS, written)) == {**A_B_C, "d": OK}
    assert sent(cluster) == [["a", "b", "c", "d"], ["b", "d"], ["d"]]
    assert len(waits) == 2
    assert cluster.held == dict.fromkeys("abcd", 1)


def test_one_bad_document_of_five_hundred_harms_only_itself(cluster, writer, waits):
    ids = [f"a{n}" for n in range(500)]
    why = ("document_parsing_exception", "failed to parse field [published_at] of type [date]")
    cluster.then(refusing("a321", status=400, why=why))
    answers = writer.write(ALIAS, items(*ids))
    assert results(answers) == {**dict.fromkeys(ids, OK), "a321": REFUSED}
    assert answers["a321"][1] == ": ".join(why)
    assert (len(cluster.bulks), waits) == (1, [])
    assert len(cluster.held) == 499


def test_a_version_conflict_is_a_success(cluster, writer):
    writer.write(ALIAS, items("a", version=3))
    answers = writer.write(ALIAS, [*items("a", version=3), *items("b", version=1)])
    assert results(answers) == {"a": NEWER, "b": OK}
    assert results(writer.write(ALIAS, items("a", version=2))) == {"a": NEWER}
    assert cluster.held == {"a": 3, "b": 1}
    again = items("a", version=3, replace_equal=True)
    assert results(writer.write(ALIAS, again)) == {"a": OK}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, "cluster_block_exception"), (429, "cluster_block_exception"),
     (404, "index_not_found_exception"), (400, "index_closed_exception")],
)  # fmt: skip
def test_an_index_that_takes_nothing_keeps_documents_waiting_and_refuses_none(
    cluster, status, kind
):
    cluster.then(*[refusing("a", "b", status=status, why=(kind, "blocked"))] * 100)
    with pytest.raises(IndexUnavailable, match=f"write to news_write now: {status}: {kind}"):
        cluster.writer(budget_s=0.3).write(ALIAS, items("a", "b"))
    cluster.forget()
    assert results(cluster.writer().write(ALIAS, items("a", "b"))) == {"a": OK, "b": OK}


def test_an_item_that_is_never_taken_does_not_keep_the_rest_waiting(cluster):
    def poisoned(asked):
        return asked.answer(asked.take({"p": (500, "assertion_error", "a bug of theirs")}))

    cluster.then(*[poisoned] * 100)
    wide = [*items("p", letters=80_000), *items(*"abcdefgh", letters=60_000)]
    writer = cluster.writer(budget_s=1.0)
    writer._batch_bytes = 130_000
    answers = writer.write(ALIAS, wide)
    assert results(answers) == {**dict.fromkeys("abcdefgh", OK), "p": RETRY}
    assert answers["p"][1] == "500: assertion_error: a bug of theirs"


# ── sizes ─────────────────────────────────────────────────────────────────────────────────────


def at_most(size):
    def step(asked):
        if asked.size > size:
            return asked.say(b"<html>413 Request Entity Too Large</html>", "413 x", [HTML])
        return obey(asked)

    return step


def test_a_request_that_is_too_large_is_halved_until_it_is_taken(cluster, writer, waits):
    cluster.then(*[at_most(30_000)] * 50)
    written = items(*"abcdefgh", letters=10_000)
    assert results(writer.write(ALIAS, written)) == dict.fromkeys("abcdefgh", OK)
    taken = [asked.ids for asked in cluster.bulks if asked.size <= 30_000]
    assert taken == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]
    assert len(cluster.bulks) == 7
    assert waits == []


def test_one_document_that_is_too_large_is_refused_with_its_size(cluster, writer):
    cluster.then(*[at_most(30_000)] * 50)
    written = [*items("a", letters=10), *items("big", letters=40_000), *items("b", letters=10)]
    answers = writer.write(ALIAS, written)
    assert results(answers) == {"a": OK, "big": REFUSED, "b": OK}
    assert answers["big"][1] == f"{len(written[1].lines)} bytes are more than the cluster takes"
    assert cluster.held == {"a": 1, "b": 1}


def test_a_call_is_cut_into_requests_of_five_megabytes(cluster, writer):
    written = items(*"abcdefgh", letters=1_500_000)
    assert set(results(writer.write(ALIAS, written)).values()) == {OK}
    assert sent(cluster) == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
