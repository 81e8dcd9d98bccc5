"""What the ledger tells those who hold an index against it: waiting, belonging, gone."""

from datetime import timedelta

from support_ledger import NOW, bring_to, commit_fetch, commit_step, publish, works

from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Outcome, StepResult

URLS = [f"https://herald.example/{name}" for name in "abcde"]
LATER = NOW + timedelta(hours=2)


def retract(ledger, url):
    gone = Outcome(Stage.FETCH, Result.RETRACTED, LATER, "gone")
    commit_fetch(ledger, StepResult(article_id(url), gone, Stage.INDEX, LATER, retract=True), url)
    version = works(ledger, Stage.INDEX, LATER)[0].doc_version
    outcome = Outcome(Stage.INDEX, Result.RETRACTED, LATER, "gone")
    commit_step(
        ledger, Stage.INDEX,
        StepResult(article_id(url), outcome, None, None, Status.RETRACTED, indexed_version=version),
    )  # fmt: skip
    return version


def test_how_many_wait_is_counted_by_stage(ledger):
    for url in URLS[:2]:
        bring_to(ledger, url, Stage.INDEX, text=url)
    bring_to(ledger, URLS[2], Stage.EXTRACT)
    counts = {stage: ledger.waiting(stage) for stage in Stage}
    assert counts == dict.fromkeys(Stage, 0) | {Stage.INDEX: 2, Stage.EXTRACT: 1}


def test_some_articles_come_as_all_of_them_would(ledger):
    for url in URLS[:3]:
        publish(ledger, url, text=url)
    bring_to(ledger, URLS[3], Stage.INDEX, text="not there yet")
    everything = [work for batch in ledger.all_indexed(batch=2) for work in batch]
    assert len(everything) == 3
    asked = [article_id(url) for url in (URLS[2], URLS[0], URLS[3])] + ["stranger"]
    found = ledger.indexed(asked)
    assert sorted(found, key=lambda work: work.article_id) == [
        work for work in everything if work.article_id in asked
    ]
    assert ledger.indexed([]) == []


def test_what_was_retracted_is_gone_with_the_version_of_its_tombstone(ledger):
    for url in URLS[:4]:
        publish(ledger, url, text=url)
    versions = {article_id(url): retract(ledger, url) for url in URLS[:3]}
    batches = list(ledger.all_gone(batch=2))
    assert [len(batch) for batch in batches] == [2, 1]
    assert dict(one for batch in batches for one in batch) == versions
    assert {work.article_id for batch in ledger.all_indexed() for work in batch} == {
        article_id(URLS[3])
    }
