"""Older articles from a feed's archive and from sitemaps, over fakes of the network only."""

import asyncio
from datetime import UTC, datetime

import pytest
from support_run import Trip, article, feed

from pipeline.care import Walk
from pipeline.model import FeedKind, Stage
from pipeline.older import Older, Window, find_older

HOST = "https://herald.example"
FEED = f"{HOST}/feed.xml"
#: Day of September 2019 → path of the document that lists it.
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>t</id>
<updated>2019-09-10T00:00:00Z</updated>{links}{entries}</feed>"""


def atom(*days, older=None, title="Day"):
    links = f'<link rel="prev-archive" href="{older}"/>' if older else ""
    entries = "".join(
        f"<entry><id>{day}</id><title>{title} {day}</title><link href='{HOST}/{day}'/>"
        f"<published>2019-09-{day:02}T08:00:00Z</published>"
        f"<updated>2019-09-{day:02}T08:00:00Z</updated></entry>"
        for day in days
    )
    return ATOM.format(links=links, entries=entries).encode()


@pytest.fixture
def trip(tmp_path):
    made = Trip(tmp_path, feed())
    made.allow_robots("herald.example")
    made.fetcher.on(FEED, atom(10, older="/feed-2.xml"))
    made.fetcher.on(f"{HOST}/feed-2.xml", atom(8, 9, older="/feed-3.xml"))
    made.fetcher.on(f"{HOST}/feed-3.xml", atom(5, 6, 10, title="Old words of day"))
    for day in range(1, 11):
        made.fetcher.on(f"{HOST}/{day}", article(f"Patrol of day {day}", day=f"the {day}th"))
    made.run()
    yield made
    made.close()


def find(trip, window=Window(), *, feed_id="herald", max_documents=20, **way):  # noqa: B008 - frozen
    async def go():
        return await find_older(trip.doors, feed_id, window, max_documents=max_documents, **way)

    return asyncio.run(go())


def test_the_archive_of_a_feed_is_followed_and_what_it_lists_goes_the_whole_trip(trip):
    (before,) = trip.ledger.feed_states()
    assert find(trip) == Older(documents=3, new=4, ended="end")
    (after,) = trip.ledger.feed_states()
    assert after == before  # its schedule and validators are those of its polls
    trip.run()
    assert {f"{HOST}/{day}" for day in (5, 6, 8, 9, 10)} == set(trip.documents())
    assert trip.balance().balances
    assert find(trip).new == 0  # run again, it does only what is left


def test_an_older_copy_does_not_overwrite_a_newer_one(trip):
    find(trip)
    trip.run()
    listings = [one.title for one in trip.ledger.listings("herald", limit=50)]
    assert "Day 10" in listings
    assert "Old words of day 10" not in listings


def test_only_what_was_published_in_the_window_is_taken_and_nobody_walks_beyond_it(trip):
    since, until = datetime(2019, 9, 9, tzinfo=UTC), datetime(2019, 9, 10, tzinfo=UTC)
    trip.fetcher.on(f"{HOST}/feed-2.xml", atom(8, 9, older="/feed-3.xml"))
    assert find(trip, Window(since, until)).new == 1
    trip.fetcher.on(f"{HOST}/feed-2.xml", atom(7, 8, older="/feed-3.xml"))
    assert find(trip, Window(since, until)) == Older(documents=2, new=0, ended="window")


def test_a_chain_that_bites_its_tail_ends_and_a_long_one_stops_at_the_limit(trip):
    trip.fetcher.on(f"{HOST}/feed-3.xml", atom(5, older="/feed-2.xml"))
    assert find(trip).ended == "end"
    assert find(trip, max_documents=1) == Older(documents=1, new=0, ended="limit", is_left=True)


@pytest.mark.parametrize(
    ("body", "status", "ended", "is_left"),
    [
        (b"", 404, "http_404", False),
        (b"no feed", 200, "not_a_feed", False),
        (b"", 503, "http_503", True),
    ],
)
def test_what_is_broken_ends_the_walk_and_keeps_what_was_found(trip, body, status, ended, is_left):
    trip.fetcher.on(f"{HOST}/feed-3.xml", body, status=status)
    assert find(trip) == Older(documents=2, new=2, ended=ended, is_left=is_left)
    trip.run()
    assert trip.balance().balances


def test_what_was_cut_short_goes_on_where_it_ended(trip):
    places = []
    find(trip, max_documents=1, keep=places.append)
    assert places == [Walk((f"{HOST}/feed-2.xml",), frozenset({FEED}))]
    asked = len(trip.fetcher.requests)
    rest = find(trip, walk=places[-1], keep=places.append)
    assert rest == Older(documents=2, new=4, ended="end")
    assert [url for url, *_ in trip.fetcher.requests[asked:]] == [
        f"{HOST}/feed-2.xml",
        f"{HOST}/feed-3.xml",
    ]
    assert places[-1] == Walk(())


def test_documents_that_are_not_there_count_and_are_not_asked_for_again(trip):
    names = "".join(f"<sitemap><loc>{HOST}/map-{n}.xml</loc></sitemap>" for n in range(9))
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    trip.fetcher.on(FEED, f"<sitemapindex {spaces}>{names}</sitemapindex>".encode())
    for n in range(9):
        trip.fetcher.on(f"{HOST}/map-{n}.xml", status=404)
    places, asked = [None], len(trip.fetcher.requests)
    ends = [
        find(trip, walk=places[-1], max_documents=4, keep=places.append).is_left for _ in range(3)
    ]
    assert ends == [True, True, False]
    assert len(trip.fetcher.requests) - asked == 10


def test_a_host_that_somebody_visits_is_left_alone(trip):
    lease = trip.ledger.lease_host("herald.example", lease_s=60)
    asked = len(trip.fetcher.requests)
    assert find(trip) == Older(ended="busy", is_left=True)
    assert len(trip.fetcher.requests) == asked
    trip.ledger.release(lease)


def test_documents_are_asked_for_at_the_pace_of_the_host(trip):
    slept = trip.clock.now()
    find(trip)
    assert (trip.clock.now() - slept).total_seconds() >= 2  # three requests, a second apart


def test_all_sitemaps_of_an_index_are_read_not_only_the_newest(tmp_path):
    trip = Trip(tmp_path, feed("map", f"{HOST}/sitemap.xml", publisher="herald",
                               kind=FeedKind.SITEMAP))  # fmt: skip
    trip.allow_robots("herald.example")
    months = range(1, 8)
    index = "".join(
        f"<sitemap><loc>{HOST}/map-{n}.xml</loc><lastmod>2019-0{n}-01</lastmod></sitemap>"
        for n in months
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    trip.fetcher.on(f"{HOST}/sitemap.xml",
                    f"<sitemapindex {spaces}>{index}</sitemapindex>".encode())  # fmt: skip
    for n in months:
        listed = f"<url><loc>{HOST}/{n}</loc><lastmod>2019-0{n}-01</lastmod></url>"
        trip.fetcher.on(f"{HOST}/map-{n}.xml", f"<urlset {spaces}>{listed}</urlset>".encode())
        trip.fetcher.on(f"{HOST}/{n}", article(f"Patrol of month {n}", day=f"the {n}th"))
    trip.run()
    assert len(trip.documents()) == 3
    trip.fetcher.on(f"{HOST}/map-4.xml", status=404)  # the others are read all the same
    assert find(trip, feed_id="map") == Older(documents=7, new=3, ended="http_404")
    trip.run()
    assert len(trip.documents()) == 6
    assert trip.ledger.waiting(Stage.INDEX) == 0
    assert trip.balance().balances
    trip.close()
