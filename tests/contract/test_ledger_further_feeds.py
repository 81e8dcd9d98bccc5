"""An article that a second feed lists says so in its document, without being fetched again."""

from datetime import timedelta

from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    decision,
    feed,
    fetched,
    indexed,
    poll,
    publish,
    where,
    works,
)

from pipeline.model import Stage, Status

A = "https://herald.example/a"
WORLD, REGION = feed(), feed("herald-region")
LATER = NOW + timedelta(minutes=1)


def feeds_of(work):
    return {sighting.feed.feed_id for sighting in work.sightings}


def test_a_second_feed_makes_a_new_version_of_the_document(ledger):
    version = publish(ledger, A, of=WORLD)
    poll(ledger, decision(A), of=REGION, at=LATER)
    (work,) = works(ledger, Stage.INDEX, LATER)
    assert work.doc_version == version + 1
    assert feeds_of(work) == {"herald-world", "herald-region"}
    assert commit_step(ledger, Stage.INDEX, indexed(A, version + 1, LATER)) == []
    assert where(ledger, A).stage is Stage.FETCH


def test_the_same_feed_again_changes_nothing(ledger):
    publish(ledger, A, of=WORLD)
    poll(ledger, decision(A, version=2), of=WORLD, at=LATER)
    assert works(ledger, Stage.INDEX, LATER) == []


def test_a_second_feed_during_the_write_is_written_after_it(ledger):
    bring_to(ledger, A, Stage.INDEX, of=WORLD)
    lease, (work,) = ledger.lease_articles(Stage.INDEX, NOW, limit=10, lease_s=LEASE_S)
    poll(ledger, decision(A), of=REGION, at=LATER)
    assert ledger.commit(lease, [indexed(A, work.doc_version, LATER)]) == []
    assert where(ledger, A).status is Status.INDEXED
    (again,) = works(ledger, Stage.INDEX, LATER)
    assert again.doc_version == work.doc_version + 1


def test_a_second_feed_before_the_write_is_in_it(ledger):
    bring_to(ledger, A, Stage.INDEX, of=WORLD)
    poll(ledger, decision(A), of=REGION, at=LATER)
    (work,) = works(ledger, Stage.INDEX, LATER)
    assert feeds_of(work) == {"herald-world", "herald-region"}


def test_another_link_to_an_article_makes_a_new_version_of_its_document(ledger):
    version = publish(ledger, A, of=WORLD)
    short = "https://herald.example/s/1"
    poll(ledger, decision(short), of=REGION, at=LATER)
    assert works(ledger, Stage.INDEX, LATER) == []
    commit_fetch(ledger, fetched(short, final_url=A, at=LATER), short)
    assert where(ledger, short).status is Status.ALIAS
    (work,) = works(ledger, Stage.INDEX, LATER)
    assert work.doc_version == version + 1
    assert feeds_of(work) == {"herald-world", "herald-region"}


def test_a_further_feed_with_that_other_link_does_so_too(ledger):
    publish(ledger, A, of=WORLD)
    short = "https://herald.example/s/1"
    poll(ledger, decision(short), of=WORLD, at=LATER)
    commit_fetch(ledger, fetched(short, final_url=A, at=LATER), short)
    (work,) = works(ledger, Stage.INDEX, LATER)
    commit_step(ledger, Stage.INDEX, indexed(A, work.doc_version, LATER))
    poll(ledger, decision(short), of=REGION, at=LATER)
    (again,) = works(ledger, Stage.INDEX, LATER)
    assert feeds_of(again) == {"herald-world", "herald-region"}
