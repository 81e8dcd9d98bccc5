"""`/v1/changes`, over the embedded index and over Elasticsearch alike."""

from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection

import orjson
import pytest
from support_changes import doors_of, index_due, publish, take_back
from support_index import EVERY_ENGINE
from support_schema import check
from support_serve import client, listening, make_key, served, with_settings

from pipeline.changes.following import FOLLOWED
from pipeline.keys import KeyScope
from pipeline.serve.api.asked import Narrowed
from pipeline.serve.api.changes import MORE, NEXT
from pipeline.urls import article_id

A, B, C = (f"https://herald.example/{name}" for name in "abc")


@pytest.fixture(params=EVERY_ENGINE)
def opened(request, tmp_path):
    with served(tmp_path, request.param) as doors:
        yield doors


@pytest.fixture
def embedded(tmp_path):
    with served(tmp_path) as doors:
        yield doors


def ask(api, status=200, **query):
    answer = api.get("/v1/changes", params=query)
    assert answer.status_code == status, answer.text
    return answer


def lines(api, **query):
    return [check(orjson.loads(one), "change") for one in ask(api, **query).content.splitlines()]


def told(api, **query):
    return [
        (one["kind"], one["article_id"], one["document"] and one["document"]["text"])
        for one in lines(api, **query)
    ]


def test_articles_come_change_and_go(opened):
    doors, api = doors_of(opened), client(opened)
    publish(doors, A, "Patrols began.")
    publish(doors, B, "A bridge was closed.")
    assert told(api) == [
        ("insert", article_id(A), "Patrols began."),
        ("insert", article_id(B), "A bridge was closed."),
    ]
    after = lines(api)[-1]["token"]
    publish(doors, A, "Patrols began at dawn.")
    take_back(doors, B)
    assert told(api, after=after) == [
        ("update", article_id(A), "Patrols began at dawn."),
        ("retract", article_id(B), None),
    ]
    anew = told(api)  # whoever begins at 0 hears what the index holds now
    assert anew[0] == ("insert", article_id(A), "Patrols began at dawn.")
    assert anew[1] == ("retract", article_id(B), None)
    check(lines(api, after=after)[0]["document"])


def test_an_article_that_leaves_a_filter_is_retracted_in_it(opened):
    doors, api = doors_of(opened), client(opened)
    publish(doors, A, "Shells fell.", place="Kobani")
    publish(doors, B, "Ships left.", place="Mersin")
    assert told(api, place="Kobani") == [("insert", article_id(A), "Shells fell.")]
    after = ask(api, place="Kobani").headers[NEXT]
    publish(doors, A, "It was elsewhere.", place="Mersin")
    assert told(api, place="Kobani", after=after) == [("retract", article_id(A), None)]
    assert told(api, place=["Kobani", "Mersin"], after=after)[0][0] == "update"
    assert told(api, place="Mersin", outlet="courier") == []


def test_nothing_is_told_of_what_only_the_index_made_anew(opened):
    doors, api = doors_of(opened), client(opened)
    publish(doors, A, "Patrols began.")
    after = ask(api).headers[NEXT]
    index_due(doors)
    rebuilt = doors.index.start_rebuild()
    rebuilt.write([doors.index.find(article_id(A))], [])
    doors.index.finish_rebuild(rebuilt)
    assert told(api, after=after) == []


def test_pages_follow_each_other_and_say_whether_there_is_more(embedded):
    doors, api = doors_of(embedded), client(embedded)
    for number in range(7):
        publish(doors, f"https://herald.example/{number}", f"{number}.", place=f"P{number % 2}")
    seen, after, pages = [], "0", 0
    while True:
        page = ask(api, after=after, limit=3)
        seen += [orjson.loads(one)["seq"] for one in page.content.splitlines()]
        pages, after = pages + 1, page.headers[NEXT]
        if page.headers[MORE] == "false":
            break
    assert seen == list(range(1, 8))
    assert pages == 3
    assert ask(api, after=after).content == b""
    narrow = ask(api, place="P1", limit=2)
    assert [orjson.loads(one)["seq"] for one in narrow.content.splitlines()] == [2, 4]
    assert narrow.headers[MORE] == "true"
    nothing = ask(api, place="nowhere")
    assert (nothing.content, nothing.headers[MORE]) == (b"", "false")
    assert ask(api, after=nothing.headers[NEXT]).content == b""  # it need not be read again


def test_a_token_whose_lines_are_gone_says_how_to_begin_anew(embedded):
    doors, api = doors_of(embedded), client(embedded)
    publish(doors, A, "Patrols began.")
    first = ask(api).headers[NEXT]
    publish(doors, A, "Patrols began at dawn.")
    publish(doors, B, "A bridge was closed.")
    take_back(doors, A)
    embedded.ledger.trim_changes(doors.clock.now() + timedelta(days=1), limit=100)
    refused = ask(api, 410, after=first).json()
    assert refused["reason"] == "token_outdated"
    assert "after=0" in refused["detail"]
    assert told(api) == [("insert", article_id(B), "A bridge was closed.")]
    assert ask(api, 410, after="99").json()["reason"] == "token_outdated"
    assert ask(api, 400, after="nonsense").json()["reason"] == "bad_request"


def test_it_asks_for_a_key_with_the_scope(embedded):
    reader, follower = (make_key(embedded, scope, name=scope) for scope in (
        KeyScope.SEARCH, KeyScope.CHANGES))  # fmt: skip
    assert ask(client(embedded), 401).json()["reason"] == "unauthenticated"
    assert ask(client(embedded, reader), 403).json()["reason"] == "missing_scope"
    assert ask(client(embedded, follower)).content == b""


def test_filters_are_those_of_a_search():
    assert set(FOLLOWED) <= set(Narrowed.model_fields)


# ── as a stream ───────────────────────────────────────────────────────────────────────────────


def events(response, count):
    """Read so many events: (name, id, data)."""
    found, event = [], {}
    for raw in response:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            found.append((event["event"], event["id"], orjson.loads(event["data"])))
            event = {}
            if len(found) == count:
                return found
        else:
            event = {}
    return found


def stream_of(address, **headers):
    """Begin a stream; whoever asked closes the connection."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/v1/changes/stream", headers=headers)
    return closing(connection), connection.getresponse()


def test_a_stream_sends_what_is_there_and_what_comes_and_resumes(embedded):
    doors = doors_of(embedded)
    publish(doors, A, "Patrols began.")
    with listening(embedded) as address:
        open_one, stream = stream_of(address)
        with open_one:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            (first,) = events(stream, 1)
            publish(doors, B, "A bridge was closed.")
            (second,) = events(stream, 1)
        assert (first[0], first[2]["article_id"]) == ("insert", article_id(A))
        assert second[2]["document"]["text"] == "A bridge was closed."
        open_one, stream = stream_of(address, **{"Last-Event-ID": first[1]})
        with open_one:
            assert events(stream, 1) == [second]


def test_a_stream_that_cannot_begin_is_refused_like_any_request(embedded):
    api = client(embedded)
    assert api.get("/v1/changes/stream", params={"after": "99"}).status_code == 410
    assert api.get("/v1/changes/stream", params={"after": "no"}).status_code == 400


def test_no_more_streams_are_open_than_the_settings_allow(embedded):
    publish(doors_of(embedded), A, "Patrols began.")
    with listening(with_settings(embedded, streams=1)) as address:
        open_one, stream = stream_of(address)
        with open_one:
            events(stream, 1)
            open_second, refused = stream_of(address)
            with open_second:
                assert refused.status == 429
                assert orjson.loads(refused.read())["reason"] == "too_many_streams"
                assert int(refused.headers["Retry-After"]) > 0
