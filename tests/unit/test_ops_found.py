"""Findings of inspections on the page of those who run the pipeline."""

from datetime import UTC, datetime

from pipeline.ops.equation import equation
from pipeline.ops.found import finding_notices
from pipeline.oversight import Tally
from pipeline.quality.findings import Finding, FindingKind, KeptFinding, Severity

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
EVEN = equation(Tally(0, 0, {}))
UNEVEN = equation(Tally(1, 0, {}))


def kept(kind, severity=Severity.WARNING, **fields):
    return KeptFinding(1, Finding(kind, severity, f"{kind}.", {}, **fields), NOW, NOW)


def test_the_worst_come_first_and_lead_to_their_feed():
    gap = kept(FindingKind.GAP, feed_id="herald-world")
    volume = kept(FindingKind.VOLUME, Severity.CRITICAL, feed_id="courier")
    first, second = finding_notices([gap, volume], EVEN)
    assert (first.is_bad, first.path) == (True, "feeds/courier")
    assert (second.is_bad, second.path) == (False, "feeds/herald-world")
    assert second.sentence == "gap. Since 12 Sep 08:00 UTC."


def test_what_the_page_says_already_is_not_said_twice():
    found = [kept(FindingKind.FRESHNESS), kept(FindingKind.BALANCE, Severity.CRITICAL)]
    assert [one.path for one in finding_notices(found, EVEN)] == ["balance"]
    assert finding_notices(found, UNEVEN) == []


def test_many_are_counted():
    notices = finding_notices([kept(FindingKind.DROPS, outlet=f"o{n}") for n in range(25)], EVEN)
    assert len(notices) == 11
    assert notices[-1].sentence.startswith("15 more findings")
