"""Dead letters that a scheduler brings back: which, how many, and how often."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support_ledger import (
    NOW,
    bring_to,
    commit_step,
    enriched,
    failed,
    grouped,
    indexed,
    where,
    works,
)

from pipeline.config import RetrySettings
from pipeline.enrich.attempts import ENRICHER_FAILED
from pipeline.model import Stage, Status

URLS = [f"https://herald.example/{name}" for name in "abc"]
A, B, C = URLS
SIX_HOURS = timedelta(hours=6)
SETTINGS = RetrySettings(
    revive_reasons=("http_503", "reset"), revive_after_s=6 * 3600, revive_rounds=2
)


def die(ledger, url, reason, *, at=NOW):
    bring_to(ledger, url, Stage.EXTRACT, at=at)
    die_again(ledger, url, reason, at=at)


def die_again(ledger, url, reason, *, at):
    commit_step(ledger, Stage.EXTRACT, failed(url, Stage.EXTRACT, reason, at=at))


def test_what_died_of_a_listed_reason_is_due_again_where_it_died(ledger):
    die(ledger, A, "http_503")
    die(ledger, B, "reset")
    die(ledger, C, "parser_timeout")
    assert ledger.revive(SETTINGS, NOW + SIX_HOURS) == {"http_503": 1, "reset": 1}
    assert {work.url for work in works(ledger, Stage.EXTRACT, NOW + SIX_HOURS)} == {A, B}
    assert where(ledger, A).status is Status.IN_FLIGHT
    assert where(ledger, C).status is Status.DEAD
    (action,) = ledger.actions(limit=5)
    assert (action.actor, action.action, action.items) == ("newsline", "revive", 2)
    assert action.subject == "tried again: http_503 1, reset 1"


def test_it_rests_first_and_longer_each_time_and_is_left_alone_after_some_rounds(ledger):
    die(ledger, A, "reset")
    now = NOW
    for rest in (SIX_HOURS, 2 * SIX_HOURS):
        assert ledger.revive(SETTINGS, now + rest - timedelta(seconds=1)) == {}
        now += rest
        assert ledger.revive(SETTINGS, now) == {"reset": 1}
        assert ledger.revive(SETTINGS, now) == {}  # it is under way
        die_again(ledger, A, "reset", at=now)
    assert ledger.revive(SETTINGS, now + timedelta(days=300)) == {}
    assert len(ledger.actions(limit=5)) == 2


def test_no_more_than_the_limit_in_one_run_and_the_oldest_first(ledger):
    for number, url in enumerate(URLS):
        die(ledger, url, "reset", at=NOW + timedelta(minutes=number))
    few = SETTINGS.model_copy(update={"revive_limit": 2})
    later = NOW + timedelta(days=1)
    assert ledger.revive(few, later) == {"reset": 2}
    assert [where(ledger, url).status for url in URLS] == ["in_flight", "in_flight", "dead"]
    assert ledger.revive(few, later) == {"reset": 1}


@pytest.mark.parametrize("change", [{"revive_reasons": ()}, {"revive_rounds": 0}])
def test_it_can_be_switched_off(ledger, change):
    die(ledger, A, "reset")
    off = SETTINGS.model_copy(update=change)
    assert ledger.revive(off, NOW + timedelta(days=1)) == {}
    assert ledger.actions(limit=5) == []


# ── articles of which an enricher failed ──────────────────────────────────────────────────────


def enrich_without_a_part(ledger, url, at, *, fails=True):
    said = enriched(url, at)
    reason = ENRICHER_FAILED if fails else None
    commit_step(ledger, Stage.ENRICH, replace(said, outcome=replace(said.outcome, reason=reason)))
    commit_step(ledger, Stage.GROUP, grouped(url, at))
    (work,) = works(ledger, Stage.INDEX, at)
    commit_step(ledger, Stage.INDEX, indexed(url, work.doc_version, at=at))


def test_an_article_without_a_part_is_enriched_again_and_left_alone_after_some_rounds(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    now = NOW
    enrich_without_a_part(ledger, A, now)
    for rest in (SIX_HOURS, 2 * SIX_HOURS):
        assert ledger.revive(SETTINGS, now + rest - timedelta(seconds=1)) == {}
        now += rest
        assert ledger.revive(SETTINGS, now) == {ENRICHER_FAILED: 1}
        assert ledger.revive(SETTINGS, now) == {}  # it is under way
        assert where(ledger, A).status is Status.INDEXED
        enrich_without_a_part(ledger, A, now)
    assert ledger.revive(SETTINGS, now + 4 * SIX_HOURS) == {}


def test_one_that_has_all_its_parts_by_now_is_not(ledger):
    bring_to(ledger, A, Stage.ENRICH)
    enrich_without_a_part(ledger, A, NOW)
    assert ledger.revive(SETTINGS, NOW + SIX_HOURS) == {ENRICHER_FAILED: 1}
    enrich_without_a_part(ledger, A, NOW + SIX_HOURS, fails=False)
    assert ledger.revive(SETTINGS, NOW + 3 * SIX_HOURS) == {}
    off = SETTINGS.model_copy(update={"revive_rounds": 0})
    assert ledger.revive(off, NOW + 3 * SIX_HOURS) == {}
