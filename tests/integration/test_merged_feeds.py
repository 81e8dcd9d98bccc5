"""A feed that moves for good to where another feed is polled, over whole runs."""

import json
from datetime import timedelta

import pytest
import typer
from support_run import HTML, RSS, Trip, article, feed, rss
from typer.testing import CliRunner

from pipeline.cli import books as books_commands
from pipeline.cli import feeds as feeds_commands
from pipeline.cli.run_summary import summarise
from pipeline.feeds.catalogue import write_catalogue
from pipeline.feeds.opml import read_opml
from pipeline.model import Status
from pipeline.work import Scope

OLD = "https://old.example/feed.xml"
HOME = "https://herald.example/feed.xml"
A, B = "https://herald.example/a", "https://herald.example/b"


@pytest.fixture
def trip(tmp_path):
    made = Trip(tmp_path, feed("old", publisher="herald"), feed("herald"))
    made.allow_robots("herald.example", "old.example")
    made.fetcher.on(OLD, rss((A, "Patrols begin")), headers=RSS)
    made.fetcher.on(HOME, rss((B, "Patrols end")), headers=RSS)
    for url, title, day in ((A, "Patrols begin", "Monday"), (B, "Patrols end", "Friday")):
        made.fetcher.on(url, article(title, day), headers=HTML)
    yield made
    made.close()


def move(trip):
    """Let the old address lead to the other feed for as long as it takes to be believed."""
    trip.run()
    trip.fetcher.on(OLD, status=301, headers=(("Location", HOME),))
    pass_days(trip, 9)


def pass_days(trip, days):
    """Poll everything once a day; a feed that found the other's host busy comes a minute later."""
    for _ in range(days):
        for span in ({"days": 1}, {"minutes": 2}):
            trip.later(**span)
            trip.run()


def state_of(trip, feed_id="old"):
    (state,) = trip.ledger.feed_states([feed_id])
    return state


def asked(trip, url):
    return [one for one, *_ in trip.fetcher.requests].count(url)


def test_after_a_week_one_of_the_two_is_polled_and_nothing_is_lost(trip):
    move(trip)
    state = state_of(trip)
    assert (state.merged_into, state.url) == ("herald", HOME)
    assert trip.balance().balances
    asked_before = asked(trip, OLD)
    trip.fetcher.on(HOME, rss((B, "Patrols end"), (A, "Patrols begin")), headers=RSS)
    trip.later(hours=7)
    trip.run()
    assert asked(trip, OLD) == asked_before
    assert trip.where(A).status is Status.INDEXED
    assert (trip.balance().balances, trip.balance().indexed) == (True, 2)
    assert trip.ledger.books(Scope(feed_id="old")).discovered == 2


def test_the_merged_feed_is_polled_again_when_the_other_is_taken_out(trip):
    move(trip)
    trip.feeds = trip.feeds[:1]
    trip.sync()
    trip.later(hours=7)
    at = trip.clock.now()
    trip.run()
    state = state_of(trip)
    assert (state.merged_into, state.health) == (None, "ok")
    assert state.last_success_at - at < timedelta(minutes=1)


def test_two_feeds_that_lead_to_each_other_leave_one_that_is_polled(trip):
    trip.run()
    for here, there in ((OLD, HOME), (HOME, OLD)):
        trip.fetcher.on(here, status=301, headers=(("Location", there),))
        trip.fetcher.on(there, rss((A, "Patrols begin"), (B, "Patrols end")), headers=RSS)
        pass_days(trip, 9)
    assert (state_of(trip).merged_into, state_of(trip, "herald").url) == ("herald", OLD)
    assert state_of(trip, "herald").merged_into is None


# ── how it is told ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def told(trip):
    """Run a command over the trip's folder after the merge."""
    move(trip)
    catalogue = trip.folder / "feeds.toml"
    catalogue.write_text(write_catalogue(trip.feeds), "utf-8")
    app = typer.Typer()
    for commands in (books_commands, feeds_commands):
        commands.register(app)

    def invoke(*arguments, feeds=True):
        files = ["--feeds", str(catalogue)] if feeds else []
        result = CliRunner().invoke(app, [*arguments, *files, "--data", str(trip.folder)])
        assert not result.exception or isinstance(result.exception, SystemExit)
        return result

    return invoke


SENTENCE = "merged into herald since 2019-09-1"


def test_the_list_of_feeds_says_so(told):
    assert SENTENCE in told("feeds", "list").stdout
    old, herald = map(json.loads, told("feeds", "list", "--json").stdout.splitlines())
    assert (old["feed_id"], old["merged_into"], old["merged_at"][:9]) == (
        "old", "herald", "2019-09-1"
    )  # fmt: skip
    assert herald["merged_into"] is None


def test_where_says_so(told):
    assert f"old: {SENTENCE}" in told("where", A, feeds=False).stdout


def test_an_export_keeps_the_feed_and_says_so(told, trip):
    old, herald = read_opml(told("feeds", "export").stdout.encode()).feeds
    assert old.extra["newslineMergedInto"] == "herald"
    assert old.extra["newslineMergedAt"] == state_of(trip).merged_at.isoformat()
    assert (old.url, herald.extra) == (OLD, {})


def test_a_replayed_poll_leaves_it_alone_and_says_why(told):
    result = told("replay", "--stage", "poll", "--feed", "old", feeds=False)
    assert f"old is {SENTENCE}" in result.stderr
    assert result.stdout == "No feeds are due again.\n"


def test_the_summary_of_a_run_says_so(told, trip, capsys):
    class Opened:
        ledger, index = trip.ledger, trip.index

    run_id = trip.run()
    summarise(Opened, run_id, away=None, told={}, json=False)
    assert f"old is {SENTENCE}" in capsys.readouterr().out
    summarise(Opened, run_id, away=None, told={}, json=True)
    assert json.loads(capsys.readouterr().out)["feeds"]["merged"] == {"old": "herald"}
