"""`newsline index init` over a collection that somebody took apart, and what prune leaves alone."""

import pytest
from support_index import ROOT, article, elastic, elastic_settings, remove_collection

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.indices import Indices
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.setup import Setup
from pipeline.errors import IndexUnavailable, UsageError
from pipeline.index.query import Query

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

LIVE = {"term": {"state": "live"}}


class Collection:
    """A collection with one article, and the hands of somebody who takes it apart."""

    def __init__(self, folder):
        self.settings = elastic_settings(folder)
        self.names = Names(self.settings.name)
        self.index = elastic(folder)
        self.client = connect(self.settings, None)
        self.first = self.names.index(1)
        self.index.write([article("a1", "Patrol")], [])

    def init(self):
        """Set up again; return what was not there already, templates aside."""
        setup = Setup(self.settings, ROOT / "config", None)
        try:
            done = setup.run()
        finally:
            setup.close()
        templates = ("component template", "index template")
        rows = [one for one in done if one.what not in templates and one.how != "there already"]
        return {(one.what, one.name): one.how for one in rows}

    def take_off(self, *aliases, index=None):
        for alias in aliases:
            self.client.indices.delete_alias(index=index or self.first, name=alias)

    def aliases(self, index=None):
        wanted = index or self.first
        return self.client.indices.get_alias(index=wanted).body[wanted]["aliases"]

    def indices(self):
        return sorted(self.client.indices.get(index=f"{self.settings.name}-*").body)

    def make(self, index, **aliases):
        self.client.indices.create(index=index, aliases=aliases)

    def close(self):
        self.client.close()
        self.index.close()
        remove_collection(self.settings)


@pytest.fixture
def collection(tmp_path):
    made = Collection(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("which", [("write",), ("read",), ("read", "write")])
def test_aliases_that_are_gone_are_put_back_and_no_index_is_made(collection, which):
    before = collection.indices(), collection.aliases()
    gone = [getattr(collection.names, one) for one in which]
    collection.take_off(*gone)
    assert collection.init() == {("alias", alias): "put back" for alias in gone}
    assert (collection.indices(), collection.aliases()) == before
    assert collection.init() == {}
    collection.index.write([], [("a1", 2)])
    assert collection.index.search(Query("patrol")).total == 0  # the filter hides the tombstone


def test_an_alias_that_lost_its_filter_gets_it_again(collection):
    collection.client.indices.put_alias(index=collection.first, name=collection.names.read)
    assert collection.init() == {("alias", collection.names.read): "put back"}
    assert collection.aliases()[collection.names.read]["filter"] == LIVE


def test_the_index_that_a_rebuild_is_filling_is_not_taken_for_the_one_that_serves(collection):
    collection.index.start_rebuild()
    collection.take_off(collection.names.read, collection.names.write)
    assert len(collection.init()) == 2
    assert collection.index.find("a1") is not None
    assert set(collection.aliases(collection.names.index(2))) == {collection.names.rebuild}


def test_aliases_of_events_are_put_back_and_a_rollover_can_be_searched(collection):
    names = collection.names
    events = names.events_index(1)
    collection.take_off(names.events, names.events_write, index=events)
    assert set(collection.init().values()) == {"put back"}
    collection.client.indices.rollover(alias=names.events_write)
    before = collection.aliases(events)
    assert collection.init() == {("alias", names.events): "put back"}
    assert collection.init() == {}
    assert collection.aliases(events) == before
    assert set(collection.aliases(names.events_index(2))) == {names.events, names.events_write}


def refused(collection, *said):
    """Setting up again says what a person has to do, and changes nothing."""
    before = collection.client.indices.get_alias(index=f"{collection.settings.name}*").body
    for _ in range(2):
        with pytest.raises(UsageError) as error:
            collection.init()
        assert all(one in str(error.value) for one in said), error.value
    after = collection.client.indices.get_alias(index=f"{collection.settings.name}*").body
    assert after == before


def test_nobody_guesses_which_of_several_indices_serves(collection):
    second = collection.names.index(2)
    collection.make(second)
    collection.take_off(collection.names.read, collection.names.write)
    refused(collection, collection.first, second, "POST /_aliases")


def test_aliases_that_lead_to_different_indices_are_left_to_a_person(collection):
    second = collection.names.index(2)
    collection.take_off(collection.names.read)
    collection.make(second, **{collection.names.read: {}})
    refused(collection, collection.first, second, "POST /_aliases")


def test_an_alias_on_two_indices_is_left_to_a_person(collection):
    second = collection.names.index(2)
    collection.make(second, **{collection.names.write: {}})
    refused(collection, collection.first, second, collection.names.write)


def test_an_index_in_the_place_of_an_alias_is_named(collection):
    collection.take_off(collection.names.write)
    collection.make(collection.names.write)
    try:
        refused(collection, f"{collection.names.write} is an index")
    finally:
        collection.client.indices.delete(index=collection.names.write)


def test_a_template_of_somebody_else_in_the_way_is_a_sentence(collection):
    theirs = f"{collection.settings.name}-theirs"
    remove_collection(collection.settings)
    patterns = [f"{collection.settings.name}-v1-*"]
    collection.client.indices.put_index_template(name=theirs, index_patterns=patterns, priority=200)
    with pytest.raises(UsageError, match="refuses to set up"):
        collection.init()


class Overtaken(Indices):
    """Is overtaken by another rebuild that ends, after it has looked which indices serve."""

    def existing(self):
        found = super().existing()
        self.other.finish_rebuild(self.others)
        return found


def test_a_rebuild_that_begins_as_another_ends_does_not_delete_the_index_that_serves(collection):
    other = Indices(collection.index.cluster, collection.names)
    filled = other.start_rebuild()
    mine = Overtaken(collection.index.cluster, collection.names)
    mine.other, mine.others = other, filled
    fresh = mine.start_rebuild()
    assert collection.index.describe()["serving"] == filled
    assert set(collection.aliases(filled)) == {collection.names.read, collection.names.write}
    assert set(collection.aliases(fresh)) == {collection.names.rebuild}


@pytest.mark.parametrize("which", [("write",), ("read", "write")])
def test_prune_removes_nothing_while_nothing_serves(collection, which):
    before = collection.indices()
    collection.take_off(*(getattr(collection.names, one) for one in which))
    with pytest.raises(IndexUnavailable, match="so nothing is deleted"):
        collection.index.prune()
    assert collection.indices() == before


def test_prune_removes_only_what_is_surely_ours(collection):
    ours, lent = collection.names.index(2), collection.names.index(3)
    named = f"{collection.settings.name}-vendors"
    collection.make(ours)
    collection.make(lent, **{f"{collection.settings.name}-their-alias": {}})
    collection.make(named)
    facts = collection.index.describe()
    assert facts["unused"] == ours
    assert lent in facts["left_alone"]
    assert named in facts["left_alone"]
    assert collection.index.prune() == [ours]
    assert {collection.first, lent, named} <= set(collection.indices())


def test_status_says_that_an_index_was_made_for_other_fields(collection):
    assert collection.index.describe()["rebuild_needed"] is None
    index = collection.client.indices.get(index=collection.first).body[collection.first]
    mapping, settings = index["mappings"], index["settings"]["index"]
    del mapping["properties"]["tdm_reserved"]
    old = f"{collection.settings.name}-old"  # no template makes it anew
    aliases = {
        collection.names.read: {"filter": LIVE}, collection.names.write: {"is_write_index": True}
    }  # fmt: skip
    collection.client.indices.delete(index=collection.first)
    collection.client.indices.create(
        index=old,
        mappings=mapping,
        settings={"analysis": settings["analysis"]},
        aliases=aliases,
    )
    assert "tdm_reserved" in collection.index.describe()["rebuild_needed"]
