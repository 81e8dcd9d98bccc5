"""The rules that a commit follows because only the ledger has the rows they need."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    decision,
    enriched,
    extracted,
    extraction,
    failed,
    fetched,
    grouped,
    indexed,
    page,
    poll,
    publish,
    step,
    where,
    works,
)

from pipeline.model import Change, Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Grouping, Outcome, ReplaySelector, Scope, StepResult

A = "https://herald.example/a"
B = "https://herald.example/b"
HOUR = timedelta(hours=1)


def version_of(ledger, url):
    return where(ledger, url).doc_version


def last_outcome(ledger, url):
    lines = [line for line in ledger.where(url)[1] if line.stage not in ("sighting", "change")]
    return lines[-1].stage, lines[-1].result, lines[-1].reason


def refetch(ledger, url, at=NOW):
    """A revisit that found another body."""
    assert commit_fetch(ledger, fetched(url, at=at, revisits=1), url) == []


# ── identity ──────────────────────────────────────────────────────────────────────────────────


def test_the_second_url_of_an_article_becomes_its_alias(ledger):
    commit_first = fetched(A, final_url="https://herald.example/final")
    poll(ledger, decision(A), decision(B))
    commit_fetch(ledger, commit_first, A)
    commit_fetch(ledger, fetched(B, final_url="https://herald.example/final?utm_source=x"), B)
    position = where(ledger, B)
    assert (position.status, position.stage, position.alias_of) == (Status.ALIAS, None, A)
    assert last_outcome(ledger, B) == ("fetch", "alias", "same_article")
    assert where(ledger, A).stage is Stage.EXTRACT


def test_two_urls_of_one_article_in_one_batch(ledger):
    poll(ledger, decision(A), decision(B))
    lease = ledger.lease_host("herald.example", lease_s=LEASE_S)
    final = "https://herald.example/final"
    assert ledger.commit(lease, [fetched(A, final_url=final), fetched(B, final_url=final)]) == []
    assert [where(ledger, url).status for url in (A, B)] == [Status.IN_FLIGHT, Status.ALIAS]


def test_a_link_that_another_url_redirects_to_is_its_alias_when_fetched(ledger):
    poll(ledger, decision(A), decision(B))
    commit_fetch(ledger, fetched(A, final_url=B), A)
    commit_fetch(ledger, fetched(B), B)
    assert where(ledger, B).alias_of == A


def test_an_article_keeps_its_identity_when_its_address_moves(ledger):
    publish(ledger, A)
    moved = StepResult(
        article_id(A), Outcome(Stage.FETCH, Result.OK, NOW), Stage.EXTRACT, NOW,
        article_id=article_id(B), page=page(A, final_url=B),
    )  # fmt: skip
    assert commit_fetch(ledger, moved, A) == []
    assert where(ledger, A).article_id == article_id(A)


def test_the_sightings_of_an_alias_travel_with_the_article(ledger):
    poll(ledger, decision(A, title="one"), decision(B, title="two"))
    commit_fetch(ledger, fetched(A), A)
    commit_fetch(ledger, fetched(B, final_url=A), B)
    (work,) = works(ledger, Stage.EXTRACT)
    assert [sighting.title for sighting in work.sightings] == ["one", "two"]


# ── pages ─────────────────────────────────────────────────────────────────────────────────────


def test_extract_is_given_the_page_and_the_sightings(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    (work,) = works(ledger, Stage.EXTRACT)
    assert work.page == page(A)
    assert work.url == A
    assert work.sightings[0].feed.feed_id == "herald-world"


def test_a_page_that_cannot_be_had_goes_on_with_the_feeds_text(ledger):
    poll(ledger, decision(A, content="text"))
    outcome = Outcome(Stage.FETCH, Result.OK, NOW, "http_404")
    result = StepResult(article_id(A), outcome, Stage.EXTRACT, NOW, article_id=article_id(A))
    assert commit_fetch(ledger, result, A) == []
    (work,) = works(ledger, Stage.EXTRACT)
    assert (work.page, work.sightings[0].content) == (None, "text")


def test_an_unchanged_answer_leads_back_to_the_page_that_is_kept(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    commit_step(ledger, Stage.EXTRACT, failed(A, Stage.EXTRACT))
    ledger.replay(ReplaySelector(stage=Stage.FETCH), NOW)
    outcome = Outcome(Stage.FETCH, Result.OK, NOW)  # a 304: the validators were those of `page`
    again = StepResult(article_id(A), outcome, Stage.EXTRACT, NOW, article_id=article_id(A))
    assert commit_fetch(ledger, again, A) == []
    assert works(ledger, Stage.EXTRACT)[0].page == page(A)


# ── revisions and versions ────────────────────────────────────────────────────────────────────


def test_each_thing_that_changes_the_document_raises_its_version_by_one(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    assert version_of(ledger, A) == 0
    commit_step(ledger, Stage.EXTRACT, extracted(A))
    assert version_of(ledger, A) == 1
    commit_step(ledger, Stage.ENRICH, enriched(A))
    assert version_of(ledger, A) == 2
    commit_step(ledger, Stage.GROUP, grouped(A, syndication_id="another"))
    assert version_of(ledger, A) == 3


def test_what_changes_nothing_raises_no_version(ledger):
    publish(ledger, A)
    before = version_of(ledger, A)
    for stage, result in (
        (Stage.ENRICH, enriched(A)),
        (Stage.GROUP, grouped(A)),
        (Stage.INDEX, indexed(A, before)),
    ):
        ledger.replay(ReplaySelector(stage=stage, dead_only=False), NOW)
        assert commit_step(ledger, stage, result) == []
    assert version_of(ledger, A) == before


def test_a_new_text_is_a_new_revision_and_its_enrichment_starts_afresh(ledger):
    publish(ledger, A)
    refetch(ledger, A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, text="A new text."))
    (work,) = works(ledger, Stage.ENRICH)
    assert (work.revision.n, work.revision.extraction.text) == (2, "A new text.")
    commit_step(ledger, Stage.ENRICH, enriched(A))
    commit_step(ledger, Stage.GROUP, grouped(A))
    (work,) = works(ledger, Stage.INDEX)
    assert work.enrichment is not None
    assert work.doc_version == 4


@pytest.mark.parametrize("change", [{}, {"text": "Two  armies agreed\n on patrols."}])
def test_an_equal_text_on_a_revisit_ends_unchanged_and_plans_the_next(ledger, change):
    version = publish(ledger, A)
    refetch(ledger, A)
    later = NOW + HOUR
    result = extracted(A, later, **change)
    assert commit_step(ledger, Stage.EXTRACT, result) == []
    assert last_outcome(ledger, A) == ("extract", "unchanged", None)
    position = where(ledger, A)
    assert (position.status, position.stage) == (Status.INDEXED, Stage.FETCH)
    assert position.due_at == later + 5 * HOUR
    assert position.doc_version == version


def test_an_equal_text_by_a_new_version_of_the_extractor_is_a_new_revision_once(ledger):
    version = publish(ledger, A)
    replaying = ReplaySelector(stage=Stage.EXTRACT, dead_only=False)
    better = replace(extracted(A), extraction=replace(extraction(), version="2"))
    assert ledger.replay(replaying, NOW) == 1
    commit_step(ledger, Stage.EXTRACT, better)
    (work,) = works(ledger, Stage.ENRICH)
    assert (work.revision.n, work.revision.extraction.version) == (2, "2")
    assert work.revision.extraction.text == extraction().text
    assert last_outcome(ledger, A) == ("extract", "ok", None)
    commit_step(ledger, Stage.ENRICH, enriched(A))
    commit_step(ledger, Stage.GROUP, grouped(A))
    (work,) = works(ledger, Stage.INDEX)
    assert work.doc_version == version + 2  # the revision, and what the enrichers say of it
    commit_step(ledger, Stage.INDEX, indexed(A, work.doc_version))
    assert ledger.replay(replaying, NOW) == 1
    commit_step(ledger, Stage.EXTRACT, better)
    assert last_outcome(ledger, A) == ("extract", "unchanged", None)
    assert version_of(ledger, A) == work.doc_version


@pytest.mark.parametrize("wish", ["noindex", "tdm_reserved"])
def test_an_equal_text_with_another_wish_of_its_publisher_is_a_new_revision(ledger, wish):
    publish(ledger, A)
    refetch(ledger, A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, **{wish: True}))
    (work,) = works(ledger, Stage.ENRICH)
    assert (work.revision.n, getattr(work.revision.extraction, wish)) == (2, True)


def test_an_equal_text_goes_on_when_the_newest_was_never_indexed(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    commit_step(ledger, Stage.ENRICH, failed(A, Stage.ENRICH, "parser_crash"))
    ledger.replay(ReplaySelector(stage=Stage.EXTRACT), NOW)
    assert commit_step(ledger, Stage.EXTRACT, extracted(A)) == []
    assert last_outcome(ledger, A) == ("extract", "unchanged", None)
    assert where(ledger, A).stage is Stage.ENRICH


def test_a_dropped_extraction_is_no_revision(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    result = step(A, Stage.EXTRACT, None, result=Result.DROPPED, reason="too_short",
                  status=Status.DROPPED)  # fmt: skip
    commit_step(ledger, Stage.EXTRACT, result)
    assert (where(ledger, A).status, where(ledger, A).reason) == (Status.DROPPED, "too_short")
    assert version_of(ledger, A) == 0


# ── the index ─────────────────────────────────────────────────────────────────────────────────


def test_an_acknowledged_write_adds_a_change(ledger):
    version = publish(ledger, A)
    assert ledger.changes_after(0, limit=9) == []
    assert ledger.number_changes() == 1
    assert ledger.changes_after(0, limit=9) == [Change(1, "upsert", article_id(A), version, NOW)]
    assert ledger.books(Scope()).indexed == {article_id(A): version}


def test_a_retraction_takes_an_article_out(ledger):
    version = publish(ledger, A)
    gone = StepResult(
        article_id(A), Outcome(Stage.FETCH, Result.RETRACTED, NOW, "http_410"), Stage.INDEX, NOW,
        article_id=article_id(A), retract=True,
    )  # fmt: skip
    assert commit_fetch(ledger, gone, A) == []
    (work,) = works(ledger, Stage.INDEX)
    assert (work.retract, work.doc_version) == (True, version + 1)
    assert article_id(A) in ledger.books(Scope()).in_flight
    acked = step(A, Stage.INDEX, None, result=Result.RETRACTED, reason="gone",
                 indexed_version=version + 1)  # fmt: skip
    assert commit_step(ledger, Stage.INDEX, acked) == []
    ledger.number_changes()
    kinds = [(line.kind, line.doc_version) for line in ledger.changes_after(0, limit=9)]
    assert kinds == [("upsert", version), ("retract", version + 1)]
    books = ledger.books(Scope())
    assert (books.indexed, books.by_status) == ({}, {Status.RETRACTED: 1})
    assert ledger.replay(ReplaySelector(stage=Stage.FETCH, dead_only=False), NOW) == 0


def test_a_change_of_entry_during_indexing_is_taken_up_afterwards(ledger):
    publish(ledger, A)
    ledger.replay(ReplaySelector(stage=Stage.INDEX, dead_only=False), NOW)
    poll(ledger, decision(A, title="new", change="changed", version=2))
    assert where(ledger, A).stage is Stage.INDEX
    later = NOW + HOUR
    result = indexed(A, version_of(ledger, A), at=later, revisit_at=later + 5 * HOUR)
    assert commit_step(ledger, Stage.INDEX, result) == []
    assert (where(ledger, A).stage, where(ledger, A).due_at) == (Stage.FETCH, later)


# ── failures ──────────────────────────────────────────────────────────────────────────────────


def test_a_retry_waits_for_its_time_and_counts_its_tries(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    wait = step(A, Stage.ENRICH, Stage.ENRICH, result=Result.RETRY, reason="index_unavailable",
                next_at=NOW + HOUR, tries=1)  # fmt: skip
    commit_step(ledger, Stage.ENRICH, wait)
    assert works(ledger, Stage.ENRICH) == []
    assert ledger.next_due_at(Stage.ENRICH) == NOW + HOUR
    (work,) = works(ledger, Stage.ENRICH, NOW + HOUR)
    assert work.tries == 1


def test_a_dead_letter_keeps_where_and_why_it_died(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    commit_step(ledger, Stage.ENRICH, failed(A, Stage.ENRICH, "parser_crash"))
    books = ledger.books(Scope())
    assert books.dead_by_reason == {"enrich:parser_crash": 1}
    assert ledger.replay(ReplaySelector(), NOW) == 1
    assert (where(ledger, A).status, where(ledger, A).stage) == (Status.IN_FLIGHT, Stage.ENRICH)


def test_an_indexed_article_stays_in_the_books_beside_its_dead_letter(ledger):
    version = publish(ledger, A)
    refetch(ledger, A)
    dead = failed(A, Stage.EXTRACT, "parser_crash", status=None)
    commit_step(ledger, Stage.EXTRACT, dead)
    assert ledger.books(Scope()).indexed == {article_id(A): version}
    assert where(ledger, A).reason == "parser_crash"
    assert ledger.replay(ReplaySelector(reason="parser_crash"), NOW, dry_run=True) == 1
    assert ledger.replay(ReplaySelector(reason="parser_crash"), NOW) == 1
    assert (where(ledger, A).status, where(ledger, A).stage) == (Status.INDEXED, Stage.EXTRACT)


def test_one_unstorable_result_leaves_the_whole_batch_undone(ledger):
    for url in (A, B):
        bring_to(ledger, url, Stage.EXTRACT)
    lease, _ = ledger.lease_articles(Stage.EXTRACT, NOW, limit=9, lease_s=LEASE_S)
    with pytest.raises(ValueError, match=r"U\+0000"):
        ledger.commit(lease, [extracted(A), extracted(B, text="x\x00y")])
    assert [where(ledger, url).stage for url in (A, B)] == [Stage.EXTRACT] * 2
    assert version_of(ledger, A) == 0
    assert ledger.commit(lease, [extracted(A), extracted(B)]) == []


def test_a_result_that_would_leave_a_url_in_flight_for_ever_is_a_bug(ledger):
    bring_to(ledger, A, Stage.GROUP)
    nowhere = step(A, Stage.GROUP, None, grouping=Grouping(None, None))
    with pytest.raises(AssertionError, match="in flight for ever"):
        commit_step(ledger, Stage.GROUP, nowhere)


def test_a_result_for_a_stage_that_is_past_is_refused(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    late = fetched(A)
    assert commit_fetch(ledger, late, A) == [late.url_id]


# ── runs ──────────────────────────────────────────────────────────────────────────────────────


def test_several_ledgers_record_for_one_run(ledger, second):
    run_id = ledger.start_run(NOW)
    second.join_run(run_id)
    publish(second, A)
    assert ledger.run_counts(run_id)[("index", "ok", "")] == 1


def test_a_run_counts_what_was_recorded_during_it(ledger):
    bring_to(ledger, B, Stage.EXTRACT)
    run_id = ledger.start_run(NOW)
    publish(ledger, A)
    ledger.finish_run(run_id, NOW)
    commit_step(ledger, Stage.EXTRACT, failed(B, Stage.EXTRACT))
    assert ledger.run_counts(run_id) == {
        (stage, "ok", ""): 1 for stage in ("poll", "fetch", "extract", "enrich", "group", "index")
    }
