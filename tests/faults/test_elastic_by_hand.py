"""Somebody with an administrator's hands in the cluster: what a repair finds, and puts right."""

import time
from datetime import timedelta

import pytest
from support_index import elastic, remove_collection
from support_ledger import NOW, publish, retract

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.source import source, tombstone
from pipeline.adapters.ledger import open_ledger
from pipeline.errors import IndexUnavailable
from pipeline.index.document import build_document
from pipeline.index.query import Query
from pipeline.ports import IndexResult
from pipeline.rebuild import rebuild
from pipeline.upkeep import How, differences, repair, status
from pipeline.urls import article_id

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

URLS = [f"https://herald.example/{name}" for name in ("a", "b", "c")]
A, B, C = (article_id(url) for url in URLS)
#: Elasticsearch's clock for deletions ticks five times a second.
TICK_S = 0.5


class Collection:
    """Three articles in ledger and index, and the hands of somebody who knows no versions."""

    def __init__(self, folder):
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        for number, url in enumerate(URLS):
            publish(self.ledger, url, text=f"Patrol number {number}.", title=f"Patrol {number}")
        self.index = elastic(folder)
        self.index.write(self.documents(), [])
        self.alias = self.index.names.write
        self.client = connect(self.index.cluster.settings, None)

    def documents(self):
        return [build_document(work) for batch in self.ledger.all_indexed() for work in batch]

    def delete(self, *ids):
        for one in ids:
            self.client.delete(index=self.alias, id=one, refresh=True)
        time.sleep(TICK_S)

    def change(self, one, **fields):
        held = self.client.get(index=self.alias, id=one).body["_source"]
        self.client.index(index=self.alias, id=one, document=held | fields, refresh=True)

    def also(self, *aliases, index=None):
        """Put aliases on another index, one made now, with an article of its own."""
        other = index or self.index.names.index(7)
        if index is None:
            body = source(self.documents()[0], NOW)
            self.client.indices.create(index=other)
            self.client.index(index=other, id=body["article_id"], document=body, refresh=True)
        for alias in aliases:
            self.client.indices.put_alias(index=other, name=alias)
        return other

    def found(self):
        return {one.article_id: one.how for one in differences(self.ledger, self.index)}

    def mend(self):
        """Repair as `newsline index verify --repair` does; return what still differs."""
        repair(self.ledger, self.index, list(differences(self.ledger, self.index)))
        return self.found()

    def close(self):
        self.client.close()
        self.index.close()
        self.ledger.close()
        remove_collection(self.index.cluster.settings)


@pytest.fixture
def collection(tmp_path):
    made = Collection(tmp_path)
    yield made
    made.close()


def test_what_was_deleted_a_moment_ago_is_put_back_at_once(collection):
    collection.delete(A, B)
    assert collection.found() == {A: How.MISSING, B: How.MISSING}
    assert collection.mend() == {}
    assert collection.index.read([A, B, C]) == {
        one["article_id"]: one for one in collection.documents()
    }


def test_what_was_deleted_a_moment_ago_is_written_by_a_run_too(collection):
    collection.delete(A)
    newer = {**collection.documents()[0], "article_id": A, "doc_version": 9}
    assert collection.index.write([newer], [])[A][0] is IndexResult.OK


def test_what_is_put_back_revives_nothing_that_was_retracted_meanwhile(collection):
    collection.delete(A)
    found = list(differences(collection.ledger, collection.index))
    version = retract(collection.ledger, URLS[0], NOW + timedelta(hours=2))
    collection.index.write([], [(A, version)])
    repair(collection.ledger, collection.index, found)
    late = {**collection.documents()[0], "article_id": A, "doc_version": version - 1}
    answers = collection.index.write([late], [], replace_equal=True)
    assert answers[A][0] is IndexResult.NEWER
    assert set(dict(collection.index.versions())) == {B, C}
    assert collection.found() == {}


def test_what_was_changed_by_hand_is_written_again(collection):
    collection.change(A, title="Somebody else's words")
    collection.change(B, state="gone")
    assert collection.found() == {A: How.DIFFERENT, B: How.MISSING}
    assert collection.mend() == {}


def test_a_newer_version_that_a_change_by_hand_kept_out_is_written_by_the_repair(collection):
    """Elasticsearch counted on by itself, so it took the ledger's next version for an old one."""
    collection.change(A, title="Once")
    collection.change(A, title="Twice")
    later = NOW + timedelta(hours=2)
    version = retract(collection.ledger, URLS[0], later)
    assert collection.index.write([], [(A, version)])[A][0] is IndexResult.NEWER
    assert collection.found() == {A: How.EXTRA}
    assert collection.mend() == {}
    assert A not in dict(collection.index.versions())
    late = {**collection.documents()[0], "article_id": A, "doc_version": version - 1}
    assert collection.index.write([late], [])[A][0] is IndexResult.NEWER


def test_a_version_that_the_ledger_does_not_know_is_left_to_a_rebuild(collection):
    newer = {**collection.documents()[0], "doc_version": 99}
    collection.index.write([newer], [])
    answers = collection.index.write([{**newer, "doc_version": 5}], [], replace_equal=True)
    assert answers[newer["article_id"]][0] is IndexResult.NEWER
    assert collection.index.find(newer["article_id"]) == newer


def test_a_document_that_says_no_version_is_found_and_put_right(collection):
    stranger = {"article_id": "stranger", "state": "live", "title": "Not ours"}
    collection.client.index(index=collection.alias, id="stranger", document=stranger, refresh=True)
    collection.change(C, doc_version=None)
    assert collection.found() == {"stranger": How.EXTRA, C: How.STALE}
    assert collection.mend() == {}


@pytest.mark.parametrize("version", ["1", -3])
def test_whatever_version_a_change_by_hand_says_is_found_and_put_right(collection, version):
    collection.change(A, doc_version=version, title="Somebody else's words")
    assert set(collection.found()) == {A}
    assert collection.mend() == {}
    assert collection.index.find(A) in collection.documents()


def times(collection):
    """When each document was indexed, as it says itself."""
    collection.client.indices.refresh(index=collection.index.names.read)
    hits = collection.client.search(index=collection.index.names.read).body["hits"]["hits"]
    return {hit["_id"]: hit["_source"]["indexed_at"] for hit in hits}


def test_a_rebuild_and_a_repair_keep_when_a_version_was_indexed_first(collection):
    """Whoever follows `indexed_at`, as the alert rule does, is told of nothing twice."""
    as_the_ledger_says = dict.fromkeys((A, B, C), "2019-09-10T08:00:00.123Z")
    assert times(collection) != as_the_ledger_says  # they were written now
    assert rebuild(collection.ledger, collection.index).serves
    assert times(collection) == as_the_ledger_says
    collection.delete(A)
    collection.change(B, title="Somebody else's words", indexed_at="2020-01-01T00:00:00Z")
    assert collection.mend() == {}
    assert times(collection) == as_the_ledger_says


# ── aliases ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", [Query("patrol"), Query(), Query("patrol", collapse=True)])
def test_an_alias_that_leads_to_two_indices_shows_nothing_twice(collection, query):
    names = collection.index.names
    assert collection.index.search(query).total == len(URLS)
    collection.also(names.read)
    fresh = ElasticIndex(collection.index.cluster)
    wanted = f"{names.read} leads to {names.index(1)}, {names.index(7)}.*index rebuild"
    for index in (fresh, collection.index):
        with pytest.raises(IndexUnavailable, match=wanted):
            index.search(query)


def test_what_an_alias_of_two_indices_cannot_say_is_not_taken_for_missing(collection):
    names = collection.index.names
    collection.also(names.read)
    with pytest.raises(IndexUnavailable, match="more than one index"):
        collection.index.read([A])
    with pytest.raises(IndexUnavailable, match=f"{names.read} leads to"):
        status(collection.ledger, collection.index)


@pytest.mark.parametrize("which", [("read",), ("write",), ("read", "write")])
def test_a_rebuild_takes_the_aliases_off_all_others(collection, which):
    names = collection.index.names
    collection.also(*(getattr(names, one) for one in which))
    assert rebuild(collection.ledger, collection.index).serves
    assert collection.index._indices.serving() == [names.index(8)]
    assert collection.index.search(Query("patrol")).total == len(URLS)
    assert collection.found() == {}


def test_tombstones_of_every_index_that_serves_move_to_the_new_one(collection):
    names = collection.index.names
    other = collection.also()
    body = tombstone("stranger", 7, NOW)
    collection.client.index(index=other, id="stranger", document=body, refresh=True)
    collection.also(names.read, index=other)
    assert rebuild(collection.ledger, collection.index).serves
    late = {**collection.documents()[0], "article_id": "stranger", "doc_version": 6}
    assert collection.index.write([late], [])["stranger"][0] is IndexResult.NEWER


def test_a_part_of_an_index_is_no_answer(collection):
    names = collection.index.names
    nowhere = {"index.routing.allocation.require._name": "none"}
    collection.client.indices.create(
        index=names.index(7), settings=nowhere, wait_for_active_shards="0",
        aliases={names.read: {}},
    )  # fmt: skip
    for ask in (
        lambda: collection.index.search(Query()),
        lambda: list(collection.index.versions()),
    ):
        with pytest.raises(IndexUnavailable, match="shards are away"):
            ask()


def test_an_index_that_serves_is_not_removed_as_what_a_rebuild_left(collection):
    names = collection.index.names
    collection.client.indices.put_alias(index=names.index(1), name=names.rebuild)
    collection.index.start_rebuild()
    assert set(dict(collection.index.versions())) == {A, B, C}
    assert collection.index.search(Query("patrol")).total == len(URLS)


def test_a_rebuild_whose_place_another_one_took_never_serves(collection):
    """The second removes what the first has filled: its own is empty at that moment."""
    slow, quick = collection.index, ElasticIndex(collection.index.cluster)
    filled = slow.start_rebuild()
    filled.write(collection.documents(), [])
    quick.start_rebuild()
    with pytest.raises(IndexUnavailable, match="no such index"):
        slow.finish_rebuild(filled)
    assert set(dict(collection.index.versions())) == {A, B, C}


@pytest.mark.parametrize("setting", ["default_pipeline", "final_pipeline"])
def test_a_pipeline_that_is_not_there_refuses_no_document(collection, setting):
    settings = {f"index.{setting}": "nobody-made-this"}
    collection.client.indices.put_settings(index=collection.alias, settings=settings)
    newer = [one | {"doc_version": 9} for one in collection.documents()]
    if setting == "final_pipeline":  # it cannot be turned off from outside
        collection.index._writer._budget_s = 0.5
        with pytest.raises(IndexUnavailable, match="pipeline with id"):
            collection.index.write(newer, [])
    else:
        answers = collection.index.write(newer, [])
        assert {result for result, _ in answers.values()} == {IndexResult.OK}


def test_nothing_is_written_where_nobody_reads(collection):
    """After a rollover of the alias, or when only one of the two was moved."""
    names, documents = collection.index.names, collection.documents()
    other = names.index(2)
    for make, said in (
        (lambda: collection.client.indices.rollover(alias=names.write), names.write),
        (lambda: collection.client.indices.delete_alias(index=names.index(1), name=names.write),
         f"{names.write} leads to {other}, {names.read} to {names.index(1)}"),
    ):  # fmt: skip
        make()
        with pytest.raises(IndexUnavailable, match=f"{said}.*index rebuild"):
            ElasticIndex(collection.index.cluster).write(documents, [])
    assert rebuild(collection.ledger, collection.index).serves
    assert collection.found() == {}
