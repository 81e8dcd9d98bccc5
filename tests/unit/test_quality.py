"""What counts as wrong, and who is told of it how often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from support_ledger import feed, state

from pipeline.balance import balance
from pipeline.index.json_schema import event_json_schema
from pipeline.quality.drift import Pages, Texts, drops_drift, texts_drift
from pipeline.quality.ends import gaps, late, unbalanced, waiting
from pipeline.quality.event import finding_event
from pipeline.quality.findings import Finding, FindingKind, KeptFinding, Severity, Silence
from pipeline.quality.telling import message, to_tell
from pipeline.quality.volume import odd_volumes
from pipeline.work import Books

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERALD = state(feed())


def volume(today, before, of=HERALD):
    by_day = {0: today} | dict(enumerate(before, 1))
    return [one.severity for one in odd_volumes([of], {"herald-world": by_day})]


# ── volume ────────────────────────────────────────────────────────────────────────────────────

STEADY = [40, 38, 41, 44, 39, 37, 42] * 4
WEEKLY = [40, 41, 12, 10, 39, 40, 42] * 4  # days ago: 3 and 4 were a weekend


@pytest.mark.parametrize(
    ("today", "before", "found"),
    [
        (39, STEADY, []),
        (30, STEADY, []),
        (12, STEADY, ["warning"]),
        (0, STEADY, ["critical"]),
        (90, STEADY, ["warning"]),
        (0, [1, 0, 2, 0, 0, 1, 3] * 4, []),  # quiet by nature
        (0, [40] * 5, []),  # too young to have a past
        (41, [*STEADY[:10], 0, 400, *STEADY[12:]], []),  # one strange day moves nothing
        (11, [41, 12, 40, 41, 42, 41, 10] * 4, []),  # so it was on each of these weekdays
        (12, WEEKLY, ["warning"]),  # on a weekday it is no weekend
    ],
)
def test_a_feed_is_held_against_its_own_last_weeks(today, before, found):
    assert volume(today, before) == found


@pytest.mark.parametrize("change", [{"paused": True}, {"configured": False}, {"merged_into": "x"}])
def test_a_feed_that_is_not_polled_brings_nothing_and_that_is_no_finding(change):
    assert volume(0, STEADY, replace(HERALD, **change)) == []


# ── drift ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("now", "before", "found"),
    [
        ((2, 50), (10, 350), []),
        ((40, 50), (10, 350), ["critical"]),
        ((20, 50), (20, 350), ["warning"]),
        ((15, 15), (0, 350), []),  # too few pages
        ((40, 50), (8, 10), []),  # too little past
        ((300, 2_000), (700, 14_000), []),  # certain, and of no consequence
    ],
)
def test_drops_are_held_against_the_outlets_own_week(now, before, found):
    pages = [{"herald": Pages(of, {"js_only": hits})} for hits, of in (now, before)]
    drifts = drops_drift(*pages)
    assert [one.severity for one in drifts] == found
    assert all(one.aspect == "js_only" and one.outlet == "herald" for one in drifts)


def texts(chars, articles=30, undated=0):
    return {"herald": Texts([chars + n for n in range(articles)], undated)}


def kinds(found):
    return [one.kind for one in found]


def test_texts_that_shrink_or_lose_their_dates_are_found():
    assert texts_drift(texts(3_000), texts(3_100)) == []
    assert kinds(texts_drift(texts(400), texts(3_000))) == [FindingKind.TEXT_LENGTH]
    assert kinds(texts_drift(texts(9_000), texts(3_000))) == [FindingKind.TEXT_LENGTH]
    lost = texts_drift(texts(3_000, undated=28), texts(3_000))
    assert kinds(lost) == [FindingKind.MISSING_DATES]
    assert texts_drift(texts(400), {}) == []


@pytest.mark.parametrize("part", ["author", "entities", "places", "topics"])
def test_texts_that_lose_what_they_used_to_have_are_found(part):
    def without(some):
        return {"herald": replace(texts(3_000)["herald"], without={part: some})}

    (found,) = texts_drift(without(28), without(2))
    assert (found.kind, found.aspect) == (FindingKind.MISSING_PARTS, part)
    assert "herald" in found.words
    assert texts_drift(without(2), without(2)) == []
    assert texts_drift(without(2), without(28)) == []
    assert texts_drift(without(28), texts(3_000)) != []


# ── ends ──────────────────────────────────────────────────────────────────────────────────────


def books(discovered, **indexed):
    return Books(discovered, 0, {"indexed": len(indexed)}, {}, {}, {}, indexed, frozenset())


def test_books_that_do_not_balance_are_critical_and_name_what_is_wrong():
    assert unbalanced(balance(books(1, a=1), [("a", 1)])) == []
    (found,) = unbalanced(balance(books(1, a=1), []))
    assert found.severity is Severity.CRITICAL
    assert found.evidence["missing_from_index"] == ["a"]


@pytest.mark.parametrize(
    ("delays", "found"),
    [
        ([100.0] * 100, []),
        ([100.0] * 96 + [10_000.0] * 4, []),
        ([100.0] * 90 + [1_000.0] * 10, ["warning"]),
        ([100.0] * 90 + [10_000.0] * 10, ["critical"]),
        ([10_000.0] * 5, []),  # a percentile of few says little
    ],
)
def test_freshness_is_a_percentile_against_the_objective(delays, found):
    assert [one.severity for one in late(delays, 900.0)] == found


@pytest.mark.parametrize(
    ("minutes", "found"), [(None, []), (15, []), (16, ["warning"]), (61, ["critical"])]
)
def test_an_index_that_takes_nothing_is_found_although_nothing_arrives_late(minutes, found):
    since = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert [one.severity for one in waiting(60, since, 900.0, NOW)] == found


def test_gaps_are_named_with_their_feed():
    (found,) = gaps([HERALD], {"herald-world": 1, "stranger": 2})
    assert (found.feed_id, found.outlet, found.severity) == ("herald-world", "herald", "warning")
    (found,) = gaps([HERALD], {"herald-world": 3})
    assert found.severity is Severity.CRITICAL


# ── telling ───────────────────────────────────────────────────────────────────────────────────

GAP = Finding(FindingKind.GAP, Severity.WARNING, "A gap.", {}, feed_id="herald-world",
              outlet="herald")  # fmt: skip


def kept(**fields):
    return KeptFinding(1, **{"finding": GAP, "opened_at": NOW, "seen_at": NOW} | fields)


def is_told(one, *silences, now=NOW):
    return bool(to_tell([one], silences, now, again_after_s=86_400))


def test_a_finding_is_told_once_and_again_when_it_gets_worse_or_a_day_later():
    assert is_told(kept())
    told = kept(told_at=NOW, told_severity=Severity.WARNING)
    assert not is_told(told, now=NOW + HOUR)
    assert is_told(told, now=NOW + DAY)
    worse = replace(told, finding=replace(GAP, severity=Severity.CRITICAL))
    assert is_told(worse, now=NOW + HOUR)
    better = replace(told, told_severity=Severity.CRITICAL)
    assert not is_told(better, now=NOW + HOUR)
    assert not is_told(kept(closed_at=NOW))


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"outlet": "herald"}, False),
        ({"feed_id": "herald-world", "kind": FindingKind.GAP}, False),
        ({"kind": FindingKind.VOLUME}, True),
        ({"outlet": "courier"}, True),
    ],
)
def test_what_is_silenced_is_not_told_until_the_silence_ends(about, told):
    silence = Silence("anna", "rebuilt", NOW, NOW + HOUR, **about)
    assert is_told(kept(), silence) is told
    assert is_told(kept(), silence, now=NOW + HOUR)


def test_a_message_has_words_for_people_and_figures_for_programs():
    body = message([kept()], NOW)
    assert body["text"] == "Newsline: 1 findings\n[warning] A gap."
    assert body["findings"][0]["kind"] == "gap"


# ── events ────────────────────────────────────────────────────────────────────────────────────


def test_the_event_of_a_finding_fits_the_schema_and_is_the_same_until_it_changes():
    schema = jsonschema.Draft202012Validator(event_json_schema())
    first = finding_event(kept())
    assert schema.is_valid(first.body)
    assert (first.body["kind"], first.body["result"], first.body["reason"]) == (
        "finding", "warning", "gap",
    )  # fmt: skip
    assert finding_event(kept(seen_at=NOW + HOUR)).event_id == first.event_id
    over = finding_event(kept(closed_at=NOW + HOUR))
    assert over.event_id != first.event_id
    assert over.body["result"] == "over"
