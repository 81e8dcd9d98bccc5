"""What goes of an old archive and what stays."""

import os
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from support_archive import HOUR, A, B, C, Desk, change, filled, records
from support_ledger import (
    NOW,
    commit_step,
    decision,
    extracted,
    poll,
    retract,
    step,
    works,
)

from pipeline.adapters.ledger.tables import urls
from pipeline.config import RetentionSettings
from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Scope


@pytest.fixture
def desk(ledger, tmp_path):
    made = Desk(ledger, tmp_path / "archive")
    poll(ledger, at=datetime.now(UTC))  # at work as its segments begin
    yield made
    made.archive.close()


def test_pages_of_revisions_and_of_waiting_extractions_stay_and_the_rest_goes(desk):
    kept = filled(desk)
    (before,) = desk.segments()
    size_bytes = (desk.folder / before).stat().st_size
    desk.grow_old()
    books, life = desk.ledger.books(Scope()), desk.ledger.where(A)
    done = desk.trim()
    assert (done.old, done.rewritten, done.exchanges_kept, done.exchanges_removed) == (1, 1, 3, 1)
    (after,) = desk.segments()
    assert after != before
    assert done.freed_bytes == size_bytes - (desk.folder / after).stat().st_size > 0
    assert desk.pages() == kept
    assert desk.feed_documents() == []
    assert desk.ledger.books(Scope()) == books
    assert [line.stage for line in desk.ledger.where(A)[1]] == [line.stage for line in life[1]]


def test_what_waited_for_extract_is_read_from_where_it_is_now(desk):
    filled(desk)
    desk.grow_old()
    desk.trim()
    (waiting,) = works(desk.ledger, Stage.EXTRACT, NOW + HOUR)
    assert waiting.url_id == article_id(B)
    assert desk.archive.read(waiting.page.place).body == b"page: B, not yet read"
    assert desk.ledger.find_place(article_id(B)) == waiting.page.place


def test_a_page_that_said_nothing_new_goes_when_a_newer_one_is_there(desk):
    desk.publish(A, "The same.")
    for hour in (1, 2):  # only an advertisement changed
        desk.fetched(A, f"page: The same. Advertisement {hour}.", at=NOW + hour * HOUR)
        text = extracted(A, NOW + hour * HOUR, text="The same.")
        commit_step(desk.ledger, Stage.EXTRACT, text)
        change(desk.ledger, sa.update(urls).values(stage=Stage.FETCH, due_at=NOW))
    desk.grow_old()
    desk.trim()
    assert [text for _, text in desk.pages()] == [
        "page: The same.",  # the revision is from this one
        "page: The same. Advertisement 2.",  # and this is the newest
    ]


def test_a_dropped_page_stays_since_another_extractor_may_read_it(desk):
    desk.listed(A)
    desk.fetched(A, "page: two lines")
    dropped = step(A, Stage.EXTRACT, None, result=Result.DROPPED, reason="too_short",
                   status=Status.DROPPED)  # fmt: skip
    commit_step(desk.ledger, Stage.EXTRACT, dropped)
    desk.grow_old()
    desk.trim()
    assert desk.pages() == [(A, "page: two lines")]


def test_a_retracted_article_keeps_its_pages_and_an_erased_one_has_none(desk):
    desk.publish(A, "Taken back.")
    desk.publish(B, "To be forgotten.")
    retract(desk.ledger, A)
    erased = sa.update(urls).where(urls.c.url_id == article_id(B)).values(status=Status.ERASED)
    change(desk.ledger, erased)
    desk.grow_old()
    desk.trim()
    assert desk.pages() == [(A, "page: Taken back.")]


def test_an_erased_page_goes_even_from_a_segment_that_is_not_worth_it(desk):
    for number in range(12):
        desk.publish(f"https://herald.example/{number}", f"Article {number}.")
    desk.grow_old()
    assert desk.trim().rewritten == 0
    erased = sa.update(urls).where(urls.c.url_id == article_id("https://herald.example/7"))
    change(desk.ledger, erased.values(status=Status.ERASED))
    assert desk.trim().exchanges_removed == 1
    assert len(desk.pages()) == 11


def test_until_it_is_configured_all_is_kept(desk):
    kept = filled(desk)
    desk.grow_old()
    assert desk.trim(RetentionSettings()).old == 0
    assert (desk.pages(), desk.feed_documents()) == (kept, ["a feed document"] * 2)


def test_a_dry_run_says_what_would_go_and_changes_nothing(desk):
    filled(desk)
    desk.grow_old()
    files = {path.name: path.read_bytes() for path in desk.folder.iterdir()}
    said = desk.trim(dry_run=True)
    assert {path.name: path.read_bytes() for path in desk.folder.iterdir()} == files
    done = desk.trim()
    assert (said.rewritten, said.exchanges_kept, said.exchanges_removed) == (1, 3, 1)
    assert said.freed_bytes == pytest.approx(done.freed_bytes, abs=500)  # the opening record


def test_young_segments_and_those_that_somebody_writes_to_are_left_alone(desk):
    kept = filled(desk)
    assert desk.trim().old == 0
    for path in desk.folder.iterdir():  # its writer has had nothing to write for months
        os.utime(path, (time.time() - 90 * 86_400,) * 2)
    done = desk.trim()
    assert (done.old, done.in_use, done.rewritten) == (1, 1, 0)
    poll(desk.ledger, decision(C))
    desk.fetched(C, "page: C")
    assert desk.pages() == [*kept, (C, "page: C")]


def test_what_stays_is_the_same_bytes(desk):
    filled(desk)
    desk.grow_old()
    before = records(desk)
    desk.trim()
    after = records(desk)
    assert after == before
    assert len(after) == 3


def test_small_segments_become_one_and_a_second_time_there_is_nothing_to_do(desk):
    for number in range(5):
        link = f"https://herald.example/{number}"
        desk.listed(link)
        desk.fetched(link, f"page {number}")
        desk.archive.close()
    desk.grow_old()
    assert desk.trim().rewritten == 5
    assert len(desk.segments()) == 1
    desk.grow_old()
    again = desk.trim()
    assert (again.old, again.rewritten, again.freed_bytes) == (1, 0, 0)
    assert len(desk.pages()) == 5
