"""Runs over scripted feeds and pages: what a run owes to hosts, revisits, feeds and its ledger."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import orjson
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from support_run import HTML, RSS, Trip, article, feed, rss

from pipeline.alerts.saved import SavedSearch
from pipeline.balance import balance
from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import Webhook
from pipeline.cli.run import _Silent
from pipeline.config import RightsSettings
from pipeline.deliver import Delivery
from pipeline.errors import IndexUnavailable, Permanent
from pipeline.model import Stage, Status
from pipeline.pushing import Push
from pipeline.run import Run
from pipeline.urls import article_id
from pipeline.work import ReplaySelector, RobotsCopy, Scope

FEED = "https://herald.example/feed.xml"
A = "https://herald.example/a"
SUMMARY = (
    "The two delegations agreed on joint patrols along the border before the end of the month."
)


@pytest.fixture
def trip(tmp_path):
    made = Trip(tmp_path, feed(), feed("second", publisher="herald"))
    made.allow_robots("herald.example", "second.example", "other.example")
    made.fetcher.on(FEED, rss((A, "Patrols begin")), headers=RSS)
    made.fetcher.on("https://second.example/feed.xml", rss(), headers=RSS)
    made.fetcher.on(A, article("Patrols begin"), headers=HTML)
    yield made
    made.close()


def rest(trip, host, until):
    trip.ledger.release(trip.ledger.lease_host(host, lease_s=60), next_request_at=until)


# ── an index that takes nothing ───────────────────────────────────────────────────────────────


class Shut:
    """An index to which nothing can be written until it is `open`."""

    def __init__(self, index):
        self._index = index
        self.open = False

    def write(self, documents, retractions, **how):
        if not self.open:
            raise IndexUnavailable("no connection")
        return self._index.write(documents, retractions, **how)

    def __getattr__(self, name):
        return getattr(self._index, name)


def test_above_the_high_water_mark_nothing_more_is_asked_for_until_the_index_takes_again(trip):
    links = [f"https://herald.example/{number}" for number in range(12)]
    for link in links:
        trip.fetcher.on(link, article(f"Patrols begin near {link}"), headers=HTML)
    shut = Shut(trip.index)
    config = trip.doors.config
    few = config.model_copy(update={"index": config.index.model_copy(update={"high_water": 5})})
    trip.doors = replace(trip.doors, index=shut, config=few)
    trip.fetcher.on(FEED, rss(*((link, link) for link in links[:6])), headers=RSS)
    trip.run()
    assert trip.ledger.waiting(Stage.INDEX) == 6
    trip.fetcher.on(FEED, rss(*((link, link) for link in links)), headers=RSS)
    trip.later(hours=3)
    asked = len(trip.fetcher.requests)
    trip.run()
    assert len(trip.fetcher.requests) == asked
    shut.open = True
    trip.later(minutes=6)
    trip.run()
    trip.run()
    assert set(trip.documents()) == set(links)
    assert trip.balance().balances


# ── hosts that rest ───────────────────────────────────────────────────────────────────────────


def test_a_redirect_to_a_resting_host_waits_in_the_ledger_not_in_the_visit(trip):
    start = trip.clock.now()
    until = start + timedelta(hours=48)
    rest(trip, "other.example", until)
    trip.fetcher.on(A, status=301, headers=(("Location", "https://other.example/a"),))
    trip.run()
    assert trip.clock.now() - start < timedelta(minutes=1)
    position = trip.where(A)
    assert (position.status, position.stage) == (Status.IN_FLIGHT, Stage.FETCH)
    assert abs(position.due_at - until) < timedelta(seconds=5)
    assert ("fetch", "retry", "host_busy") in trip.life(A)


def test_a_robots_txt_that_asks_for_rest_ends_the_visit(trip):
    start = trip.clock.now()
    robots = "https://herald.example/robots.txt"
    trip.fetcher.on(robots, status=403, headers=(("Retry-After", "7200"),))
    trip.run()
    assert trip.clock.now() - start < timedelta(minutes=1)
    assert trip.where(A).due_at >= start + timedelta(hours=2)


def test_a_feed_that_redirects_to_a_resting_host_is_asked_when_that_one_is(trip):
    until = trip.clock.now() + timedelta(hours=6)
    rest(trip, "other.example", until)
    trip.fetcher.on(FEED, status=302, headers=(("Location", "https://other.example/feed"),))
    trip.run()
    (state,) = trip.ledger.feed_states(["herald"])
    assert (state.last_reason, state.failures) == ("host_busy", 0.0)
    assert abs(state.next_poll_at - until) < timedelta(seconds=5)


def test_a_robots_txt_behind_a_busy_host_is_not_taken_for_unreachable(trip):
    robots = "https://herald.example/robots.txt"
    trip.fetcher.on(robots, status=301, headers=(("Location", "https://other.example/robots.txt"),))
    held = trip.ledger.lease_host("other.example", lease_s=60)
    trip.run()
    assert trip.ledger.find_robots("https://herald.example") is None
    assert ("fetch", "retry", "host_busy") in trip.life(A)
    trip.ledger.release(held)
    trip.later(minutes=1)
    trip.run()
    assert trip.where(A).status is Status.INDEXED


def test_retry_after_nothing_does_not_use_up_the_tries_at_once(trip):
    trip.fetcher.on(A, status=503, headers=(("Retry-After", "0"),))
    trip.run()
    assert trip.where(A).status is Status.IN_FLIGHT
    assert trip.life(A).count(("fetch", "retry", "http_503")) == 1


def test_feeds_are_asked_at_a_crawl_delay_that_is_known_and_no_robots_txt_for_them(
    trip,
):
    more = [feed(name, f"https://herald.example/{name}.xml") for name in ("b", "c")]
    trip.feeds = (feed(), *more)
    trip.sync()
    for one in more:
        trip.fetcher.on(one.url, rss(), headers=RSS)
    trip.ledger.save_robots(
        RobotsCopy(
            "https://herald.example",
            200,
            b"User-agent: *\nDisallow: /\nCrawl-delay: 20\n",
            trip.clock.now() - timedelta(days=3),
        )
    )
    trip.fetcher.on(FEED, rss(), headers=RSS)
    trip.run()
    polled = sorted(state.last_poll_at for state in trip.ledger.feed_states(["herald", "b", "c"]))
    assert [(b - a).total_seconds() for a, b in pairwise(polled)] == [20, 20]
    assert not any(url.endswith("/robots.txt") for url, *_ in trip.fetcher.requests)


# ── revisits ──────────────────────────────────────────────────────────────────────────────────


def test_a_revisit_that_brings_no_article_is_not_the_last_one(trip):
    trip.run()
    trip.later(hours=1, minutes=1)
    trip.fetcher.on(A, b"<html><p>Please wait.</p></html>", headers=HTML)
    trip.run()
    assert trip.life(A)[-1] == ("extract", "dropped", "too_short")
    position = trip.where(A)
    assert (position.status, position.stage) == (Status.INDEXED, Stage.FETCH)
    trip.later(hours=5, minutes=1)
    trip.fetcher.on(A, article("Patrols end"), headers=HTML)
    trip.run()
    (document,) = trip.documents().values()
    assert document["title"] == "Patrols end"
    assert trip.balance().balances


def test_a_dead_letter_of_a_new_revision_does_not_end_the_revisits(trip, monkeypatch):
    trip.run()
    trip.later(hours=1, minutes=1)
    trip.fetcher.on(A, article("Patrols end"), headers=HTML)

    def missing(place):
        raise Permanent("archive_missing", str(place))

    with monkeypatch.context() as patch:
        patch.setattr(trip.archive, "read", missing)
        trip.run()
    assert trip.life(A)[-1] == ("extract", "dead", "archive_missing")
    position = trip.where(A)
    assert (position.status, position.stage) == (Status.INDEXED, Stage.FETCH)
    assert trip.balance().balances


def test_visits_for_changed_entries_do_not_use_up_the_planned_ones(trip):
    trip.run()
    for change in range(6):
        trip.later(hours=7)  # no feed is asked less often than every six hours
        trip.fetcher.on(FEED, rss((A, f"Patrols begin, update {change}")), headers=RSS)
        trip.fetcher.on(A, article("Patrols begin", day=f"day {change}"), headers=HTML)
        trip.run()
        (document,) = trip.documents().values()
        assert f"day {change}" in document["text"]
        assert trip.where(A).stage is Stage.FETCH
    for _ in range(4):
        trip.later(days=8)
        trip.run()
    assert trip.where(A).stage is None


# ── what is read ──────────────────────────────────────────────────────────────────────────────


def test_of_two_feeds_the_one_that_says_something_stands_in_for_a_lost_page(trip):
    trip.fetcher.on("https://second.example/feed.xml", rss((A, "Patrols", SUMMARY)), headers=RSS)
    trip.fetcher.on(A, status=503)
    trip.run()
    trip.later(minutes=10)
    trip.fetcher.on(A, status=404)
    trip.run()
    (document,) = trip.documents().values()
    assert (document["text"], document["text_source"]) == (SUMMARY, "feed")


def test_a_lost_page_whose_feed_says_too_little_is_told_from_a_short_page(trip):
    trip.fetcher.on(FEED, rss((A, "Patrols", "More soon.")), headers=RSS)
    trip.fetcher.on(A, status=404)
    trip.run()
    assert (trip.where(A).status, trip.where(A).reason) == (Status.DROPPED, "feed_text_too_short")
    assert ("fetch", "ok", "http_404") in trip.life(A)


def test_a_replayed_fetch_asks_for_the_whole_page(trip, monkeypatch):
    trip.fetcher.on(A, article("Patrols begin"), headers=(*HTML, ("ETag", '"1"')))

    def missing(place):
        raise Permanent("archive_missing", str(place))

    with monkeypatch.context() as patch:
        patch.setattr(trip.archive, "read", missing)
        trip.run()
    assert (trip.where(A).status, trip.where(A).reason) == (Status.DEAD, "archive_missing")
    assert trip.ledger.replay(ReplaySelector(stage=Stage.FETCH), trip.clock.now()) == 1
    trip.run()
    assert {etag for url, _, etag, _ in trip.fetcher.requests if url == A} == {None}
    assert trip.where(A).status is Status.INDEXED


# ── the run itself ────────────────────────────────────────────────────────────────────────────


def test_a_line_that_a_crash_left_without_a_number_gets_it_at_the_next_start(trip, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(trip.ledger, "number_changes", lambda: 0)
        trip.run()
    assert trip.ledger.changes_after(0, limit=10) == []
    trip.run()
    assert [change.seq for change in trip.ledger.changes_after(0, limit=10)] == [1]


def test_a_bug_in_one_lane_ends_all_of_them(trip):
    class Broken:
        async def run(self, task, /, **_):
            raise ZeroDivisionError(task)

        def close(self):
            pass

    async def go():
        doors = replace(trip.doors, workers=Broken())
        with pytest.raises(ZeroDivisionError):
            await Run(doors, once=False, stop=asyncio.Event()).go()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(go()) == set()


def test_a_feed_that_was_gone_is_asked_again_at_its_new_address(trip):
    trip.fetcher.on(FEED, status=410)
    trip.run()
    trip.later(hours=28)
    trip.run()
    (state,) = trip.ledger.feed_states(["herald"])
    assert (state.paused, state.paused_reason) == (True, "gone")
    moved = "https://herald.example/new.xml"
    trip.fetcher.on(moved, rss((A, "Patrols begin")), headers=RSS)
    trip.feeds = (feed(url=moved),)
    trip.sync()
    trip.run()
    (state,) = trip.ledger.feed_states(["herald"])
    assert (state.paused, state.url, state.last_reason) == (False, moved, None)
    assert trip.where(A).status is Status.INDEXED


def test_a_stub_that_was_dropped_is_read_again_when_its_entry_changes(trip):
    trip.fetcher.on(A, b"<html><p>More soon.</p></html>", headers=HTML)
    trip.run()
    assert (trip.where(A).status, trip.where(A).reason) == (Status.DROPPED, "too_short")
    trip.later(hours=7)
    trip.fetcher.on(A, article("Patrols begin"), headers=HTML)
    trip.run()
    assert trip.where(A).status is Status.DROPPED  # nothing said that there is more now
    trip.later(hours=7)
    trip.fetcher.on(FEED, rss((A, "Patrols begin near the town")), headers=RSS)
    trip.run()
    assert trip.where(A).status is Status.INDEXED
    assert trip.balance().balances


def test_half_a_character_in_an_address_harms_only_its_own_entry(trip):
    items = [
        {
            "id": "1",
            "url": "https://herald.example/\ud800",
            "title": "Half",
            "image": "/\udfff.png",
        },
        {"id": "2", "url": A, "title": "Patrols begin"},
    ]
    listed = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}
    trip.fetcher.on(FEED, json.dumps(listed).encode())
    trip.run()
    sheet = trip.balance()
    assert (sheet.balances, sheet.indexed, sheet.no_link) == (True, 1, 1)


def test_an_address_that_changes_while_the_old_one_is_asked_is_not_lost(trip, monkeypatch):
    moved = feed(url="https://herald.example/new.xml")
    get = trip.fetcher.get

    async def meanwhile(url, *args, **kwargs):
        if url == FEED:
            trip.feeds = (moved,)
            trip.sync()
        return await get(url, *args, **kwargs)

    trip.fetcher.on(moved.url, rss((A, "Patrols begin")), headers=RSS)
    monkeypatch.setattr(trip.fetcher, "get", meanwhile)
    trip.run()
    (state,) = trip.ledger.feed_states(["herald"])
    assert (state.url, state.last_reason) == (moved.url, None)
    assert trip.where(A).status is Status.INDEXED


# ── alerts ────────────────────────────────────────────────────────────────────────────────────


def test_a_run_tells_of_what_it_indexed_before_it_ends(trip):
    told = []

    async def send(url, message):
        (said,) = orjson.loads(message.body)["hits"] if url == hook else orjson.loads(message.body)
        told.append((url, said["url"] if url == hook else said["data"]["document"]["url"]))

    hook, desk = "https://receiver.example/hook", "https://desk.example/hook"
    ledger, index, now = trip.ledger, trip.doors.index, trip.clock.now
    ledger.add_alert(SavedSearch("a1", "patrols", "patrols", webhook=hook), now())
    ledger.add_webhook(Webhook("desk", desk, Place(0)), now())
    push = Push(ledger, index, RightsSettings(), send, now)
    delivery = Delivery(ledger, index, now, post=send, mail=None, push=push)
    seen = _Silent()
    run = Run(trip.doors, once=True, stop=asyncio.Event(), delivery=delivery, observer=seen)
    asyncio.run(run.go())
    assert told == [(hook, A), (desk, A)]
    assert seen.told == {"hits": 1, "messages": 2, "not_taken": 0}
    asyncio.run(Run(trip.doors, once=True, stop=asyncio.Event(), delivery=delivery).go())
    assert len(told) == 2


# ── the balance of a run ──────────────────────────────────────────────────────────────────────


def of_run(trip, run_id):
    return balance(trip.ledger.books(Scope(run_id=run_id)), trip.index.versions())


def test_a_run_has_a_balance_of_its_own_in_which_what_was_as_before_is_unchanged(trip):
    gone = "https://herald.example/gone"
    trip.fetcher.on(FEED, rss((A, "Patrols begin"), (gone, "Gone")), headers=RSS)
    trip.fetcher.on(gone, status=404)
    first = trip.run()
    sheet = of_run(trip, first)
    assert sheet.balances
    assert (sheet.discovered, sheet.indexed, sheet.unchanged) == (2, 1, 0)
    assert sheet.accounted == 2
    trip.later(hours=2)
    second = trip.run()
    sheet = of_run(trip, second)
    assert sheet.balances
    assert (sheet.discovered, sheet.indexed, sheet.unchanged) == (1, 0, 1)
    assert "1 discovered = 1 unchanged" in sheet.sentence()
    assert trip.balance().unchanged == 0
    assert (trip.balance().discovered, trip.balance().indexed) == (2, 1)
    lost = [(one, version + 1) for one, version in trip.index.versions()]
    trip.index.write([], lost)
    assert of_run(trip, second).missing_from_index == (article_id(A),)
    assert of_run(trip, "another").discovered == 0


# ── the log ───────────────────────────────────────────────────────────────────────────────────


def test_every_poll_and_every_end_is_logged_with_run_feed_and_article(trip):
    with capture_logs(processors=[merge_contextvars]) as lines:
        trip.run()
    ended = [line for line in lines if line["event"] == "ended"]
    assert [line["stage"] for line in ended] == ["fetch", "extract", "enrich", "group", "index"]
    for line in ended:
        assert (line["feed_id"], line["article_id"]) == ("herald", article_id(A))
        assert line["url"] == A
    polled = [line for line in lines if line["event"] == "polled"]
    assert {line["feed_id"] for line in polled} == {
        state.feed.feed_id for state in trip.ledger.feed_states()
    }
    (run_id,) = {line["run_id"] for line in [*ended, *polled]}
    assert run_id.startswith("2019")
