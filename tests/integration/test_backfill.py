"""What is asked of a backfill, and that one is done some at a time and resumed."""

from datetime import UTC, datetime

import pytest
from support_run import Trip, article, feed, rss

from pipeline import backfill
from pipeline.app import App, find_config_dir
from pipeline.backfill import Network, Wanted, run_backfill, wanted_of
from pipeline.errors import UsageError
from pipeline.model import Stage
from pipeline.work import Backfill

FEED = "https://herald.example/feed.xml"
URLS = [f"https://herald.example/{n}" for n in range(5)]


# ── what was asked for ────────────────────────────────────────────────────────────────────────


def test_the_last_day_is_part_of_it_and_a_partition_is_one_day():
    start, end = datetime(2019, 9, 10, tzinfo=UTC), datetime(2019, 9, 12, tzinfo=UTC)
    by_hand = wanted_of({"since": "2019-09-10", "until": "2019-09-11", "stage": "enrich"})
    assert by_hand.backfill == Backfill(Stage.ENRICH, since=start, until=end)
    by_airflow = wanted_of({}, "2019-09-11T00:00:00")
    assert by_airflow.backfill.since == datetime(2019, 9, 11, tzinfo=UTC)
    assert by_airflow.backfill.until == end


def test_from_a_day_on_has_no_end():
    assert wanted_of({"since": "2019-09-10", "until": None}).backfill.until is None


def test_with_the_network_the_stage_is_fetch():
    wanted = wanted_of({"network": "archives", "stage": "extract", "feed": "herald", "minutes": 2})
    assert (wanted.network, wanted.backfill.stage) == (Network.ARCHIVES, Stage.FETCH)
    assert wanted.budget_s == 120


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "which part of the past"),
        ({"feed": "herald", "stage": "fetch"}, "needs the network"),
        ({"since": "yesterday"}, "is no day"),
    ],
)
def test_what_makes_no_sense_is_refused(given, why):
    with pytest.raises(UsageError, match=why):
        wanted_of(given)


# ── doing it ──────────────────────────────────────────────────────────────────────────────────


class AppOverFakes(App):
    async def aclose_fetcher(self):
        """Keep it: it belongs to no loop."""


@pytest.fixture
def app(tmp_path):
    """Five articles, a month ago, as an app with the doors of a trip over fakes."""
    trip = Trip(tmp_path, feed())
    trip.allow_robots("herald.example")
    trip.fetcher.on(FEED, rss(*((url, f"Patrol {n}") for n, url in enumerate(URLS))))
    for n, url in enumerate(URLS):
        trip.fetcher.on(url, article(f"Patrol {n}", day=f"day {n}"))
    trip.run()
    trip.later(days=30)
    made = AppOverFakes(trip.doors.config, tmp_path, find_config_dir(), clock=trip.clock)
    doors = {"ledger": trip.ledger, "archive": trip.archive, "fetcher": trip.fetcher,
             "workers": trip.doors.workers, "index": trip.index, "events": None}  # fmt: skip
    made.__dict__.update(doors)
    made.trip = trip
    yield made
    trip.close()


def do(app, given):
    run_id = app.ledger.start_run(app.clock.now())
    wanted = wanted_of({"outlet": "herald"} | given)
    return run_backfill(app, run_id, wanted, actor="anna")


def test_from_the_archive_it_asks_nobody(app):
    asked = len(app.trip.fetcher.requests)
    done = do(app, {"stage": "extract"})
    assert (done.left, done.made_due) == (0, 5)
    assert done.outcomes == {"extract:ok": 5}
    assert len(app.trip.fetcher.requests) == asked


def test_a_dry_run_counts_and_changes_nothing(app):
    assert do(app, {"dry_run": True}).left == 5
    assert app.ledger.actions(limit=5) == []
    assert app.ledger.waiting(Stage.EXTRACT) == 0


def test_when_its_time_is_up_the_rest_is_for_the_next_start(app, monkeypatch):
    monkeypatch.setattr(backfill, "BATCH", 2)
    wanted = Wanted(Backfill(Stage.EXTRACT, publisher="herald"), Network.NO, budget_s=0.0)
    assert run_backfill(app, "r", wanted, actor="anna").left == 5
    begun = app.ledger.actions(limit=1)[0]
    assert (begun.action, begun.items) == ("backfill", 5)
    app.trip.later(hours=1)
    assert do(app, {"stage": "extract"}).made_due == 5
    assert [one.action for one in app.ledger.actions(limit=5)] == ["backfill ended", "backfill"]


def test_pages_that_were_never_had_are_asked_for_again(app):
    lost = "https://herald.example/lost"
    app.trip.fetcher.on(FEED, rss((lost, "Lost patrol")))
    app.trip.fetcher.on(lost, status=404)
    app.trip.run()
    assert app.trip.where(lost).reason == "http_404"
    app.trip.later(days=1)
    app.trip.fetcher.on(lost, article("Lost patrol", day="Friday"))
    done = do(app, {"network": "pages", "reason": "http_404"})
    assert (done.left, done.made_due) == (0, 1)
    app.trip.run()
    assert app.trip.where(lost).status == "indexed"
    assert app.trip.balance().balances
    assert do(app, {"network": "pages", "reason": "http_404"}).made_due == 0


def test_feeds_archives_are_read_and_what_they_list_is_fetched(app):
    older = "https://herald.example/older"
    body = rss((URLS[0], "Patrol 0")).replace(
        b"<title>t</title>",
        b"<title>t</title><atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next'"
        b" href='/page-2.xml'/>",
    )
    app.trip.fetcher.on(FEED, body)
    app.trip.fetcher.on("https://herald.example/page-2.xml", rss((older, "Older patrol")))
    app.trip.fetcher.on(older, article("Older patrol", day="Sunday"))
    done = do(app, {"network": "archives"})
    assert {name: (one.documents, one.new) for name, one in done.older.items()} == {
        "herald": (2, 1)
    }
    app.trip.run()
    assert app.trip.where(older).status == "indexed"


def test_a_long_archive_is_read_some_documents_at_a_time(app, monkeypatch):
    monkeypatch.setattr(backfill, "MAX_DOCUMENTS", 2)
    link = b"<title>t</title><link xmlns='http://www.w3.org/2005/Atom' rel='next' href='%b'/>"
    pages = [FEED, *(f"https://herald.example/page-{n}.xml" for n in range(1, 5))]
    for n, (page, following) in enumerate(zip(pages, [*pages[1:], ""], strict=True)):
        older = f"https://herald.example/older-{n}"
        app.trip.fetcher.on(older, article(f"Older patrol {n}", day=f"Sunday {n}"))
        body = rss((older, f"Older patrol {n}"))
        if following:
            body = body.replace(b"<title>t</title>", link % following.encode())
        app.trip.fetcher.on(page, body)
    read = []
    for _ in range(3):
        done = do(app, {"network": "archives"})
        read.append((done.older["herald"].documents, done.archives_left))
        app.trip.run()
    assert read == [(2, 1), (2, 1), (1, 0)]
    assert all(
        app.trip.where(f"https://herald.example/older-{n}").status == "indexed" for n in range(5)
    )
    assert [one.action for one in app.ledger.actions(limit=5)] == ["backfill ended", "backfill"]
    assert do(app, {"network": "archives"}).older["herald"].documents == 2  # it begins anew
