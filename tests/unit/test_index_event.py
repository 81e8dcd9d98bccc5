"""From a line of the ledger's outcomes to the events that dashboards count."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import orjson
import pytest

from pipeline.index.event import (
    EVENT_FIELDS,
    FEED_FACTS,
    FirstIndexed,
    RecordedOutcome,
    ends_first,
    events_of,
)
from pipeline.index.json_schema import event_json_schema
from pipeline.index.json_schema import render as render_schema
from pipeline.index.mapping import events_template, render
from pipeline.index.schema import Kind
from pipeline.model import DateClaim, Result, Stage
from pipeline.work import FeedState, Outcome

AT = datetime(2019, 9, 10, 8, 5, tzinfo=UTC)
FETCH = RecordedOutcome(
    outcome_id=7,
    outcome=Outcome(Stage.FETCH, Result.RETRY, AT, "http_503", "HTTP 503", 2),
    run_id="run-1",
    feed_id="post-world",
    outlet="post",
    url_id="u1",
    article_id="a1",
    url="https://post.example/patrol",
)
POLL = replace(
    FETCH,
    outcome=Outcome(Stage.POLL, Result.OK, AT),
    url_id=None,
    article_id=None,
    url="https://post.example/world.xml",
    counts={"listed": 20, "new": 3, "changed": 0, "known": 17, "dropped": 0, "merged": 1},
    feed_facts={"health": "ok", "interval_s": 900.5, "overlap": 0.85, "gaps": 0},
)
INDEXED = replace(FETCH, outcome=Outcome(Stage.INDEX, Result.OK, AT))


def first(published_at=None, *, precision="minute"):
    claim = DateClaim(published_at, precision, "og") if published_at else None
    return replace(INDEXED, first_indexed=FirstIndexed(AT - timedelta(seconds=42.5), claim))


def freshness(line):
    (_, event) = events_of(line)
    assert event.body["kind"] == "freshness"
    return event.body


def is_valid(event):
    schema = jsonschema.Draft202012Validator(event_json_schema())
    return list(schema.iter_errors(orjson.loads(orjson.dumps(event.body)))) == []


def test_an_outcome_says_who_what_and_why():
    (event,) = events_of(FETCH)
    assert event.body == {
        "kind": "outcome",
        "at": "2019-09-10T08:05:00Z",
        "stage": "fetch",
        "result": "retry",
        "reason": "http_503",
        "detail": "HTTP 503",
        "attempt": 2,
        "run_id": "run-1",
        "feed_id": "post-world",
        "outlet": "post",
        "url_id": "u1",
        "article_id": "a1",
        "url": "https://post.example/patrol",
    }


def test_a_poll_says_what_it_taught_about_the_feed():
    (event,) = events_of(POLL)
    told = {name: event.body[name] for name in ("listed", "new", "known", *FEED_FACTS)}
    assert event.body["kind"] == "poll"
    assert told == {"listed": 20, "new": 3, "known": 17, "health": "ok", "interval_s": 900.5,
                    "overlap": 0.85, "gaps": 0}  # fmt: skip


def test_the_end_of_a_url_at_a_poll_is_an_outcome_and_no_poll():
    ended = Outcome(Stage.POLL, Result.DROPPED, AT, "bad_link")
    (event,) = events_of(replace(FETCH, outcome=ended))
    assert event.body["kind"] == "outcome"
    assert "listed" not in event.body


def test_what_can_first_be_found_is_two_events():
    body = freshness(first(AT - timedelta(minutes=10)))
    assert body["seen_to_searchable_s"] == 42.5
    assert body["published_to_searchable_s"] == 600.0
    assert body["published_at"] == "2019-09-10T07:55:00Z"
    assert body["indexed_at"] == body["at"]
    assert [event.body["kind"] for event in events_of(first())] == ["outcome", "freshness"]


@pytest.mark.parametrize(
    "line",
    [first(), first(AT - timedelta(hours=8), precision="day"), first(AT + timedelta(hours=1))],
    ids=["no claim", "a day only", "still to come"],
)
def test_no_time_since_publication_is_invented(line):
    assert "published_to_searchable_s" not in freshness(line)
    assert freshness(line)["seen_to_searchable_s"] == 42.5


def test_only_an_acknowledged_write_can_be_the_first():
    assert ends_first("index", "ok")
    assert not ends_first("index", "retry")
    assert not ends_first("extract", "ok")


def test_a_line_gives_the_same_ids_every_time_and_no_two_lines_share_one():
    lines = [
        FETCH, POLL, first(AT), replace(FETCH, outcome_id=8), replace(FETCH, run_id="run-2"),
        replace(FETCH, outcome=replace(FETCH.outcome, at=AT + timedelta(seconds=1))),
    ]  # fmt: skip
    ids = [event.event_id for line in lines for event in events_of(line)]
    assert len(set(ids)) == len(ids) == 7
    assert ids == [event.event_id for line in lines for event in events_of(line)]


def test_times_are_utc_whatever_their_zone():
    moved = replace(FETCH.outcome, at=AT.astimezone(timezone(timedelta(hours=3))))
    assert events_of(replace(FETCH, outcome=moved)) == events_of(FETCH)


@pytest.mark.parametrize("line", [FETCH, POLL, first(), first(AT)])
def test_every_event_keeps_to_the_published_schema(line):
    long = replace(line, url="https://post.example/" + "x" * 5_000)
    assert all(is_valid(event) for event in events_of(long))


def test_the_fields_of_a_poll_are_those_of_a_feeds_state():
    assert set(FEED_FACTS) < set(FeedState.__dataclass_fields__)


def test_the_mapping_takes_no_other_field_and_can_count_by_all():
    mappings = events_template()["template"]["mappings"]
    assert mappings["dynamic"] == "strict"
    assert set(mappings["properties"]) == {field.name for field in EVENT_FIELDS}
    kinds = {field.kind for field in EVENT_FIELDS}
    assert kinds == {Kind.KEYWORD, Kind.DATE, Kind.NUMBER}


def test_the_files_for_elasticsearch_and_docs_are_the_generated_ones(root):
    template = (root / "config/elasticsearch/news-events-template.json").read_text("utf-8")
    assert template == render(events_template()), (
        "run: python -m pipeline.index.mapping events > config/elasticsearch/"
        "news-events-template.json"
    )
    schema = (root / "docs/event.schema.json").read_text("utf-8")
    assert schema == render_schema(event_json_schema()), (
        "run: python -m pipeline.index.json_schema event > docs/event.schema.json"
    )
