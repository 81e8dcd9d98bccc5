"""Findings and silences in the ledger, and the measures that inspections rest on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from support_ledger import (
    NOW,
    bring_to,
    commit_step,
    decision,
    extracted,
    feed,
    poll,
    poll_result,
    publish,
    state,
    step,
)

from pipeline.model import Result, Stage, Status
from pipeline.quality.drift import Pages, Texts
from pipeline.quality.findings import Finding, FindingKind, Severity, Silence
from pipeline.urls import host_of
from pipeline.work import Outcome

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = frozenset(FindingKind)
GAP = Finding(FindingKind.GAP, Severity.WARNING, "a gap", {"times": 1}, feed_id="herald-world",
              outlet="herald")  # fmt: skip
DROPS = Finding(FindingKind.DROPS, Severity.WARNING, "drops", {"hits": 9}, outlet="herald",
                aspect="js_only")  # fmt: skip
OTHER = feed("courier-news", "courier")


# ── findings ──────────────────────────────────────────────────────────────────────────────────


def test_a_finding_is_open_from_when_it_was_found_until_it_is_not_found_again(ledger):
    (first,) = ledger.keep_findings([GAP], ALL, NOW)
    worse = replace(GAP, severity=Severity.CRITICAL, words="gaps", evidence={"times": 3})
    (same,) = ledger.keep_findings([worse], ALL, NOW + HOUR)
    assert same == replace(first, finding=worse, seen_at=NOW + HOUR)
    (closed,) = ledger.keep_findings([], ALL, NOW + 2 * HOUR)
    assert closed == replace(same, closed_at=NOW + 2 * HOUR)
    assert ledger.findings() == []
    assert ledger.findings(closed_since=NOW + HOUR) == [closed]
    (again,) = ledger.keep_findings([GAP], ALL, NOW + DAY)
    assert again.finding_id != first.finding_id
    assert (again.opened_at, again.told_at) == (NOW + DAY, None)


def test_findings_of_one_kind_stand_side_by_side_when_they_are_about_different_things(ledger):
    other = replace(DROPS, aspect="too_short")
    assert len(ledger.keep_findings([DROPS, other, GAP], ALL, NOW)) == 3
    assert len(ledger.keep_findings([DROPS, other, GAP], ALL, NOW + HOUR)) == 3


def test_what_was_not_looked_for_stays_open(ledger):
    ledger.keep_findings([GAP, DROPS], ALL, NOW)
    kept = ledger.keep_findings([], ALL - {FindingKind.GAP}, NOW + HOUR)
    assert [(one.finding.kind, one.closed_at is None) for one in kept] == [
        (FindingKind.GAP, True),
        (FindingKind.DROPS, False),
    ]


def test_two_inspections_at_once_keep_one_finding(ledger, second):
    ledger.keep_findings([GAP], ALL, NOW)
    second.keep_findings([GAP], ALL, NOW)
    assert len(ledger.findings()) == 1


def test_the_ledger_keeps_when_and_of_which_severity_somebody_was_told(ledger):
    kept = ledger.keep_findings([GAP], ALL, NOW)
    ledger.note_told(kept, NOW + HOUR)
    (told,) = ledger.findings()
    assert (told.told_at, told.told_severity) == (NOW + HOUR, Severity.WARNING)


# ── silences ──────────────────────────────────────────────────────────────────────────────────


def test_a_silence_ends_at_its_time_or_when_it_is_ended(ledger):
    made = Silence("anna", "rebuilt", NOW, NOW + DAY, outlet="herald")
    kept = ledger.silence(made)
    other = ledger.silence(replace(made, kind=FindingKind.GAP, outlet=None, until=NOW + HOUR))
    assert ledger.silences(NOW) == [kept, other]
    assert ledger.silences(NOW + HOUR) == [kept]
    assert ledger.end_silence(kept.silence_id, NOW + 2 * HOUR)
    assert not ledger.end_silence(kept.silence_id, NOW + 2 * HOUR)
    assert ledger.silences(NOW + 2 * HOUR) == []


def test_a_silence_without_an_end_is_refused(ledger):
    with pytest.raises(IntegrityError):
        ledger.silence(Silence("anna", "for ever", NOW, None))


# ── measures ──────────────────────────────────────────────────────────────────────────────────


def test_new_entries_are_counted_in_spans_of_24_hours_back_from_now(ledger):
    links = [f"https://herald.example/{n}" for n in range(4)]
    poll(ledger, decision(links[0]), at=NOW - 2 * DAY - HOUR)
    poll(ledger, decision(links[1]), decision(links[2]), at=NOW - HOUR)
    poll(ledger, decision(links[1], change="changed", version=2), at=NOW - HOUR)
    poll(ledger, decision(links[3]), of=OTHER, at=NOW - 40 * DAY)
    asked = ["herald-world", "courier-news"]
    assert ledger.new_by_span(asked, NOW, days=29) == {
        "herald-world": {0: 2, 2: 1},
        "courier-news": {},
    }


def test_gaps_are_counted_by_feed(ledger):
    ledger.sync_feeds([state(feed())])
    for at, reason in ((NOW - 2 * DAY, "gap"), (NOW - HOUR, "gap"), (NOW - HOUR, None)):
        lease = ledger.lease_host(host_of(feed().url), lease_s=60)
        result = poll_result(feed(), at=at)
        ledger.commit_poll(
            lease, replace(result, outcome=Outcome(Stage.POLL, Result.OK, at, reason))
        )
        ledger.release(lease)
    assert ledger.gaps_since(NOW - DAY) == {"herald-world": 1}


def test_extractions_are_counted_by_outlet_and_reason(ledger):
    publish(ledger, "https://herald.example/a", text="alpha " * 50, at=NOW)
    bring_to(ledger, "https://herald.example/b", Stage.EXTRACT, at=NOW)
    dropped = step("https://herald.example/b", Stage.EXTRACT, None, at=NOW, result=Result.DROPPED,
                   reason="js_only", status=Status.DROPPED)  # fmt: skip
    commit_step(ledger, Stage.EXTRACT, dropped)
    assert ledger.extracted_pages(NOW, NOW + HOUR) == {"herald": Pages(2, {"js_only": 1})}
    assert ledger.extracted_pages(NOW + HOUR, NOW + DAY) == {}
    texts = ledger.extracted_texts(NOW, NOW + HOUR, limit=10)
    without = {"author": 1, "entities": 1, "places": 0, "topics": 1}
    assert texts == {"herald": Texts([300], 0, without)}


def test_texts_without_a_date_are_counted_and_only_so_many_are_read(ledger):
    for name in "ab":
        url = f"https://herald.example/{name}"
        bring_to(ledger, url, Stage.EXTRACT, at=NOW)
        done = extracted(url, NOW, text=f"text of {name}")
        undated = replace(done, extraction=replace(done.extraction, published_at=None))
        commit_step(ledger, Stage.EXTRACT, undated)
    assert ledger.extracted_texts(NOW, NOW + HOUR, limit=10) == {
        "herald": Texts([9, 9], 2, {"author": 2})
    }
    assert ledger.extracted_texts(NOW, NOW + HOUR, limit=1) == {
        "herald": Texts([9], 1, {"author": 1})
    }
