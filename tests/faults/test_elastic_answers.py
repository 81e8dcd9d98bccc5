"""A cluster whose answer is short, garbled, lost or none: nothing is believed that is not said."""

import pytest
from support_cluster import (
    ALIAS,
    HTML,
    JSON,
    PRODUCT,
    ScriptedCluster,
    broken_off,
    items,
    lost_answer,
    results,
    sent,
    short,
    without_errors,
)

from pipeline.errors import IndexUnavailable
from pipeline.ports import IndexResult

OK, NEWER = IndexResult.OK, IndexResult.NEWER


def swapped(asked):
    return asked.answer(list(reversed(asked.take())))


def of_another(asked):
    return asked.answer([{"index": {"_id": "z", "status": 201}}] * len(asked.take()))


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
    assert set(results(cluster.writer().write(ALIAS, items("a", "b", "c")))) == {"a", "b", "c"}
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
