"""Questions: the books of any scope, the life of any URL, replays, rebuilds."""

from datetime import timedelta

import pytest
from support_ledger import (
    NOW,
    PLACE,
    bring_to,
    commit_fetch,
    commit_step,
    copy_of,
    decision,
    extracted,
    failed,
    feed,
    fetched,
    indexed,
    poll,
    publish,
    step,
    where,
    works,
)

from pipeline.balance import balance
from pipeline.errors import UsageError
from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import ReplaySelector, Scope

A, B, C, D, E = (f"https://herald.example/{name}" for name in "abcde")
X = "https://tribune.example/x"
TRIBUNE = feed("tribune", "tribune")
TOP = feed("herald-top")
DAY = timedelta(days=1)
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def busy(ledger):
    """One URL at each end, two publishers, three feeds, two days."""
    publish(ledger, A)
    bring_to(ledger, B, Stage.GROUP, at=SOON)
    commit_step(ledger, Stage.GROUP, copy_of(B, A, SOON))
    poll(ledger, decision(C, drop_reason="bad_link"), decision(None, title="no link"))
    bring_to(ledger, D, Stage.EXTRACT)
    commit_step(ledger, Stage.EXTRACT, failed(D, Stage.EXTRACT, "parser_timeout"))
    bring_to(ledger, E, Stage.ENRICH, of=TOP, at=NOW + DAY)
    publish(ledger, X, of=TRIBUNE, text="Another text.")
    poll(ledger, decision(A), of=TOP)
    (again,) = works(ledger, Stage.INDEX)  # its document names the second feed
    commit_step(ledger, Stage.INDEX, indexed(A, again.doc_version))
    return ledger


def index_of(ledger):
    return ledger.books(Scope()).indexed.items()


def test_every_term_is_counted(busy):
    books = busy.books(Scope())
    assert (books.discovered, books.no_link) == (6, 1)
    assert books.by_status == {
        Status.IN_FLIGHT: 1,
        Status.INDEXED: 2,
        Status.DUPLICATE: 1,
        Status.DROPPED: 1,
        Status.DEAD: 1,
    }
    assert books.dropped_by_reason == {"bad_link": 1}
    assert books.dead_by_reason == {"extract:parser_timeout": 1}
    assert books.in_flight_by_stage == {"enrich": 1}
    assert set(books.indexed) == {article_id(A), article_id(X)}
    assert books.in_flight == {article_id(E)}


SCOPES = {
    Scope(): 6,
    Scope(feed_id="herald-world"): 4,
    Scope(feed_id="herald-top"): 2,
    Scope(publisher="herald"): 5,
    Scope(publisher="tribune"): 1,
    Scope(publisher="nobody"): 0,
    Scope(day="2019-09-10"): 5,
    Scope(day="2019-09-11"): 1,
    Scope(publisher="herald", day="2019-09-10"): 4,
    Scope(since=NOW + DAY): 1,
    Scope(until=NOW + DAY): 5,
}


def test_the_books_of_every_scope_balance(busy):
    for scope, discovered in SCOPES.items():
        sheet = balance(busy.books(scope), index_of(busy))
        assert sheet.discovered == discovered, scope
        assert sheet.balances, (scope, sheet.sentence())


def test_a_run_is_a_scope_in_which_what_it_found_as_before_is_unchanged(ledger):
    publish(ledger, A)
    run_id = ledger.start_run(NOW)
    poll(ledger, decision(None, title="no link"), at=NOW + DAY)
    publish(ledger, B, at=NOW + DAY, text="Another text.")
    same = step(A, Stage.FETCH, None, at=NOW + DAY, result=Result.UNCHANGED)
    assert commit_fetch(ledger, same, A) == []
    sheet = balance(ledger.books(Scope(run_id=run_id)), index_of(ledger))
    assert sheet.balances
    assert (sheet.discovered, sheet.indexed, sheet.unchanged, sheet.no_link) == (2, 1, 1, 1)
    assert balance(ledger.books(Scope()), index_of(ledger)).indexed == 2


def test_a_lost_document_shows_in_its_scope_and_in_no_other(busy):
    held = [(id_, version) for id_, version in index_of(busy) if id_ != article_id(X)]
    assert not balance(busy.books(Scope()), held).balances
    assert not balance(busy.books(Scope(publisher="tribune")), held).balances
    assert balance(busy.books(Scope(publisher="herald")), held).balances


def test_a_document_of_a_duplicate_is_unexpected_in_its_scope(busy):
    held = [*index_of(busy), (article_id(B), 1)]
    sheet = balance(busy.books(Scope(publisher="herald")), held)
    assert sheet.unexpected_in_index == (article_id(B),)
    assert balance(busy.books(Scope(publisher="tribune")), held).balances


def test_a_day_that_is_none_is_refused(ledger):
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        ledger.books(Scope(day="10 Sept"))


# ── where ─────────────────────────────────────────────────────────────────────────────────────


def test_a_life_is_told_from_first_sight_to_the_change_log(ledger):
    publish(ledger, A)
    ledger.number_changes()
    _, life = ledger.where(A)
    assert [(line.stage, line.result) for line in life] == [
        ("sighting", "new"),
        ("fetch", "ok"),
        ("extract", "ok"),
        ("enrich", "ok"),
        ("group", "ok"),
        ("index", "ok"),
        ("change", "upsert"),
    ]
    assert life[1].place == PLACE
    assert "line 1" in life[-1].detail


def test_a_url_is_found_by_any_way_of_writing_it_and_by_its_final_address(ledger):
    poll(ledger, decision(A))
    commit_fetch(ledger, fetched(A, final_url="https://herald.example/final"), A)
    for way in (A, "http://www.herald.example/a/?utm_source=x", "https://herald.example/final"):
        assert where(ledger, way).url == A


def test_what_was_never_seen_has_no_life(ledger):
    assert ledger.where(A) is None
    with pytest.raises(UsageError, match="no web address"):
        ledger.where("not a url")


# ── replay ────────────────────────────────────────────────────────────────────────────────────


def test_dead_letters_go_back_to_where_they_died(busy):
    assert busy.replay(ReplaySelector(), NOW) == 1
    assert (where(busy, D).status, where(busy, D).stage) == (Status.IN_FLIGHT, Stage.EXTRACT)
    assert busy.replay(ReplaySelector(), NOW) == 0
    assert busy.books(Scope()).dead_by_reason == {}


def all_through(stage, **fields):
    return ReplaySelector(stage=stage, dead_only=False, **fields)


SELECTED = [
    (all_through(Stage.FETCH), {A, B, C, D, X}),
    (all_through(Stage.EXTRACT), {A, B, D, X}),
    (all_through(Stage.INDEX), {A, B, X}),
    (all_through(Stage.FETCH, publisher="tribune"), {X}),
    (all_through(Stage.FETCH, feed_id="herald-top"), {A}),
    (all_through(Stage.FETCH, reason="bad_link"), {C}),
    (all_through(Stage.FETCH, since=NOW + DAY), set()),
    (all_through(Stage.FETCH, until=NOW), set()),
    (ReplaySelector(reason="parser_timeout"), {D}),
    (ReplaySelector(reason="another"), set()),
    (ReplaySelector(died_at=Stage.EXTRACT), {D}),
    (ReplaySelector(died_at=Stage.FETCH), set()),
]


def test_a_replay_selects_by_stage_origin_reason_and_time(busy):
    for selector, urls in SELECTED:
        assert busy.replay(selector, NOW, dry_run=True) == len(urls), selector


def test_a_replay_of_one_url_leaves_the_others_alone(busy):
    one = where(busy, A).url_id
    assert busy.replay(all_through(Stage.EXTRACT, url_id=one), NOW) == 1
    assert busy.replay(ReplaySelector(url_id=where(busy, B).url_id), NOW) == 0  # is no dead letter
    assert [where(busy, url).stage for url in (A, D)] == [Stage.EXTRACT, None]


def test_a_replay_moves_what_it_selected_and_nothing_else(busy):
    selector, urls = all_through(Stage.EXTRACT, publisher="herald"), {A, B, D}
    others = {url: where(busy, url) for url in (C, E, X)}
    later = NOW + DAY
    assert busy.replay(selector, later) == len(urls)
    assert {(where(busy, url).stage, where(busy, url).due_at) for url in urls} == {
        (Stage.EXTRACT, later)
    }
    assert [where(busy, url).status for url in (A, B, D)] == [
        Status.INDEXED,
        Status.IN_FLIGHT,
        Status.IN_FLIGHT,
    ]
    assert {url: where(busy, url) for url in others} == others
    assert balance(busy.books(Scope()), index_of(busy)).balances


def test_replaying_everything_needs_a_stage(ledger):
    with pytest.raises(UsageError, match="--stage"):
        ledger.replay(ReplaySelector(dead_only=False), NOW)
    with pytest.raises(UsageError, match="poll"):
        ledger.replay(ReplaySelector(stage=Stage.POLL, dead_only=False), NOW)


# ── when, and all ─────────────────────────────────────────────────────────────────────────────


def test_the_next_due_time_of_each_stage(ledger):
    assert [ledger.next_due_at(stage) for stage in Stage] == [None] * len(Stage)
    poll(ledger, decision(A), at=NOW)
    assert ledger.next_due_at(Stage.FETCH) == NOW
    assert ledger.next_due_at(Stage.POLL) == NOW + timedelta(hours=1)


def test_a_rebuild_is_given_what_the_index_holds(busy):
    batches = list(busy.all_indexed(batch=1))
    found = [work for batch in batches for work in batch]
    assert [len(batch) for batch in batches] == [1, 1]
    assert [work.article_id for work in found] == sorted((article_id(A), article_id(X)))
    assert {work.article_id: work.doc_version for work in found} == busy.books(Scope()).indexed
    assert all(work.revision and work.enrichment and work.sightings for work in found)


def test_a_rebuild_leaves_out_what_the_index_has_not_got_yet(ledger):
    version = publish(ledger, A)
    commit_fetch(ledger, fetched(A, revisits=1), A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, text="A new text."))
    ((work,),) = list(ledger.all_indexed())
    assert (work.doc_version, work.revision.n) == (version, 1)


def test_dropped_revisits_leave_the_article_in_the_books(ledger):
    version = publish(ledger, A)
    commit_fetch(ledger, fetched(A, revisits=1), A)
    junk = step(A, Stage.EXTRACT, None, result=Result.DROPPED, reason="blocked_page")
    commit_step(ledger, Stage.EXTRACT, junk)
    assert ledger.books(Scope()).indexed == {article_id(A): version}
    assert works(ledger, Stage.EXTRACT) == []
