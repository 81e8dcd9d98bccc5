"""Rebuild, verify and repair: the index against a real ledger, on every engine."""

from datetime import timedelta

import pytest
from support_index import ENGINES, EVERY_ENGINE
from support_ledger import NOW, bring_to, indexed, publish, retract, retracted, send_to_retraction

from pipeline.adapters.ledger import open_ledger
from pipeline.index.document import build_document
from pipeline.index.query import Query
from pipeline.model import Stage
from pipeline.ports import IndexResult
from pipeline.rebuild import rebuild
from pipeline.upkeep import How, differences, differing_versions, repair
from pipeline.urls import article_id

URLS = [f"https://herald.example/{name}" for name in ("a", "b", "c", "d")]
IDS = [article_id(url) for url in URLS]
LATER = NOW + timedelta(hours=2)


@pytest.fixture(params=EVERY_ENGINE)
def index(request, tmp_path):
    opened = ENGINES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    for number, url in enumerate(URLS):
        publish(opened, url, text=f"Patrol number {number} went out.", title=f"Patrol {number}")
    yield opened
    opened.close()


def documents(ledger):
    return [build_document(work) for batch in ledger.all_indexed() for work in batch]


def found(ledger, index):
    return {one.article_id: one.how for one in differences(ledger, index)}


class Unreliable:
    """An index whose rebuilt successor answers for everything as told, and keeps nothing."""

    def __init__(self, index, answer):
        self.index, self.answer = index, answer

    def start_rebuild(self):
        return Unreliable(self.index.start_rebuild(), self.answer)

    def write(self, given, _gone, **_):
        return dict.fromkeys([one["article_id"] for one in given], self.answer)

    def __getattr__(self, name):
        return getattr(self.index, name)


def test_an_index_that_holds_what_it_should_has_no_differences(ledger, index):
    index.write(documents(ledger), [])
    assert found(ledger, index) == {}
    assert repair(ledger, index, []) == {}


def test_every_way_to_differ_is_found_and_repaired(ledger, index):
    good = documents(ledger)
    by_id = {one["article_id"]: one for one in good}
    index.write(
        [
            {**by_id[IDS[0]], "doc_version": 1},  # stale
            {**by_id[IDS[1]], "title": "Somebody else's words"},  # different
            by_id[IDS[3]],
            {**by_id[IDS[3]], "article_id": "stranger", "doc_version": 7},  # extra
        ],
        [],
    )
    wrong = list(differences(ledger, index))
    assert {one.article_id: one.how for one in wrong} == {
        IDS[0]: How.STALE,
        IDS[1]: How.DIFFERENT,
        IDS[2]: How.MISSING,
        "stranger": How.EXTRA,
    }
    assert next(one.fields for one in wrong if one.how is How.DIFFERENT) == ("title",)
    answers = repair(ledger, index, wrong)
    assert {result for result, _ in answers.values()} == {IndexResult.OK}
    assert found(ledger, index) == {}
    assert index.read(IDS) == by_id
    assert index.find("stranger") is None


def test_a_late_write_does_not_bring_back_what_a_repair_took_out(ledger, index):
    """The index held an old version, and what is late is older than the retraction only."""
    first = documents(ledger)[0]
    index.write([{**first, "doc_version": 1}, *documents(ledger)[1:]], [])
    url = next(one for one in URLS if article_id(one) == first["article_id"])
    version = retract(ledger, url)
    assert version - 1 > 1
    repair(ledger, index, list(differences(ledger, index)))
    late = index.write([{**first, "doc_version": version - 1}], [])
    assert late[first["article_id"]][0] is IndexResult.NEWER
    assert found(ledger, index) == {}


def test_a_document_newer_than_the_ledger_is_left_to_a_rebuild(ledger, index):
    good = documents(ledger)
    index.write([*good[1:], {**good[0], "doc_version": 99}], [])
    wrong = list(differences(ledger, index))
    assert [one.how for one in wrong] == [How.NEWER]
    assert repair(ledger, index, wrong) == {}
    assert rebuild(ledger, index).serves
    assert found(ledger, index) == {}


def test_a_rebuild_needs_no_old_index(ledger, index):
    counted = []
    done = rebuild(ledger, index, counted.append)
    assert (done.serves, dict(done.results), sum(counted)) == (True, {IndexResult.OK: 4}, 4)
    assert found(ledger, index) == {}
    assert index.search(Query("patrol")).total == 4


def test_a_rebuild_keeps_out_what_was_retracted_even_if_the_index_forgot(ledger, index):
    version = retract(ledger, URLS[0])
    assert rebuild(ledger, index).serves
    assert set(dict(index.versions())) == set(IDS[1:])
    late = {**documents(ledger)[0], "article_id": IDS[0], "doc_version": version - 1}
    assert index.write([late], [])[IDS[0]][0] is IndexResult.NEWER


def test_what_changes_while_an_index_is_filled_is_caught_up_with(ledger, index):
    index.write(documents(ledger), [])

    def meanwhile(_count):
        retract(ledger, URLS[3])  # both in the ledger, but the writes to the index got lost
        publish(ledger, "https://herald.example/late", text="A late patrol went out.")

    done = rebuild(ledger, index, meanwhile)
    assert (done.serves, done.caught_up) == (True, 1)  # the retraction was met by then
    assert found(ledger, index) == {}
    assert index.search(Query("patrol")).total == 4


def under_way(ledger, index, stage_of_a_new_one):
    """Let a run write a new article, and take out another, without having told the ledger yet.

    Returns what tells it.
    """
    bring_to(ledger, stage_of_a_new_one, Stage.INDEX, text="A patrol nobody knew of.")
    send_to_retraction(ledger, URLS[0])
    lease, found = ledger.lease_articles(Stage.INDEX, LATER, limit=10, lease_s=60)
    index.write(
        [build_document(work) for work in found if not work.retract],
        [(work.article_id, work.doc_version) for work in found if work.retract],
    )
    results = [
        retracted(URLS[0], work.doc_version, LATER)
        if work.retract
        else indexed(stage_of_a_new_one, work.doc_version, LATER)
        for work in found
    ]
    assert len(results) == 2

    def tell(_seconds=0.0):
        ledger.commit(lease, results)
        ledger.release(lease)

    return tell


def test_what_a_run_writes_to_the_old_index_is_in_the_new_one_too(ledger, index):
    """The write was acknowledged before the rebuild began, and is committed after the switch."""
    index.write(documents(ledger), [])
    new = "https://herald.example/new"
    done = rebuild(ledger, index, sleep=under_way(ledger, index, new))
    assert (done.serves, done.differences) == (True, [])
    assert article_id(new) in dict(index.versions())
    assert IDS[0] not in dict(index.versions())
    assert found(ledger, index) == {}


def test_a_rebuild_waits_no_longer_than_a_lease_for_a_run_that_died(ledger, index):
    index.write(documents(ledger), [])
    bring_to(ledger, "https://herald.example/new", Stage.INDEX)
    ledger.lease_articles(Stage.INDEX, LATER, limit=10, lease_s=0.5)
    assert rebuild(ledger, index).serves
    assert ledger.leased(Stage.INDEX) == frozenset()


def test_a_tombstone_that_the_ledger_does_not_know_hides_nothing_after_a_rebuild(ledger, index):
    """As after a ledger was restored from its backup: it holds what was retracted later."""
    index.write(documents(ledger), [(IDS[1], 99), ("stranger", 7)])
    done = rebuild(ledger, index)
    assert (done.serves, done.differences) == (True, [])
    assert found(ledger, index) == {}
    late = {**documents(ledger)[0], "article_id": "stranger", "doc_version": 6}
    assert index.write([late], [])["stranger"][0] is IndexResult.NEWER


@pytest.mark.parametrize(
    "answer", [(IndexResult.OK, ""), (IndexResult.RETRY, "a disk is full")], ids=["ok", "retry"]
)
def test_an_index_that_does_not_keep_what_it_should_never_serves(ledger, index, answer):
    first = documents(ledger)[0]
    index.write([first], [])
    done = rebuild(ledger, Unreliable(index, answer))
    assert not done.serves
    assert done.results == {answer[0]: 4}
    assert set(dict(index.versions())) == {first["article_id"]}


class FailsAt:
    """An index whose rebuilt successor fails at one document, however often it is sent."""

    def __init__(self, index, article_id):
        self.index, self.article_id = index, article_id

    def start_rebuild(self):
        fresh = self.index.start_rebuild()
        write, self.fresh = fresh.write, fresh

        def failing(given, gone, **how):
            good = [one for one in given if one["article_id"] != self.article_id]
            bad = {self.article_id: (IndexResult.FAILED, "500: a bug of theirs")}
            return {**write(good, gone, **how), **(bad if len(good) < len(given) else {})}

        fresh.write = failing
        return fresh

    def finish_rebuild(self, rebuilt):
        del rebuilt.write
        self.index.finish_rebuild(rebuilt)

    def __getattr__(self, name):
        return getattr(self.index, name)


def test_one_document_that_an_index_fails_at_does_not_keep_the_rest_from_serving(ledger, index):
    done = rebuild(ledger, FailsAt(index, IDS[2]))
    assert done.serves
    assert done.refused == {IDS[2]: "500: a bug of theirs"}
    assert found(ledger, index) == {IDS[2]: How.MISSING}


def test_what_is_on_its_way_is_not_reported(ledger, index):
    index.write(documents(ledger), [])
    send_to_retraction(ledger, URLS[0])
    index.write([], [(IDS[0], 99)])
    assert differing_versions(ledger, index) == []
    assert found(ledger, index) == {}
