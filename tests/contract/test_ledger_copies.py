"""Copies of a text: found in order of first sight, and never lost with their original."""

from datetime import timedelta

import pytest
from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    copy_of,
    enriched,
    extracted,
    failed,
    fetched,
    grouped,
    indexed,
    publish,
    step,
    where,
    works,
)

from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Grouping, Outcome, ReplaySelector, Scope, StepResult

A = "https://herald.example/a"
B = "https://herald.example/b"
C = "https://herald.example/c"
LATER = NOW + timedelta(minutes=1)


def original_and_copy(ledger):
    publish(ledger, A)
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    assert commit_step(ledger, Stage.GROUP, copy_of(B, A, LATER)) == []
    assert where(ledger, B).duplicate_of == A


def copies_seen_by(ledger, url, at=LATER):
    """What an article that waits for `group` is shown; nothing is decided."""
    seen = []

    def look(work, around):
        if work.url_id == article_id(url):
            seen.extend((one.article_id, one.publisher) for one in around.copies)
            raise Looked
        return grouped(work.url, at)

    lease, found = ledger.lease_articles(Stage.GROUP, at, limit=9, lease_s=LEASE_S)
    with pytest.raises(Looked):
        ledger.group(lease, found, look, at)
    ledger.release(lease)
    return seen


class Looked(Exception):
    """Ends a look before anything is written."""


def test_copies_are_found_in_order_of_first_sight_whenever_they_came(ledger):
    publish(ledger, C, at=LATER + timedelta(minutes=1))
    publish(ledger, A)
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    found = [(article_id(A), "herald"), (article_id(C), "herald")]
    assert copies_seen_by(ledger, B) == found


def test_of_two_first_seen_together_the_smaller_id_is_the_earlier(ledger):
    for url in (A, C):
        publish(ledger, url)
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    found = [id_ for id_, _ in copies_seen_by(ledger, B)]
    assert found == sorted(found)


def test_what_left_the_books_is_nobodys_original(ledger):
    bring_to(ledger, A, Stage.GROUP)
    commit_step(ledger, Stage.GROUP, failed(A, Stage.GROUP))
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    assert copies_seen_by(ledger, B) == []


def test_copies_of_a_retracted_article_are_grouped_anew(ledger):
    original_and_copy(ledger)
    version = where(ledger, A).doc_version
    gone = StepResult(
        article_id(A), Outcome(Stage.FETCH, Result.RETRACTED, NOW, "http_410"), Stage.INDEX, NOW,
        article_id=article_id(A), retract=True,
    )  # fmt: skip
    commit_fetch(ledger, gone, A)
    commit_step(ledger, Stage.INDEX, step(A, Stage.INDEX, None, result=Result.RETRACTED,
                reason="gone", indexed_version=version + 1))  # fmt: skip
    assert (where(ledger, B).status, where(ledger, B).stage) == (Status.IN_FLIGHT, Stage.GROUP)
    assert copies_seen_by(ledger, B) == []


def test_copies_of_an_article_whose_text_changed_are_grouped_anew(ledger):
    original_and_copy(ledger)
    commit_fetch(ledger, fetched(A, revisits=1), A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, text="All different now."))
    assert where(ledger, B).status is Status.DUPLICATE  # the index still holds the old text
    commit_step(ledger, Stage.ENRICH, enriched(A, fingerprint="f2"))
    assert (where(ledger, B).status, where(ledger, B).stage) == (Status.IN_FLIGHT, Stage.GROUP)


def test_an_edit_that_keeps_the_fingerprint_leaves_the_copies_alone(ledger):
    original_and_copy(ledger)
    commit_fetch(ledger, fetched(A, revisits=1), A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, title="Only the headline"))
    commit_step(ledger, Stage.ENRICH, enriched(A, name="Tel Abyad"))
    assert where(ledger, B).status is Status.DUPLICATE


def test_copies_of_an_article_that_the_index_refused_are_grouped_anew(ledger):
    bring_to(ledger, A, Stage.INDEX)
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    commit_step(ledger, Stage.GROUP, copy_of(B, A, LATER))
    commit_step(ledger, Stage.INDEX, failed(A, Stage.INDEX, "document_refused"))
    assert (where(ledger, B).status, where(ledger, B).stage) == (Status.IN_FLIGHT, Stage.GROUP)


def test_a_copy_is_refused_when_its_original_left_meanwhile(ledger):
    bring_to(ledger, A, Stage.INDEX)
    bring_to(ledger, B, Stage.GROUP, at=LATER)
    decided = copy_of(B, A, LATER)
    commit_step(ledger, Stage.INDEX, failed(A, Stage.INDEX, "document_refused"))
    assert commit_step(ledger, Stage.GROUP, decided) == [decided.url_id]
    assert where(ledger, B).stage is Stage.GROUP


def test_an_original_that_comes_late_recalls_copies_that_were_grouped_before_it(ledger):
    publish(ledger, B, at=LATER)  # first seen later, but its page came first
    bring_to(ledger, A, Stage.GROUP)
    assert where(ledger, B).stage is Stage.FETCH
    commit_step(ledger, Stage.GROUP, grouped(A))
    assert (where(ledger, B).status, where(ledger, B).stage) == (Status.INDEXED, Stage.GROUP)
    found = [work.url_id for work in works(ledger, Stage.GROUP, LATER)]
    assert found == [article_id(B)]
    copy = {"result": Result.DUPLICATE, "reason": "same_text", "at": LATER}
    taken_out = step(
        B, Stage.GROUP, Stage.INDEX, retract=True, grouping=Grouping(article_id(A), None), **copy
    )
    commit_step(ledger, Stage.GROUP, taken_out)
    (work,) = [w for w in works(ledger, Stage.INDEX, LATER) if w.url_id == article_id(B)]
    assert (work.retract, work.grouping.duplicate_of) == (True, article_id(A))
    acked = step(B, Stage.INDEX, None, at=LATER, result=Result.DUPLICATE, reason="same_text",
                 status=Status.DUPLICATE, indexed_version=work.doc_version)  # fmt: skip
    commit_step(ledger, Stage.INDEX, acked)
    assert where(ledger, B).duplicate_of == A
    assert article_id(B) not in ledger.books(Scope()).indexed


def test_a_later_copy_on_its_way_to_the_index_is_recalled_when_it_is_there(ledger):
    bring_to(ledger, B, Stage.INDEX, at=LATER)
    bring_to(ledger, A, Stage.GROUP)
    commit_step(ledger, Stage.GROUP, grouped(A))
    assert where(ledger, B).stage is Stage.INDEX
    version = where(ledger, B).doc_version
    commit_step(ledger, Stage.INDEX, indexed(B, version, LATER))
    assert (where(ledger, B).status, where(ledger, B).stage) == (Status.INDEXED, Stage.GROUP)


def test_grouping_the_same_text_again_recalls_nobody(ledger):
    publish(ledger, A)
    publish(ledger, B, at=LATER)
    ledger.replay(ReplaySelector(stage=Stage.GROUP, dead_only=False, until=LATER), NOW)
    commit_step(ledger, Stage.GROUP, grouped(A))
    assert where(ledger, B).stage is Stage.FETCH
