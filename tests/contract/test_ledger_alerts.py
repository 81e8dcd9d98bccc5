"""Saved searches and their hits in the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support_ledger import NOW, publish

from pipeline.adapters.ledger.story_tables import story_merges
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.errors import UsageError

HOOK = "https://receiver.example/hook"
ZONE = SavedSearch("a1", "zone", '"safe zone"', {"language": ("en", "tr")}, HOOK)
LATER = NOW + timedelta(hours=1)


def hit(story="s1", alert_id="a1", **fields):
    made = AlertHit(alert_id, story, f"{story}-article", "Patrols", "https://herald.example/a",
                    "herald", None, ("⟦safe zone⟧",))  # fmt: skip
    return replace(made, **fields)


def keys(hits):
    return [one.key for one in hits]


def due(ledger, now=NOW):
    return [(search.name, keys(hits)) for search, hits in ledger.due_hits(now, limit=9)]


def test_a_search_is_kept_as_it_was_given_and_begins_at_the_end_of_the_log(ledger):
    publish(ledger, "https://herald.example/a")
    ledger.number_changes()
    kept = ledger.add_alert(ZONE, NOW)
    assert kept == replace(ZONE, seq=1, created_at=NOW)
    assert ledger.alerts() == [kept]
    with pytest.raises(UsageError, match="zone"):
        ledger.add_alert(replace(ZONE, alert_id="a2"), NOW)
    assert ledger.remove_alert("zone")
    assert not ledger.remove_alert("zone")
    assert ledger.alerts() == []


def test_a_story_is_a_hit_once_whatever_finds_it_again(ledger):
    ledger.add_alert(ZONE, NOW)
    assert ledger.keep_hits("a1", 1, [hit("s1"), hit("s2")], NOW) == 2
    assert ledger.keep_hits("a1", 2, [hit("s2", article_id="other")], LATER) == 0
    assert keys(ledger.hits("a1", limit=9)) == ["a1.s2", "a1.s1"]
    assert ledger.hits("a1", limit=9)[0].article_id == "s2-article"
    assert ledger.alerts()[0].seq == 2


def test_lines_that_were_matched_by_somebody_else_are_not_matched_again(ledger):
    ledger.add_alert(ZONE, NOW)
    ledger.keep_hits("a1", 5, [], NOW)
    assert ledger.keep_hits("a1", 5, [hit()], NOW) == 0
    assert ledger.keep_hits("a1", 3, [hit()], NOW) == 0
    assert ledger.keep_hits("gone", 9, [hit(alert_id="gone")], NOW) == 0
    assert ledger.hits("a1", limit=9) == []


def test_a_story_that_took_in_one_that_was_told_is_not_told_again(ledger):
    ledger.add_alert(ZONE, NOW)
    ledger.keep_hits("a1", 1, [hit("old")], NOW)
    merge = {"at": NOW, "merged": "old", "into": "new", "articles": 1, "because_of": "x"}
    ledger.database.write(lambda c: c.execute(sa.insert(story_merges), merge))
    assert ledger.keep_hits("a1", 2, [hit("new"), hit("other")], NOW) == 1


def test_nor_one_that_took_it_in_by_way_of_another(ledger):
    ledger.add_alert(ZONE, NOW)
    ledger.keep_hits("a1", 1, [hit("old")], NOW)
    for merged, into in (("old", "between"), ("between", "new"), ("new", "between")):
        merge = {"at": NOW, "merged": merged, "into": into, "articles": 1, "because_of": "x"}
        ledger.database.write(lambda c, row=merge: c.execute(sa.insert(story_merges), row))
    assert ledger.keep_hits("a1", 2, [hit("new"), hit("other")], NOW) == 1


def test_hits_are_due_until_they_are_taken(ledger):
    ledger.add_alert(ZONE, NOW)
    ledger.keep_hits("a1", 1, [hit("s1"), hit("s2")], NOW)
    assert due(ledger) == [("zone", ["a1.s1", "a1.s2"])]
    first, second = (one.hit_id for one in ledger.due_hits(NOW, limit=9)[0][1])
    ledger.note_unsent([first], "http_503", LATER)
    assert due(ledger) == [("zone", ["a1.s2"])]
    ledger.note_sent("a1", [second], NOW)
    assert due(ledger) == []
    assert due(ledger, LATER) == [("zone", ["a1.s1"])]
    assert ledger.due_hits(LATER, limit=9)[0][1][0].failed_reason == "http_503"
    ledger.note_unsent([first], "http_410", LATER + timedelta(days=1))
    assert due(ledger, LATER + timedelta(hours=23)) == []
    assert due(ledger, LATER + timedelta(days=1)) == [("zone", ["a1.s1"])]
    assert [one.tries for one in ledger.hits("a1", limit=9)] == [0, 2]
    assert ledger.alerts()[0].told_at == NOW


def test_hits_are_gathered_for_as_long_as_a_search_says(ledger):
    ledger.add_alert(replace(ZONE, every_s=3_600), NOW)
    ledger.keep_hits("a1", 1, [hit("s1")], NOW)
    ledger.keep_hits("a1", 2, [hit("s2")], NOW + timedelta(minutes=50))
    assert due(ledger, LATER - timedelta(seconds=1)) == []
    assert due(ledger, LATER) == [("zone", ["a1.s1", "a1.s2"])]
    ((_, hits),) = ledger.due_hits(LATER, limit=9)
    ledger.note_sent("a1", [hit.hit_id for hit in hits], LATER)
    ledger.keep_hits("a1", 3, [hit("s3")], LATER)
    assert due(ledger, LATER + timedelta(minutes=59)) == []
    assert due(ledger, LATER + timedelta(minutes=60)) == [("zone", ["a1.s3"])]


def test_a_search_without_a_webhook_has_its_hits_in_the_feed_alone(ledger):
    ledger.add_alert(replace(ZONE, webhook=""), NOW)
    ledger.keep_hits("a1", 1, [hit("s1")], NOW)
    assert due(ledger) == []
    assert keys(ledger.hits("a1", limit=9)) == ["a1.s1"]


def test_what_is_removed_takes_its_hits_along(ledger):
    ledger.add_alert(ZONE, NOW)
    ledger.keep_hits("a1", 1, [hit("s1")], NOW)
    ledger.remove_alert("zone")
    assert ledger.hits("a1", limit=9) == []
    assert due(ledger) == []
