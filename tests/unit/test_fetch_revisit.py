"""The table in pipeline/fetch/decide.py, row by row: articles that are in the index."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import RetrySettings
from pipeline.fetch.decide import decide_fetch, revisit_delay
from pipeline.fetch.reasons import PERMANENT, TRANSIENT, failure
from pipeline.model import ArchivePlace, Hop, Page, Result, Stage, Status
from pipeline.work import DuePage

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://outlet.test/world/safe-zone"
BODY = b"<html><p>text"
SHA = hashlib.sha256(BODY).hexdigest()
DUE = DuePage(
    url_id="u", url=URL, feed_id="f", publisher="p", tries=0, article_id="a" * 32, etag='"1"',
    sha256=SHA, status=Status.INDEXED,
)  # fmt: skip


def page(status=200, body=BODY, headers=(), final_url=URL, hops=()):
    return Page(URL, final_url, status, headers, body, body, (), NOW, 0.1, tuple(hops))


def decide(answer, place=None, now=NOW, **changes):
    due = replace(DUE, **changes)
    return decide_fetch(due, answer, place, now, RetrySettings(), has_feed_text=True)


def test_revisits_come_after_an_hour_six_a_day_and_a_week():
    at_hours = []
    passed_s = 0.0
    for revisits in range(10):
        delay_s = revisit_delay(revisits)
        if delay_s is None:
            break
        passed_s += delay_s
        at_hours.append(passed_s / 3600)
    assert at_hours == [1, 6, 24, 168]


@pytest.mark.parametrize("answer", [page(304, b""), page(200)])
def test_the_same_page_is_unchanged_and_the_next_visit_planned(answer):
    result = decide(answer, revisits=1)
    assert (result.outcome.result, result.status) == (Result.UNCHANGED, None)
    assert (result.next_stage, result.next_at) == (Stage.FETCH, NOW + timedelta(hours=18))
    assert (result.revisits, result.article_id, result.page) == (2, DUE.article_id, None)


def test_after_the_last_visit_nothing_is_left_to_do():
    result = decide(page(304, b""), revisits=3)
    assert (result.outcome.result, result.next_stage, result.next_at) == (
        Result.UNCHANGED,
        None,
        None,
    )
    assert result.revisits == 4


def test_a_changed_page_goes_on_under_its_old_identity():
    moved = "https://outlet.test/world/safe-zone-agreed"
    place = ArchivePlace("s", 1, 2, "other")
    answer = page(200, b"<html><p>new", final_url=moved, hops=[Hop(URL, 301, moved)])
    result = decide(answer, place)
    assert (result.outcome.result, result.next_stage, result.status) == (
        Result.OK,
        Stage.EXTRACT,
        None,
    )
    assert (result.article_id, result.revisits) == (DUE.article_id, 1)
    assert (result.page.place, result.page.final_url) == (place, moved)


FAILURES = [
    *[failure(reason) for reason in sorted((TRANSIENT.keys() | PERMANENT.keys()) - {"host_busy"})],
    *[page(status) for status in (300, 401, 403, 429, 451, 500, 503)],
    page(200, b"%PDF-1.7"),
    page(final_url="https://outlet.test/", hops=[Hop(URL, 302, "/")]),
]


@pytest.mark.parametrize("answer", FAILURES, ids=lambda answer: getattr(answer, "reason", None))
@pytest.mark.parametrize("revisits", [0, 3])
def test_a_failing_visit_never_changes_the_books(answer, revisits):
    result = decide(answer, revisits=revisits)
    assert result.status is None
    assert not result.retract
    assert result.outcome.reason
    assert result.revisits == revisits + 1
    if revisits == 0:
        assert result.outcome.result is Result.RETRY
        assert (result.next_stage, result.next_at) == (Stage.FETCH, NOW + timedelta(hours=5))
    else:
        assert result.outcome.result is Result.UNCHANGED
        assert (result.next_stage, result.next_at) == (None, None)


def test_a_busy_host_uses_up_no_visit():
    result = decide(failure("host_busy"), revisits=1, gone_since=NOW - DAY)
    assert (result.revisits, result.next_at) == (1, NOW + timedelta(seconds=30))
    assert result.gone_since == NOW - DAY


@pytest.mark.parametrize("status", [404, 410])
def test_gone_once_is_asked_again_a_day_later_gone_twice_is_taken_out(status):
    first = decide(page(status), revisits=2)
    assert (first.outcome.result, first.outcome.reason) == (Result.RETRY, f"http_{status}")
    assert (first.gone_since, first.next_at) == (NOW, NOW + timedelta(hours=25))
    assert (first.next_stage, first.status, first.retract, first.revisits) == (
        Stage.FETCH,
        None,
        False,
        2,
    )
    second = decide(page(status), now=NOW + timedelta(hours=25), gone_since=first.gone_since)
    assert (second.next_stage, second.retract, second.status) == (Stage.INDEX, True, None)
    assert second.outcome.result is Result.RETRACTED


def test_gone_twice_within_a_day_does_not_count():
    result = decide(page(404), now=NOW + timedelta(hours=12), gone_since=NOW)
    assert not result.retract
    assert (result.gone_since, result.next_at) == (NOW, NOW + timedelta(hours=25))


@pytest.mark.parametrize("answer", [page(200), page(304, b""), page(200, b"<html><p>other")])
def test_a_page_that_is_back_is_not_gone(answer):
    result = decide(answer, gone_since=NOW - DAY)
    assert (result.gone_since, result.retract) == (None, False)


def test_another_failure_in_between_keeps_the_question_open_for_a_week():
    result = decide(page(503), gone_since=NOW - 2 * DAY)
    assert (result.gone_since, result.retract) == (NOW - 2 * DAY, False)
    assert result.next_at == NOW + timedelta(hours=6)
    given_up = decide(page(503), gone_since=NOW - 8 * DAY)
    assert given_up.gone_since is None
    assert given_up.next_at == NOW + timedelta(hours=5)


@given(st.integers(200, 599), st.integers(0, 5), st.none() | st.integers(0, 30))
def test_only_a_page_gone_for_a_day_is_ever_taken_out(status, revisits, gone_days):
    since = None if gone_days is None else NOW - gone_days * DAY
    result = decide(page(status), revisits=revisits, gone_since=since)
    assert result.status is None
    assert result.retract == (status in (404, 410) and gone_days is not None and gone_days >= 1)
    assert (result.next_stage is None) == (result.next_at is None)
    assert result.next_at is None or result.next_at >= NOW
