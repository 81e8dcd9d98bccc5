"""A stage gone through again for a part of the past: some at a time, and only what is left."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support_ledger import (
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    extracted,
    failed,
    fetched,
    publish,
    where,
    works,
)

from pipeline.care import Walk
from pipeline.model import Stage, Status
from pipeline.work import Backfill

URLS = [f"https://herald.example/{name}" for name in "abc"]
A, B, C = URLS
DAY = timedelta(days=1)
LATER = NOW + 30 * DAY
AGAIN = Backfill(Stage.EXTRACT)


@pytest.fixture
def published(ledger):
    for number, url in enumerate(URLS):
        publish(ledger, url, at=NOW + number * DAY, text=f"text of {url}")
    return ledger


def begin(ledger, backfill=AGAIN, *, now=LATER):
    return ledger.begin_backfill(backfill, actor="anna", now=now)


def test_it_makes_some_due_at_a_time_oldest_first_and_none_twice(published):
    begun_at = begin(published)
    assert published.backfill_left(AGAIN, begun_at) == 3
    assert published.backfill_batch(AGAIN, begun_at, LATER, limit=2) == 2
    assert [work.url for work in works(published, Stage.EXTRACT, LATER)] == [A, B]
    assert published.backfill_left(AGAIN, begun_at) == 1  # what is due is done by somebody
    commit_step(published, Stage.EXTRACT, *(extracted(url, LATER) for url in (A, B)))
    assert published.backfill_batch(AGAIN, begun_at, LATER, limit=2) == 1
    commit_step(published, Stage.EXTRACT, extracted(C, LATER))
    assert published.backfill_left(AGAIN, begun_at) == 0
    assert where(published, A).status is Status.INDEXED


def test_what_is_begun_again_goes_on_until_it_has_ended(published):
    begun_at = begin(published)
    assert begin(published, now=LATER + DAY) == begun_at
    assert begin(published, replace(AGAIN, stage=Stage.ENRICH), now=LATER + DAY) == LATER + DAY
    published.end_backfill(AGAIN, actor="anna", now=LATER + DAY)
    assert begin(published, now=LATER + 2 * DAY) == LATER + 2 * DAY
    told = [(one.action, one.actor, one.subject, one.items) for one in published.actions(limit=9)]
    assert told[-1] == ("backfill", "anna", "stage extract", 3)
    assert told[1] == ("backfill ended", "anna", "stage extract", 0)


def test_it_is_about_a_part_of_the_past(published):
    day = replace(AGAIN, since=NOW + DAY, until=NOW + 2 * DAY, publisher="herald")
    assert published.backfill_left(day, begin(published, day)) == 1
    assert day.subject == (
        "stage extract, outlet herald, since 2019-09-11T08:00:00.123456+00:00,"
        " until 2019-09-12T08:00:00.123456+00:00"
    )


def test_a_backfill_of_fetch_is_about_pages_that_were_never_had(published):
    lost = "https://herald.example/lost"
    bring_to(published, lost, Stage.FETCH, at=NOW)
    commit_fetch(published, failed(lost, Stage.FETCH, "http_503", at=NOW), lost)
    missing = Backfill(Stage.FETCH)
    begun_at = begin(published, missing)
    assert published.backfill_batch(missing, begun_at, LATER, limit=9) == 1
    assert where(published, lost).stage is Stage.FETCH
    commit_fetch(published, fetched(lost, at=LATER), lost)
    assert published.backfill_left(missing, begun_at) == 0


def test_how_far_archives_were_read_is_kept_until_it_has_ended(published):
    begin(published)
    far = Walk(("https://herald.example/2.xml",), frozenset({"https://herald.example/1.xml"}))
    published.keep_walk(AGAIN, "herald-world", Walk(("https://herald.example/1.xml",)))
    published.keep_walk(AGAIN, "herald-world", far)
    published.keep_walk(AGAIN, "courier", Walk(()))
    assert published.walks(AGAIN) == {"herald-world": far, "courier": Walk(())}
    assert published.walks(replace(AGAIN, reason="http_503")) == {}
    published.end_backfill(AGAIN, actor="anna", now=LATER)
    assert published.walks(AGAIN) == {}
