"""What may be deleted of a ledger, and that the balance is the same afterwards."""

from datetime import timedelta

from support_ledger import NOW, decision, poll, publish

from pipeline.config import RetentionSettings
from pipeline.quality.findings import Finding, FindingKind, Severity, Silence
from pipeline.retention import trim_ledger
from pipeline.work import Scope

DAY = timedelta(days=1)
A = "https://herald.example/a"
GAP = Finding(FindingKind.GAP, Severity.WARNING, "a gap", {})
MONTH = RetentionSettings(poll_days=30)


def fill(ledger):
    """An article and three polls long ago, one poll now, and findings of both times."""
    then = NOW - 100 * DAY
    publish(ledger, A, at=then)
    for number in range(2):
        poll(ledger, decision(A), at=then + number * timedelta(hours=1))
    poll(ledger, decision(A), at=NOW)
    ledger.keep_findings([GAP], FindingKind, then)
    ledger.keep_findings([], FindingKind, then)
    ledger.keep_findings([GAP], FindingKind, NOW)
    ledger.silence(Silence("anna", "known", then, then + DAY))
    ledger.silence(Silence("anna", "known", NOW, NOW + DAY))


def test_old_polls_go_and_everything_that_the_balance_is_made_of_stays(ledger):
    fill(ledger)
    books, life = ledger.books(Scope()), ledger.where(A)
    done = trim_ledger(ledger, MONTH, NOW)
    assert done == {"deleted": {"polls": 3, "findings": 1, "silences": 1}}
    assert (ledger.books(Scope()), ledger.where(A)) == (books, life)
    assert [one.at for one in ledger.polls("herald-world", limit=9)] == [NOW]
    assert len(ledger.findings(closed_since=NOW - 200 * DAY)) == 1
    assert len(ledger.silences(NOW)) == 1
    assert trim_ledger(ledger, MONTH, NOW) == {
        "deleted": {"polls": 0, "findings": 0, "silences": 0}
    }


def test_until_it_is_configured_it_only_counts(ledger):
    fill(ledger)
    done = trim_ledger(ledger, RetentionSettings(), NOW)
    older = {"polls": 3, "findings": 1, "silences": 1}
    assert done == {"deleted": {}, "older_than_90_days": older}
    assert ledger.count_trimmable(NOW - 90 * DAY) == older


def test_what_was_not_delivered_as_an_event_stays(ledger):
    fill(ledger)
    first = ledger.outcomes_after(0, limit=1)[0].outcome_id
    ledger.advance_export("events", first)
    assert ledger.trim(NOW - 30 * DAY, limit=100)["polls"] == 1


def test_no_more_than_the_limit_goes_at_a_time(ledger):
    fill(ledger)
    assert [ledger.trim(NOW - 30 * DAY, limit=2)["polls"] for _ in range(3)] == [2, 1, 0]
