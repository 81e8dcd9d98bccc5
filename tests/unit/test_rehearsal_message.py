"""Conditional requests as RFC 9110 has them."""

import pytest
from rehearsal_samples import at

from pipeline.rehearsal.message import Answer, Request, conditional, http_date, validated

MODIFIED = at("2019-09-10T12:00")
FRESH = validated(Answer(200, (("Content-Type", "text/xml"),), b"<rss/>"), "strong", MODIFIED)
TAG = FRESH.header("etag")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-none-match": TAG}, 304),
        ({"if-none-match": f"W/{TAG}"}, 304),
        ({"if-none-match": f'"other", {TAG}'}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": http_date(MODIFIED)}, 200),
        ({"if-modified-since": http_date(MODIFIED)}, 304),
        ({"if-modified-since": "Tue, 10 Sep 2019 12:00:01 GMT"}, 304),
        ({"if-modified-since": "Tue, 10 Sep 2019 11:59:59 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Tue, 10 Sep 2019 12:00:00 -0000"}, 200),
    ],
)
def test_a_304_needs_matching_validators_and_the_etag_goes_first(headers, status):
    answer = conditional(FRESH, Request("h", "/", "", headers))
    assert answer.status == status
    assert answer.header("etag") == TAG
    assert answer.body == (b"" if status == 304 else FRESH.body)


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ("strong", {"ETag", "Last-Modified"}),
        ("weak", {"ETag"}),
        ("modified", {"Last-Modified"}),
        ("none", set()),
    ],
)
def test_servers_send_the_validators_they_know(how, names):
    answer = validated(Answer(200, (), b"x"), how, MODIFIED)
    assert {name for name, _ in answer.headers} == names
    assert (answer.header("etag") or "W/").startswith("W/") == (how != "strong")
