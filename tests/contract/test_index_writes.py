"""Versions, retractions, refusals, rebuilds and readers beside a writer, on every engine."""

import os
import subprocess
import sys
import time

import pytest
from support_elasticsearch import node_url
from support_index import ENGINES, EVERY_ENGINE, article, ids, newsroom

from pipeline.errors import IndexBusy
from pipeline.index.query import Query
from pipeline.ports import IndexResult

OK, NEWER, REFUSED = IndexResult.OK, IndexResult.NEWER, IndexResult.REFUSED


@pytest.fixture(params=EVERY_ENGINE)
def engine(request):
    return ENGINES[request.param]


@pytest.fixture
def index(engine, tmp_path):
    opened = engine(tmp_path)
    yield opened
    opened.close()


def results(answers):
    return {article_id: result for article_id, (result, _) in answers.items()}


def test_an_index_that_was_never_written_to_is_empty(index):
    assert list(index.versions()) == []
    assert index.find("a") is None
    page = index.search(Query("zone", facets=("person",)))
    assert (page.total, page.hits, page.facets, page.cursor) == (0, (), {"person": ()}, None)


def test_every_item_is_answered(index):
    answers = index.write([article("a"), article("b")], [("c", 3)])
    assert results(answers) == {"a": OK, "b": OK, "c": OK}
    assert index.write([], []) == {}


def test_a_write_can_be_found_when_it_returns(index):
    index.write([article("a", "First")], [])
    assert ids(index.search(Query("first"))) == {"a"}
    index.write([article("a", "Second", version=2)], [])
    assert index.search(Query("first")).total == 0
    assert index.find("a")["title"] == "Second"
    assert dict(index.versions()) == {"a": 2}


def test_an_older_or_equal_version_changes_nothing(index):
    index.write([article("a", "Fifth", version=5)], [])
    for version in (4, 5):
        answers = index.write([article("a", "Late", version=version), article("b")], [])
        assert answers["a"][0] is NEWER
    assert index.find("a")["title"] == "Fifth"
    assert dict(index.versions()) == {"a": 5, "b": 1}


def test_of_one_article_twice_in_a_batch_the_newest_is_kept(index):
    batch = [article("a", "Three", version=3), article("a", "Two", version=2)]
    assert results(index.write(batch, [])) == {"a": OK}
    assert index.find("a")["title"] == "Three"
    assert index.search(Query()).total == 1


def test_a_retraction_takes_out_and_a_late_write_does_not_revive(index):
    index.write([article("a", version=2), article("b")], [])
    assert results(index.write([], [("a", 3)])) == {"a": OK}
    assert index.find("a") is None
    assert ids(index.search(Query(facets=("outlet",)))) == {"b"}
    assert index.search(Query(facets=("outlet",))).facets["outlet"] == (("the-harbour-post", 1),)
    assert dict(index.versions()) == {"b": 1}
    assert results(index.write([article("a", version=2)], [])) == {"a": NEWER}
    assert index.find("a") is None


def test_an_article_that_comes_back_is_found_again(index):
    index.write([article("a")], [])
    index.write([], [("a", 2)])
    assert results(index.write([article("a", version=3)], [])) == {"a": OK}
    assert dict(index.versions()) == {"a": 3}


def test_a_late_retraction_changes_nothing(index):
    index.write([article("a", version=4)], [])
    assert results(index.write([], [("a", 3)])) == {"a": NEWER}
    assert dict(index.versions()) == {"a": 4}


def test_retracting_what_was_never_written_keeps_it_out(index):
    index.write([], [("a", 2)])
    assert results(index.write([article("a", version=1)], [])) == {"a": NEWER}


def test_retraction_and_document_in_one_batch_the_higher_version_wins(index):
    index.write([article("a", version=1), article("b", version=3)], [("a", 2), ("b", 2)])
    assert dict(index.versions()) == {"b": 3}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mood": "good"}, "mood: no such field"),
        ({"title": None}, "title: missing"),
        ({"title": 7}, "title: not text"),
        ({"person": "Erdoğan"}, "person: not a list"),
        ({"day": "10.9.2019"}, "day: not a day"),
        ({"published_at": "2019-09-10"}, "published_at: not a moment"),
        ({"text": "half a letter: \ud83d"}, "text: holds a lone surrogate"),
        ({"author": ["x" * 3000]}, "author: empty or over 2048"),
        ({"entities": [{"id": "x"}]}, "entities.name: missing"),
    ],
)
def test_an_unacceptable_document_is_refused_with_its_reason_and_harms_no_neighbour(
    index, change, complaint
):
    answers = index.write([{**article("bad"), **change}, article("good")], [])
    assert answers["bad"][0] is REFUSED
    assert complaint in answers["bad"][1]
    assert answers["good"][0] is OK
    assert dict(index.versions()) == {"good": 1}


def test_what_was_written_is_there_after_closing(engine, tmp_path):
    first = engine(tmp_path)
    first.write(newsroom(), [("gone", 7)])
    first.close()
    second = engine(tmp_path)
    assert sorted(id_ for id_, _ in second.versions()) == sorted(
        one["article_id"] for one in newsroom()
    )
    assert ids(second.search(Query("bölgeler"))) == {"tr-bolge"}
    assert results(second.write([article("gone", version=6)], [])) == {"gone": NEWER}
    second.close()


def test_the_old_index_serves_until_the_rebuilt_one_is_complete(index):
    index.write([article("a", "Old")], [])
    fresh = index.start_rebuild()
    assert list(fresh.versions()) == []
    fresh.write([article("a", "New", version=2)], [])
    assert index.find("a")["title"] == "Old"
    index.finish_rebuild(fresh)
    assert index.find("a")["title"] == "New"
    assert results(index.write([article("b")], [])) == {"b": OK}
    assert dict(index.versions()) == {"a": 2, "b": 1}


def test_writes_during_a_rebuild_are_not_lost_and_not_overtaken(index):
    index.write([article("a"), article("b"), article("c")], [])
    fresh = index.start_rebuild()
    index.write([article("a", "Edited", version=2), article("d")], [("b", 2)])
    fresh.write([article("a", "Copied late"), article("b"), article("c")], [])
    index.finish_rebuild(fresh)
    assert dict(index.versions()) == {"a": 2, "c": 1, "d": 1}
    assert index.find("a")["title"] == "Edited"


def test_a_rebuild_keeps_what_was_retracted_out(index):
    index.write([article("a")], [])
    index.write([], [("a", 4)])
    fresh = index.start_rebuild()
    index.finish_rebuild(fresh)
    assert results(index.write([article("a", version=3)], [])) == {"a": NEWER}


def test_a_rebuild_that_breaks_off_leaves_the_old_index(engine, tmp_path):
    broken = engine(tmp_path)
    broken.write([article("a")], [])
    broken.start_rebuild().write([article("b")], [])
    broken.close()
    index = engine(tmp_path)
    assert dict(index.versions()) == {"a": 1}
    for version in (2, 3):
        fresh = index.start_rebuild()
        fresh.write([article("a", version=version)], [])
        index.finish_rebuild(fresh)
        assert dict(index.versions()) == {"a": version}
    index.close()


def test_only_the_rebuild_that_was_started_can_be_finished(engine, index, tmp_path):
    with pytest.raises(ValueError, match="did not start"):
        index.finish_rebuild(engine(tmp_path / "other"))


WRITER = """
import sys
from support_index import ENGINES, article
index = ENGINES[sys.argv[1]](sys.argv[2])
for number in range(int(sys.argv[3])):
    answers = index.write([article(f"w{number}")], [])
    assert answers[f"w{number}"][0] == "ok", answers
    print(number, flush=True)
sys.stdin.readline()
index.close()
"""


@pytest.fixture
def writer(request, engine, tmp_path, root):
    """Start another process that writes five documents and keeps the index open."""
    engine(tmp_path).close()  # sets up what has to be set up once
    name = next(name for name, open_engine in ENGINES.items() if open_engine is engine)
    environment = dict(os.environ)
    if name == "elasticsearch":
        environment["NEWSLINE_TEST_ELASTICSEARCH_URL"] = node_url()
    paths = os.pathsep.join([str(root), str(root / "tests"), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, name, str(tmp_path), "5"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=root, env={**environment, "PYTHONPATH": paths},
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def test_one_process_searches_while_another_writes(writer, engine, tmp_path):
    reader = engine(tmp_path)
    for number in range(5):
        assert writer.stdout.readline().strip() == str(number)
        assert reader.search(Query()).total > number  # at least what was acknowledged
    if engine is ENGINES["embedded"]:  # a folder has one writer; a cluster any number
        with pytest.raises(IndexBusy, match="another process"):
            reader.write([article("mine")], [])
        with pytest.raises(IndexBusy, match="another process"):
            reader.start_rebuild()
        writer.stdin.write("\n")
        writer.stdin.flush()
        writer.wait(10)
    assert results(reader.write([article("mine")], [])) == {"mine": OK}
    assert reader.search(Query()).total == 6
    reader.close()


def test_what_was_acknowledged_survives_a_killed_writer(writer, engine, tmp_path):
    for _ in range(3):
        writer.stdout.readline()
    writer.kill()
    writer.wait(10)
    index = engine(tmp_path)
    assert {"w0", "w1", "w2"} <= ids(index.search(Query()))
    assert results(index.write([article("after")], [])) == {"after": OK}
    index.close()


def test_a_reader_follows_a_rebuild_by_another_process(engine, tmp_path):
    writer, reader = engine(tmp_path), engine(tmp_path)
    writer.write([article("a", "Old")], [])
    assert reader.find("a")["title"] == "Old"
    for version in (2, 3):
        fresh = writer.start_rebuild()
        fresh.write([article("a", f"Rebuilt {version}", version=version)], [])
        writer.finish_rebuild(fresh)
        assert reader.find("a")["title"] == f"Rebuilt {version}"
    reader.close()
    writer.close()


def test_a_batch_costs_one_commit(index):
    index.write([article("warm")], [])
    start = time.perf_counter()
    index.write([article(f"a{number}") for number in range(200)], [])
    batch_s = time.perf_counter() - start
    start = time.perf_counter()
    for number in range(10):
        index.write([article(f"b{number}")], [])
    assert batch_s < (time.perf_counter() - start) * 4  # 200 in the time of at most 40 single ones
