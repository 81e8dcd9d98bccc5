"""A cluster that answers a bulk request with anything: each item ends once, and truly."""

import socket
import time
from contextlib import suppress

import pytest
from support_cluster import (
    ALIAS,
    HTML,
    JSON,
    PRODUCT,
    ScriptedCluster,
    broken_off,
    failing,
    items,
    lost_answer,
    obey,
    refusing,
    silent,
)

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.writer import BulkWriter
from pipeline.config import IndexSettings
from pipeline.errors import AccessDenied, IndexUnavailable
from pipeline.index import bulk
from pipeline.ports import IndexResult

OK, NEWER, REFUSED, RETRY = (
    IndexResult.OK,
    IndexResult.NEWER,
    IndexResult.REFUSED,
    IndexResult.RETRY,
)
A_B_C = {"a": OK, "b": OK, "c": OK}


@pytest.fixture(scope="module")
def running():
    with ScriptedCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(running):
    running.forget()
    return running


@pytest.fixture
def waits():
    """The waits between attempts; they take no time."""
    return []


@pytest.fixture
def writer(cluster, waits):
    return cluster.writer(sleep=waits.append)


def results(answers):
    return {article_id: result for article_id, (result, _) in answers.items()}


def sent(cluster):
    """What each request asked for."""
    return [asked.ids for asked in cluster.bulks]


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


# ── answers that are none ─────────────────────────────────────────────────────────────────────


def short(asked):
    return asked.answer(asked.take()[:1])


def swapped(asked):
    return asked.answer(list(reversed(asked.take())))


def of_another(asked):
    return asked.answer([{"index": {"_id": "z", "status": 201}}] * len(asked.take()))


def without_errors(asked):
    return asked.say(b'{"took":1,"items":[{"index":{"_id":"a","status":201}}]}')


def a_page(asked):
    return asked.say(b"<html>Please log in</html>", headers=[PRODUCT, HTML])


def a_page_that_claims_to_be_json(asked):
    return asked.say(b"<html>Please log in</html>")


def truncated(asked):
    asked.say(b'{"errors":false,"items":[{"index":{"_id":"a","status":201}},{"index":{"_i')


def cut_short(asked):
    asked.connection.send(b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\n")
    asked.connection.send(b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{")


def nothing(asked):
    return asked.say(b"")


def no_http(asked):
    asked.connection.send(b"SSH-2.0-OpenSSH_9.2p1\r\n")


def not_text(asked):
    return asked.say(b"\xff\xfe\x00", headers=[PRODUCT, HTML])


def unknown_type(asked):
    return asked.say(b"a,b", headers=[PRODUCT, ("Content-Type", "text/csv; header=present")])


NO_ANSWERS = [
    swapped, of_another, without_errors, a_page, a_page_that_claims_to_be_json, truncated,
    cut_short, nothing, no_http, not_text, unknown_type, broken_off,
]  # fmt: skip


def test_items_that_the_answer_leaves_out_are_sent_again(cluster, writer):
    cluster.then(short)
    assert results(writer.write(ALIAS, items("a", "b", "c"))) == {"a": OK, "b": NEWER, "c": NEWER}
    assert sent(cluster) == [["a", "b", "c"], ["b", "c"]]


@pytest.mark.parametrize("step", NO_ANSWERS, ids=lambda step: step.__name__)
def test_what_is_no_answer_acknowledges_nothing(cluster, step):
    obey_first = cluster.writer()
    obey_first.write(ALIAS, items("before"))  # the client has seen that it is Elasticsearch
    cluster.then(*[step] * 100)
    with pytest.raises(IndexUnavailable, match="news_write"):
        cluster.writer(budget_s=0.3).write(ALIAS, items("a", "b", "c"))
    cluster.steps.clear()
    cluster.then(step)
    assert set(results(cluster.writer().write(ALIAS, items("a", "b", "c")))) == set(A_B_C)
    assert cluster.held == {"before": 1, "a": 1, "b": 1, "c": 1}


def test_another_product_is_not_believed():
    with ScriptedCluster() as other:
        other.then(*[lambda asked: asked.say(b'{"errors":false,"items":[]}', headers=[JSON])] * 99)
        with pytest.raises(IndexUnavailable, match="is not Elasticsearch"):
            other.writer(budget_s=0.3).write(ALIAS, items("a"))


def test_a_lost_answer_does_no_harm(cluster, writer):
    cluster.then(lost_answer)
    assert results(writer.write(ALIAS, items("a", "b", "c"))) == dict.fromkeys("abc", NEWER)
    assert sent(cluster) == [["a", "b", "c"]] * 2
    assert cluster.held == dict.fromkeys("abc", 1)


# ── time ──────────────────────────────────────────────────────────────────────────────────────

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
        with pytest.raises(IndexUnavailable, match=r"cannot write to news_write: .*refused") as caught:
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
    cluster.then(*[late(BUDGET_S / 2)] * 6)
    written = items(*(f"a{n}" for n in range(6 * bulk.MAX_BATCH_ITEMS)))
    started = time.monotonic()
    answers = cluster.writer(budget_s=BUDGET_S).write(ALIAS, written)
    assert set(results(answers).values()) == {OK}
    assert time.monotonic() - started > BUDGET_S


def test_nothing_to_write_asks_nobody(cluster, writer):
    assert writer.write(ALIAS, []) == {}
    assert cluster.bulks == []
