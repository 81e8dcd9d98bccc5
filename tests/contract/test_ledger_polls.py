"""What one poll leaves behind: entries, sightings, URLs and validators, all or nothing."""

from datetime import timedelta

import pytest
from support_ledger import (
    LEASE_S,
    NOW,
    PLACE,
    bring_to,
    commit_fetch,
    commit_step,
    decision,
    feed,
    fetched,
    poll,
    poll_result,
    publish,
    state,
    where,
)

from pipeline.errors import LeaseLost, UsageError
from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Outcome, Scope, StepResult

A = "https://herald.example/a"
B = "https://herald.example/b"


def due_pages(ledger, host="herald.example", now=NOW):
    lease = ledger.lease_host(host, lease_s=LEASE_S)
    found = ledger.due_pages(lease, now, limit=10)
    ledger.release(lease)
    return found


def test_a_new_entry_makes_its_page_due(ledger):
    poll(ledger, decision(A, content="the feed's own text"))
    (due,) = due_pages(ledger)
    assert (due.url, due.feed_id, due.publisher) == (A, "herald-world", "herald")
    assert due.has_feed_text
    assert due.status is Status.IN_FLIGHT
    assert where(ledger, A).stage is Stage.FETCH


def test_validators_come_with_the_entries(ledger):
    ledger.sync_feeds([state()])
    lease = ledger.lease_host("herald.example", lease_s=LEASE_S)
    result = poll_result(feed(), decision(A))
    after = state(etag='W/"x"', interval_s=600.0, overlap=0.5, next_poll_at=NOW)
    ledger.commit_poll(lease, type(result)(after, result.outcome, result.decisions))
    assert ledger.feed_states() == [after]


def test_a_poll_under_a_lost_lease_leaves_nothing(ledger):
    ledger.sync_feeds([state()])
    lease = ledger.lease_host("herald.example", lease_s=LEASE_S)
    ledger.release(lease)
    with pytest.raises(LeaseLost):
        ledger.commit_poll(lease, poll_result(feed(), decision(A)))
    assert ledger.where(A) is None
    assert ledger.books(Scope()).discovered == 0
    assert ledger.feed_states() == [state()]


def test_a_poll_that_fails_half_way_leaves_nothing(ledger):
    """The second entry holds what no ledger keeps: the first must not stay behind alone."""
    with pytest.raises(ValueError, match=r"U\+0000"):
        poll(ledger, decision(A), decision(B, title="a \x00 in it"))
    assert ledger.where(A) is None
    assert ledger.books(Scope()).discovered == 0
    assert ledger.known_entries("herald-world", [A, B]) == {}


def test_known_entries_are_told_with_hash_and_version(ledger):
    poll(ledger, decision(A, title="first"))
    assert ledger.known_entries("herald-world", [A, B]) == {A: ("hash of first", 1)}
    poll(ledger, decision(A, title="second", change="changed", version=2))
    assert ledger.known_entries("herald-world", [A]) == {A: ("hash of second", 2)}
    assert ledger.known_entries("another-feed", [A]) == {}


def test_a_second_feed_adds_a_sighting_and_no_second_url(ledger):
    poll(ledger, decision(A))
    poll(ledger, decision(A), of=feed("herald-top"))
    assert ledger.books(Scope()).discovered == 1
    _, life = ledger.where(A)
    assert [line.detail.split(":")[0] for line in life] == ["herald-world", "herald-top"]
    assert len(due_pages(ledger)) == 1


def test_one_document_may_list_a_url_twice(ledger):
    poll(ledger, decision(A, key="1"), decision(A, key="2"))
    books = ledger.books(Scope())
    assert books.discovered == 1
    assert ledger.books(Scope(publisher="herald")).discovered == 1


def test_entries_without_a_link_are_counted_beside_the_sum(ledger):
    poll(ledger, decision(None, title="no link"), decision(A))
    books = ledger.books(Scope())
    assert (books.discovered, books.no_link) == (1, 1)


def test_a_dropped_link_ends_at_once_with_its_reason(ledger):
    poll(ledger, decision(A, drop_reason="bad_link"))
    assert due_pages(ledger) == []
    assert (where(ledger, A).status, where(ledger, A).reason) == (Status.DROPPED, "bad_link")
    assert ledger.books(Scope()).dropped_by_reason == {"bad_link": 1}
    _, life = ledger.where(A)
    assert [(line.stage, line.result) for line in life][-1] == ("poll", "dropped")


def test_a_link_to_an_article_that_another_link_led_to_is_an_alias_at_once(ledger):
    short = "https://short.example/x"
    poll(ledger, decision(short))
    commit_fetch(ledger, fetched(short, final_url=A), short)
    poll(ledger, decision(A))
    position = where(ledger, A)
    assert (position.status, position.stage) == (Status.ALIAS, None)
    assert position.alias_of == short


def test_a_changed_entry_makes_an_indexed_page_due_now(ledger):
    publish(ledger, A)
    assert due_pages(ledger) == []
    later = NOW + timedelta(minutes=5)
    poll(ledger, decision(A, title="new", change="changed", version=2), at=later)
    (due,) = due_pages(ledger, now=later)
    assert (due.status, due.etag, due.sha256) == (Status.INDEXED, '"v1"', PLACE.sha256)


def test_a_visit_for_a_changed_entry_takes_no_planned_ones_place(ledger):
    publish(ledger, A)
    changed = decision(A, title="new", change="changed", version=2)
    for minutes in (5, 6):  # the second time it is due already
        later = NOW + timedelta(minutes=minutes)
        poll(ledger, changed, at=later)
        (due,) = due_pages(ledger, now=later)
        assert due.revisits == -1


def test_a_changed_entry_makes_a_dropped_page_due_again(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    outcome = Outcome(Stage.EXTRACT, Result.DROPPED, NOW, "too_short")
    commit_step(
        ledger, Stage.EXTRACT, StepResult(article_id(A), outcome, None, None, Status.DROPPED)
    )
    later = NOW + timedelta(minutes=5)
    poll(ledger, decision(A), of=feed("herald-region"), at=later)
    assert where(ledger, A).status is Status.DROPPED
    poll(ledger, decision(A, title="new", change="changed", version=2), at=later)
    position = where(ledger, A)
    assert (position.status, position.reason) == (Status.IN_FLIGHT, None)
    assert (position.stage, position.due_at) == (Stage.FETCH, later)
    assert ledger.books(Scope()).dropped_by_reason == {}


def test_an_entry_that_changes_while_its_page_is_on_its_way_only_adds_a_sighting(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    poll(ledger, decision(A, title="new", change="changed", version=2))
    assert where(ledger, A).stage is Stage.ENRICH


def test_the_place_of_the_feed_document_is_kept_with_the_sighting(ledger):
    poll(ledger, decision(A), place=PLACE)
    _, life = ledger.where(A)
    assert life[0].place == PLACE


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────


def test_what_was_learnt_survives_a_change_in_the_catalogue(ledger):
    ledger.sync_feeds([state(feed(title="Old"), etag='"x"', interval_s=900.0)])
    ledger.sync_feeds([state(feed(title="New"))])
    (kept,) = ledger.feed_states()
    assert (kept.feed.title, kept.etag, kept.interval_s) == ("New", '"x"', 900.0)


def test_a_new_address_in_the_catalogue_starts_afresh(ledger):
    ledger.sync_feeds([state(etag='"x"', redirect_target="https://old.example/", failures=2.0)])
    moved = feed(url="https://new.example/feed.xml")
    ledger.sync_feeds([state(moved)])
    (kept,) = ledger.feed_states()
    assert (kept.url, kept.host) == (moved.url, "new.example")
    assert (kept.etag, kept.redirect_target) == (None, None)
    assert [lease.host for lease in ledger.lease_hosts(Stage.POLL, NOW, limit=9, lease_s=9)] == [
        "new.example"
    ]


def test_a_feed_taken_out_is_no_longer_polled_and_comes_back(ledger):
    ledger.sync_feeds([state()])
    ledger.sync_feeds([])
    assert [one.configured for one in ledger.feed_states()] == [False]
    assert ledger.next_due_at(Stage.POLL) is None
    assert ledger.lease_hosts(Stage.POLL, NOW, limit=9, lease_s=9) == []
    ledger.sync_feeds([state()])
    assert ledger.next_due_at(Stage.POLL) == NOW


def test_an_operators_pause_is_not_undone_by_a_poll_under_way(ledger):
    ledger.sync_feeds([state()])
    lease = ledger.lease_host("herald.example", lease_s=LEASE_S)
    paused = state(paused=True, paused_reason="asked to")
    ledger.override_feed(paused, actor="operator", note="publisher wrote", now=NOW)
    with pytest.raises(LeaseLost):
        ledger.commit_poll(lease, poll_result(feed(), decision(A)))
    assert ledger.feed_states() == [paused]


def test_a_feed_that_nobody_knows_cannot_be_overridden(ledger):
    with pytest.raises(UsageError, match="herald-world"):
        ledger.override_feed(state(), actor="operator", note="", now=NOW)


def test_feeds_are_named_in_order_and_by_choice(ledger):
    ledger.sync_feeds([state(feed("b")), state(feed("a")), state(feed("c"))])
    assert [one.feed.feed_id for one in ledger.feed_states()] == ["a", "b", "c"]
    assert [one.feed.feed_id for one in ledger.feed_states(["c", "a"])] == ["a", "c"]
