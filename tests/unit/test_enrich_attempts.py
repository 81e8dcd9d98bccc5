"""An enricher that fails leaves only its part empty, and what went wrong is kept."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from pipeline.adapters.ledger.records import enrichment_of, to_json
from pipeline.enrich import attempts as attempts_module
from pipeline.enrich.attempts import ENRICHER_FAILED, Attempts
from pipeline.enrich.budget import cpu_budget
from pipeline.enrich.enrichers import Enrichers
from pipeline.model import Result, Stage
from pipeline.stages import _as_enriched

TEXT = "“We have waited long enough,” Erdoğan said on Tuesday."
NOW = datetime(2019, 9, 10, tzinfo=UTC)


class Broken:
    """Rules that fail at every text."""

    def find(self, *_):
        raise RecursionError("too deep")


@pytest.fixture(scope="module")
def half(root):
    """Return enrichers of which the topics fail."""
    whole = Enrichers.load(root / "config")
    return Enrichers(whole._gazetteer, whole._places, Broken(), whole._iptc, whole.versions)


def test_the_other_parts_are_there(half):
    found = half.enrich(title="", text=TEXT, language="en")
    assert found.failed == {"topics": "RecursionError: too deep"}
    assert found.topics == ()
    assert [one.id for one in found.entities] == ["recep-tayyip-erdogan"]
    assert [one.speaker for one in found.quotes] == ["Recep Tayyip Erdoğan"]


def test_when_places_fail_the_names_of_the_gazetteer_remain(root):
    whole = Enrichers.load(root / "config")
    without = Enrichers(whole._gazetteer, Broken(), whole._topics, whole._iptc, whole.versions)
    found = without.enrich(title="", text="Erdoğan spoke in Ankara.", language="en")
    assert found.failed == {"places": "RecursionError: too deep"}
    assert found.places == ()
    assert {one.id for one in found.entities} == {"recep-tayyip-erdogan", "ankara"}


def test_it_ends_well_and_is_counted_by_a_reason(half):
    outcome = _as_enriched(half.enrich(title="", text=TEXT, language="en"), NOW)
    assert (outcome.stage, outcome.result) == (Stage.ENRICH, Result.OK)
    assert outcome.reason == ENRICHER_FAILED
    assert outcome.detail == "topics: RecursionError: too deep"


def test_nothing_failed_has_no_reason(root):
    found = Enrichers.load(root / "config").enrich(title="", text=TEXT, language="en")
    assert _as_enriched(found, NOW).reason is None


def test_the_ledger_gives_it_back(half):
    found = half.enrich(title="", text=TEXT, language="en", published=NOW.date())
    assert found.quotes
    assert found.dates
    assert enrichment_of(to_json(found)) == found


def test_want_of_memory_is_not_the_enricher_s_failure():
    def work():
        raise MemoryError

    with pytest.raises(MemoryError):
        Attempts().of("topics", work, ())


def test_an_enricher_that_takes_too_long_leaves_only_its_part_empty(monkeypatch):
    monkeypatch.setattr(attempts_module, "BUDGET_S", 0.1)
    attempts = Attempts()

    def chokes():
        return re.fullmatch(r"(a+)+b", "a" * 60)  # takes until the end of time

    assert attempts.of("topics", chokes, ()) == ()
    assert "more than 0.1 s of CPU time" in attempts.failed["topics"]
    assert attempts.of("quotes", lambda: "said", "") == "said"
    assert list(attempts.failed) == ["topics"]


def test_waiting_costs_no_budget_and_nothing_is_left_behind():
    before = signal.getsignal(signal.SIGPROF)
    with cpu_budget(0.05):
        time.sleep(0.2)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGPROF) is before


def test_in_another_thread_there_is_no_budget_and_no_harm():
    def work():
        with cpu_budget(0.01):
            return sum(range(2_000_000))

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == sum(range(2_000_000))


def test_a_long_complaint_is_cut():
    attempts = Attempts()

    def work():
        raise ValueError("x" * 10_000)

    assert attempts.of("topics", work, ()) == ()
    assert len(attempts.failed["topics"]) <= 200
