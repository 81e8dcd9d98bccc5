"""`index init`, `rebuild` and `verify --repair` broken off at any of their requests, and run again.

Broken off at each: at every other one before the cluster heard of the request, at the rest when it
had done what was asked. Then the command is run again, and everything has to be as if nothing had
happened.
"""

import time

import pytest
from elastic_transport import Transport
from support_index import ROOT, elastic, elastic_settings, remove_collection
from support_ledger import publish

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.ledger import open_ledger
from pipeline.index.document import build_document
from pipeline.index.query import Query
from pipeline.rebuild import rebuild
from pipeline.upkeep import differences, repair, status
from pipeline.urls import article_id

pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow, pytest.mark.timeout(600)]

ARTICLES = 5
WAYS = ["before", "after"]
#: Elasticsearch forgets the version of what was deleted when its clock has ticked.
TICK_S = 0.5


class Killed(BaseException):
    """The process ends here."""


class Breaking:
    """Breaks off at one of the requests to the cluster; `count` is how many there were."""

    def __init__(self, monkeypatch):
        self.count, self.at, self.way = 0, None, None
        send = Transport.perform_request

        def perform_request(transport, *asked, **how):
            self.count += 1
            if self.count == self.at and self.way == "before":
                raise Killed
            answer = send(transport, *asked, **how)
            if self.count == self.at:
                raise Killed
            return answer

        monkeypatch.setattr(Transport, "perform_request", perform_request)

    def at_each(self, work, way):
        """Do some work again and again, each time broken off two requests later; yield after each.

        Ends when it was not broken off any more.
        """
        number = WAYS.index(way) - 1
        while True:
            number += 2
            self.count, self.at, self.way = 0, number, way
            try:
                work()
            except Killed:
                self.at = None
                time.sleep(TICK_S)  # nobody is quicker to run it again
                yield number
            else:
                self.at = None
                return


@pytest.fixture
def breaking(monkeypatch):
    return Breaking(monkeypatch)


class Collection:
    """Some articles in a ledger, and in an index."""

    def __init__(self, folder):
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        for number in range(ARTICLES):
            publish(self.ledger, f"https://herald.example/{number}", text=f"Patrol {number}.")
        self.index = elastic(folder)
        self.index.write(self.documents(), [])
        self.admin = connect(self.index.cluster.settings, None)
        self.names = self.index.names

    def documents(self):
        return [build_document(work) for batch in self.ledger.all_indexed() for work in batch]

    def assert_whole(self):
        assert list(differences(self.ledger, self.index)) == []
        assert self.index.search(Query()).total == ARTICLES
        wanted = {one["article_id"]: one["doc_version"] for one in self.documents()}
        assert dict(self.index.versions()) == wanted
        said = status(self.ledger, self.index)
        assert (said["rebuild_needed"], said["waiting"]) == (None, 0)

    def close(self):
        self.admin.close()
        self.index.close()
        self.ledger.close()
        remove_collection(self.index.cluster.settings)


@pytest.fixture
def collection(tmp_path):
    made = Collection(tmp_path)
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path):
    made = elastic_settings(tmp_path)
    yield made
    remove_collection(made)


@pytest.mark.parametrize("way", WAYS)
def test_setting_up(settings, breaking, way):

    def init():
        setup = Setup(settings, ROOT / "config", None)
        try:
            return setup.run()
        finally:
            setup.close()

    points = 0
    for points in breaking.at_each(init, way):  # noqa: B007 - how many there were
        init()
        assert {one.how for one in init()} <= {"put", "there already"}
        remove_collection(settings)
    assert points >= 7


@pytest.mark.parametrize("way", WAYS)
def test_rebuilding(collection, breaking, way):
    points = 0
    for points in breaking.at_each(lambda: rebuild(collection.ledger, collection.index), way):
        done = rebuild(collection.ledger, collection.index)
        assert done.serves, points
        assert done.differences == []
        collection.assert_whole()
        assert len(collection.index.prune()) <= 3
    assert points > 15


@pytest.mark.parametrize("way", WAYS)
def test_repairing(collection, breaking, way):
    lost, changed = (article_id(f"https://herald.example/{number}") for number in (0, 1))

    def harm():
        collection.admin.delete(index=collection.names.write, id=lost, refresh=True)
        time.sleep(TICK_S)
        held = collection.admin.get(index=collection.names.write, id=changed).body["_source"]
        body = {**held, "title": "Another"}
        collection.admin.index(index=collection.names.write, id=changed, document=body)
        collection.admin.indices.refresh(index=collection.names.write)

    def mend():
        found = list(differences(collection.ledger, collection.index))
        repair(collection.ledger, collection.index, found)

    points = 0
    harm()
    for points in breaking.at_each(mend, way):  # noqa: B007 - how many there were
        mend()
        collection.assert_whole()
        harm()
    assert points > 3
