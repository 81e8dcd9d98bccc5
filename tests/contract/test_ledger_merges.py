"""Feeds that turn out to be one: what the ledger makes of a poll that found its feed elsewhere."""

import threading
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from support_ledger import (
    LEASE_S,
    NOW,
    decision,
    feed,
    poll,
    poll_result,
    publish,
    state,
    where,
    works,
)

from pipeline.adapters.ledger import polls
from pipeline.adapters.ledger.tables import feed_overrides
from pipeline.model import Stage, Status
from pipeline.urls import article_id, host_of
from pipeline.work import Scope

A = "https://herald.example/a"
B = "https://herald.example/b"
OLD = feed("old", url="https://old.example/feed.xml", publisher="herald")
HOME = feed("home", url="https://herald.example/news.xml", publisher="herald")
OTHER = feed("other", url="https://other.example/feed.xml", publisher="herald")
THIRD = "https://third.example/feed.xml"
LATER = NOW + timedelta(hours=2)
ELSEWHERE = feed("home", url="https://herald.example/all.xml", publisher="herald")
MOVED_ON = feed("old", url="https://old.example/new.xml", publisher="herald")


@pytest.fixture
def both(ledger):
    """A catalogue of two feeds, each of which has listed something."""
    ledger.sync_feeds([state(OLD), state(HOME), state(OTHER)])
    poll(ledger, decision(A), of=OLD)
    return ledger


def found_at(of, url, *decisions, at=LATER, **fields):
    """The result of a poll that found its feed at another address for good."""
    result = poll_result(of, *decisions, at=at)
    moved = replace(result.state, url=url, host=host_of(url), health="ok", **fields)
    return replace(result, state=moved)


def move(ledger, of, url, *decisions, **fields):
    """Let a feed be polled where it was and found at another address."""
    (before,) = ledger.feed_states([of.feed_id])
    lease = ledger.lease_host(before.host, lease_s=LEASE_S)
    try:
        return ledger.commit_poll(lease, found_at(of, url, *decisions, **fields))
    finally:
        ledger.release(lease)


def state_of(ledger, feed_id):
    (found,) = ledger.feed_states([feed_id])
    return found


def audit(ledger, feed_id):
    with ledger.database.reading() as connection:
        query = sa.select(feed_overrides).where(feed_overrides.c.feed_id == feed_id)
        return list(connection.execute(query.order_by(feed_overrides.c.override_id)).mappings())


def polled(ledger, now=LATER + timedelta(days=1)):
    """The feeds that would be polled."""
    leases = ledger.lease_hosts(Stage.POLL, now, limit=99, lease_s=LEASE_S)
    found = {one.feed.feed_id for lease in leases for one in ledger.due_feeds(lease, now)}
    for lease in leases:
        ledger.release(lease)
    return found


def test_a_feed_found_where_another_is_polled_is_merged_into_it(both):
    result = move(both, OLD, "http://www.herald.example/news.xml", etag='"x"')
    after = state_of(both, "old")
    assert after == result.state
    assert (after.merged_into, after.merged_at) == ("home", LATER)
    assert (after.health, after.paused_reason, after.etag) == ("merged", "merged", '"x"')
    assert result.counts["merged"] == 1
    assert polled(both) == {"home", "other"}
    assert state_of(both, "home") == state(HOME)


def test_a_merge_is_an_audited_override_of_our_own(both):
    move(both, OLD, HOME.url)
    (row,) = audit(both, "old")
    assert (row["actor"], row["at"]) == ("newsline", LATER)
    assert row["note"].startswith("merged into home since 2019-09-10 10:00 UTC")
    assert HOME.url in row["note"]
    before, after = orjson.loads(row["before"]), orjson.loads(row["after"])
    assert (before["merged_into"], after["merged_into"]) == (None, "home")


def test_a_feed_that_moves_to_an_address_of_its_own_goes_on(both):
    move(both, OLD, "https://old.example/else.xml")
    assert state_of(both, "old").merged_into is None
    assert polled(both) == {"old", "home", "other"}


def test_a_feed_that_moved_before_its_address_was_in_the_catalogue_is_merged_at_its_next_poll(both):
    move(both, OLD, ELSEWHERE.url)
    both.sync_feeds([state(OLD), state(ELSEWHERE)])
    assert state_of(both, "old").merged_into is None
    move(both, OLD, ELSEWHERE.url)
    assert state_of(both, "old").merged_into == "home"


@pytest.mark.parametrize("asleep", [{"paused": True}, {"paused": True, "paused_reason": "gone"}])
def test_a_feed_that_is_not_polled_takes_nobody_in(both, asleep):
    both.override_feed(state(HOME, **asleep), actor="operator", note="", now=NOW)
    move(both, OLD, HOME.url)
    assert state_of(both, "old").merged_into is None


def test_two_that_move_to_one_third_address_leave_one_behind(both):
    move(both, OLD, THIRD)
    move(both, OTHER, THIRD)
    assert state_of(both, "old").merged_into is None
    assert state_of(both, "other").merged_into == "old"
    move(both, OLD, THIRD)
    assert polled(both) == {"home", "old"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((OLD, OTHER.url), (OTHER, OLD.url), id="each to the other's"),
        pytest.param((OLD, THIRD), (OTHER, THIRD), id="to a third address"),
    ],
)  # fmt: skip
def test_two_that_move_at_the_same_moment_do_not_both_vanish(both, first, second):
    """One poll is about to be committed when the other's commit begins: it has to wait."""
    (one, its_new), (other, others_new) = first, second
    lease = both.lease_host(host_of(one.url), lease_s=LEASE_S)
    others = both.lease_host(host_of(other.url), lease_s=LEASE_S)
    late = threading.Thread(
        target=both.commit_poll, args=(others, found_at(other, others_new)), daemon=True
    )
    engine = both.database.engine
    with engine.connect().execution_options(newsline_writes=True) as connection:
        with connection.begin():
            polls.commit_poll(connection, lease, found_at(one, its_new), None)
            late.start()
            late.join(0.5)
            assert late.is_alive()
        late.join(20)
    assert not late.is_alive()
    both.release(lease)
    both.release(others)
    merged = [name for name in ("old", "other") if state_of(both, name).merged_into]
    assert len(merged) == 1
    assert state_of(both, merged[0]).merged_into not in merged


# ── history ───────────────────────────────────────────────────────────────────────────────────


def test_what_a_merged_feed_had_listed_stays_in_its_books(both):
    move(both, OLD, HOME.url, decision(B))
    assert both.books(Scope(feed_id="old")).discovered == 2
    assert set(both.known_entries("old", [A, B])) == {A, B}
    assert both.books(Scope()).discovered == 2


def test_what_a_merged_feed_had_listed_is_no_news_from_the_other(both):
    version = publish(both, A, of=OLD)
    move(both, OLD, HOME.url)
    poll(both, decision(A), of=HOME, at=LATER)
    assert both.books(Scope()).discovered == 1
    position = where(both, A)
    assert (position.status, position.article_id) == (Status.INDEXED, article_id(A))
    (work,) = works(both, Stage.INDEX, LATER)  # only to say that it is listed there too
    assert (work.first_seen_at, work.doc_version) == (NOW, version + 1)
    assert {one.feed.feed_id for one in work.sightings} == {"old", "home"}


def test_the_life_of_a_url_tells_that_its_feed_was_merged(both):
    move(both, OLD, HOME.url)
    _, life = both.where(A)
    (line,) = [one for one in life if one.stage == "feed"]
    assert (line.at, line.result) == (LATER, "merged")
    assert line.detail == "old: merged into home since 2019-09-10 10:00 UTC"


# ── how it ends ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("catalogue", "url"),
    [
        pytest.param([OLD, OTHER], HOME.url, id="survivor taken out"),
        pytest.param([OLD, ELSEWHERE, OTHER], HOME.url, id="survivor re-addressed"),
        pytest.param([MOVED_ON, HOME, OTHER], MOVED_ON.url, id="merged one re-addressed"),
    ],
)
def test_a_merge_ends_by_itself_when_the_catalogue_changes(both, catalogue, url):
    move(both, OLD, HOME.url)
    both.sync_feeds([state(one) for one in catalogue])
    after = state_of(both, "old")
    assert (after.merged_into, after.merged_at, after.paused, after.url) == (None, None, False, url)
    assert "old" in polled(both)
    _, last = audit(both, "old")
    assert last["actor"] == "newsline"
    assert last["note"] == "no longer merged into home: the catalogue has changed"


def test_a_merge_outlives_the_same_catalogue_and_a_changed_title(both):
    move(both, OLD, HOME.url)
    both.sync_feeds([state(replace(OLD, title="Old")), state(replace(HOME, title="Home"))])
    assert (state_of(both, "old").merged_into, state_of(both, "old").feed.title) == ("home", "Old")
    assert len(audit(both, "old")) == 1
    assert polled(both) == {"home"}


def test_a_survivor_that_is_paused_keeps_the_address_asleep(both):
    move(both, OLD, HOME.url)
    both.override_feed(state(HOME, paused=True), actor="operator", note="", now=NOW)
    both.sync_feeds([state(OLD), state(HOME), state(OTHER)])
    assert polled(both) == {"other"}


def test_a_feed_that_comes_back_into_the_catalogue_is_merged_anew(both):
    move(both, OLD, HOME.url)
    both.sync_feeds([state(HOME)])
    both.sync_feeds([state(OLD), state(HOME)])
    assert "old" in polled(both)
    move(both, OLD, HOME.url)
    assert state_of(both, "old").merged_into == "home"
