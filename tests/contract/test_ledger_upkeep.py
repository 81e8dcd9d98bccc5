"""What the ledger tells those who hold an index against it: waiting, belonging, gone."""

from datetime import timedelta

from support_ledger import (
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    enriched,
    extracted,
    fetched,
    grouped,
    indexed,
    publish,
    retract,
    works,
)

from pipeline.model import Stage
from pipeline.urls import article_id

URLS = [f"https://herald.example/{name}" for name in "abcde"]


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


def test_what_belongs_in_the_index_says_when_its_version_was_indexed_first(ledger):
    later = NOW + timedelta(hours=3)
    publish(ledger, URLS[0], text="once")
    publish(ledger, URLS[1], text="twice", at=later)
    [found] = ledger.all_indexed()
    assert {work.url: work.indexed_at for work in found} == {URLS[0]: NOW, URLS[1]: later}
    revised = [
        extracted(URLS[0], later, text="anew"),
        enriched(URLS[0], later, fingerprint="anew"),
        grouped(URLS[0], later),
    ]
    commit_fetch(ledger, fetched(URLS[0], at=later), URLS[0])
    for result in revised:
        commit_step(ledger, result.outcome.stage, result)
        [before] = ledger.indexed([article_id(URLS[0])])
        assert before.indexed_at == NOW  # of the version that the index holds
    [work] = works(ledger, Stage.INDEX, later)
    commit_step(ledger, Stage.INDEX, indexed(URLS[0], work.doc_version, later))
    [after] = ledger.indexed([article_id(URLS[0])])
    assert after.indexed_at == later


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
