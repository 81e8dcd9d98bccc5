"""Which of two feeds gives way when both turn out to be at one address, and when that ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.feeds.merging import find_survivor, merged, say_merged, unmerged, without_void_merges
from pipeline.model import Feed
from pipeline.urls import host_of
from pipeline.work import FeedState

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)
NEW = "https://herald.example/news.xml"


def state(feed_id, url, at=None, **fields):
    """A feed that its operator put at `url` and that is polled `at` another address, if given."""
    at = at or url
    fields = {"etag": '"x"', "health": "ok", **fields}
    return FeedState(Feed(feed_id, url, "herald"), at, host_of(at), **fields)


MOVED = state("old", "https://old.example/feed", NEW)
HOME = state("home", NEW)


@pytest.mark.parametrize(
    "url", [NEW, "http://www.herald.example/news.xml", f"{NEW}?utm_source=rss#top"]
)
def test_a_moved_feed_gives_way_to_the_one_that_is_polled_there(url):
    assert find_survivor(MOVED, [state("else", "https://else.example/"), state("home", url)])


def test_a_feed_at_its_own_address_never_gives_way():
    assert find_survivor(HOME, [MOVED]) is None
    over_https = state("home", NEW.replace("https", "http"), NEW)
    assert find_survivor(over_https, [MOVED]) is None


def test_a_feed_does_not_give_way_to_itself():
    assert find_survivor(MOVED, [MOVED]) is None


@pytest.mark.parametrize(
    "asleep",
    [
        {"configured": False},
        {"paused": True},
        {"paused": True, "paused_reason": "merged", "merged_into": "old"},
    ],
)
def test_nobody_gives_way_to_a_feed_that_is_not_polled(asleep):
    assert find_survivor(MOVED, [replace(HOME, **asleep)]) is None


def test_a_failed_poll_proves_nothing():
    assert find_survivor(replace(MOVED, last_reason="http_500"), [HOME]) is None


def test_of_several_feeds_there_the_one_at_home_stays():
    also_moved = state("a-third", "https://third.example/feed", NEW)
    assert find_survivor(MOVED, [also_moved, HOME]) == HOME
    assert find_survivor(MOVED, [also_moved]) == also_moved


def test_a_merged_feed_keeps_all_that_was_learnt_of_it():
    after = merged(MOVED, HOME, NOW)
    assert (after.merged_into, after.merged_at, after.health) == ("home", NOW, "merged")
    assert (after.paused, after.paused_reason) == (True, "merged")
    assert unmerged(after) == MOVED


def test_a_pause_of_the_operators_outlives_the_merge():
    paused = replace(merged(MOVED, HOME, NOW), paused_reason="asked to")
    after = unmerged(paused)
    assert (after.paused, after.paused_reason, after.merged_into) == (True, "asked to", None)


def test_a_merge_is_told_in_words():
    assert say_merged(MOVED) is None
    assert say_merged(merged(MOVED, HOME, NOW)) == "merged into home since 2019-09-10 08:00 UTC"


# ── when the catalogue is read again ──────────────────────────────────────────────────────────

GIVEN_WAY = merged(MOVED, HOME, NOW)
BEFORE = {"old": GIVEN_WAY, "home": HOME}


def old_of(after):
    return {one.feed.feed_id: one for one in without_void_merges(BEFORE, after)}["old"]


def test_a_merge_outlives_a_catalogue_that_says_the_same():
    assert without_void_merges(BEFORE, [GIVEN_WAY, HOME]) == [GIVEN_WAY, HOME]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([GIVEN_WAY], id="never heard of"),
        pytest.param([GIVEN_WAY, replace(HOME, configured=False)], id="survivor taken out"),
        pytest.param([GIVEN_WAY, state("home", "https://else.example/")], id="other address"),
        pytest.param([replace(GIVEN_WAY, configured=False), HOME], id="merged one taken out"),
    ],
)  # fmt: skip
def test_a_merge_ends_when_the_catalogue_changes_what_it_rests_on(after):
    assert old_of(after).merged_into is None
    assert not old_of(after).paused


def test_a_survivor_that_has_moved_on_still_stands_for_the_merged_one():
    """Neither by its own redirects nor by an operator who writes down where they lead."""
    further = "https://herald.example/all.xml"
    gone_on = replace(HOME, url=further)
    before = {"old": GIVEN_WAY, "home": gone_on}
    for after in (gone_on, state("home", further)):
        assert GIVEN_WAY in without_void_merges(before, [GIVEN_WAY, after])


def test_a_chain_of_merges_ends_link_by_link():
    third = state("third", "https://third.example/feed", merged_at=NOW + timedelta(days=9))
    home = merged(replace(HOME, url=third.url), third, NOW)
    before = {"old": GIVEN_WAY, "home": home, "third": third}
    out = replace(third, configured=False)
    after = {one.feed.feed_id: one for one in without_void_merges(before, [GIVEN_WAY, home, out])}
    assert after["home"].merged_into is None
    assert after["old"].merged_into == "home"
