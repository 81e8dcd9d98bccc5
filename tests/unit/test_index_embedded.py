"""What only the embedded engine has: its folder, its languages, what breaks it."""

import resource
import shutil

import pytest
import tantivy
from support_index import article, ids, newsroom

from pipeline.adapters.embedded import EmbeddedIndex, layout
from pipeline.adapters.stemming import STEMMED, UNSTEMMED, stems
from pipeline.errors import ConfigError
from pipeline.index.query import Query
from pipeline.ports import IndexResult


@pytest.fixture
def folder(tmp_path):
    index = EmbeddedIndex(tmp_path / "index")
    index.write(newsroom(), [])
    index.close()
    return tmp_path / "index"


def generation(folder):
    return next(path for path in folder.iterdir() if path.is_dir())


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE = {
    "an older schema": lambda folder: (folder / "current").write_text(
        '{"generation": "g-000001", "written_with": "0.0"}'
    ),
    "an empty pointer": lambda folder: (folder / "current").write_bytes(b""),
    "a pointer that is no object": lambda folder: (folder / "current").write_bytes(b"[1]"),
    "a pointer out of the folder": lambda folder: (folder / "current").write_text(
        f'{{"generation": "../x", "written_with": "{layout.fingerprint()}"}}'
    ),
    "a missing generation": lambda folder: shutil.rmtree(generation(folder)),
    "a missing meta.json": lambda folder: (generation(folder) / "meta.json").unlink(),
    "half a meta.json": lambda folder: cut(generation(folder) / "meta.json"),
    "a missing segment": lambda folder: next(generation(folder).glob("*.idx")).unlink(),
    "half a segment": lambda folder: cut(next(generation(folder).glob("*.idx"))),
    "half a store": lambda folder: cut(next(generation(folder).glob("*.store"))),
}


@pytest.mark.parametrize("claim", DAMAGE)
def test_a_damaged_folder_says_rebuild_and_a_rebuild_heals_it(folder, claim):
    DAMAGE[claim](folder)
    index = EmbeddedIndex(folder)
    with pytest.raises(ConfigError, match="newsline index rebuild"):
        index.search(Query("zone"))
    fresh = index.start_rebuild()
    fresh.write(newsroom(), [])
    index.finish_rebuild(fresh)
    assert ids(index.search(Query("title:zone"))) == {"en-patrol", "fr-zone"}
    index.close()


def test_a_full_disk_is_worth_another_try_and_loses_nothing(folder):
    index = EmbeddedIndex(folder)
    index.write([article("before")], [])
    batch = [article(f"a{number}", text=f"word{number} " * 400) for number in range(50)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        answers = index.write(batch, [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {result for result, _ in answers.values()} == {IndexResult.RETRY}
    assert index.search(Query()).total == len(newsroom()) + 1
    answers = index.write(batch, [])
    assert {result for result, _ in answers.values()} == {IndexResult.OK}
    assert index.search(Query()).total == len(newsroom()) + 51
    index.close()


def test_searching_takes_no_lock_and_makes_no_folder(tmp_path):
    reader = EmbeddedIndex(tmp_path / "index")
    assert reader.search(Query("zone")).total == 0
    assert not (tmp_path / "index").exists()


def test_a_rebuild_keeps_one_generation_before_and_removes_earlier_ones(folder):
    index = EmbeddedIndex(folder)
    for _ in range(3):
        fresh = index.start_rebuild()
        fresh.write(newsroom(), [])
        index.finish_rebuild(fresh)
    index.close()
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 2


def test_size_is_that_of_the_serving_generation(folder):
    index = EmbeddedIndex(folder)
    size = sum(path.stat().st_size for path in generation(folder).iterdir())
    assert index.describe() == {"serving": str(generation(folder)), "size_bytes": size}
    assert EmbeddedIndex(folder / "none").describe() == {"serving": None, "size_bytes": 0}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """An index of 24,000 articles in several segments, with 72,000 authors."""
    index = EmbeddedIndex(tmp_path_factory.mktemp("crowd"))
    one = article("a")
    for first in range(0, 24_000, 6_000):
        index.write(
            [
                {
                    **one,
                    "article_id": f"a{number}",
                    "author": [f"rare {number}", f"twin {number // 2}", f"solo {number}"]
                    + [f"busy {number % 40:02d}"] * (number % 40 < 30),
                    "person": [f"rare {number}", f"solo {number}", f"more {number}"],
                }
                for number in range(first, first + 6_000)
            ],
            [],
        )
    yield index
    index.close()


@pytest.mark.slow
def test_facets_of_many_values_are_exact(crowd):
    facets = crowd.search(Query(facets=("author", "outlet"), facet_size=5)).facets
    assert facets["author"] == tuple((f"busy {number:02d}", 600) for number in range(5))
    assert facets["outlet"] == (("the-harbour-post", 24_000),)
    assert crowd.search(Query(facets=("author",), facet_size=100)).facets["author"][28:31] == (
        ("busy 28", 600), ("busy 29", 600), ("twin 0", 2)
    )  # fmt: skip


@pytest.mark.slow
def test_facets_whose_values_are_all_rare_are_exact_too(crowd):
    facets = crowd.search(Query(facets=("person", "author"), facet_size=3)).facets
    assert facets["person"] == (("more 0", 1), ("more 1", 1), ("more 10", 1))


@pytest.mark.slow
def test_every_version_is_listed_once_however_many_there_are(crowd, monkeypatch):
    monkeypatch.setattr("pipeline.adapters.embedded.generation._SLICE", 1_000)
    listed = list(crowd.versions())
    assert len(listed) == len(dict(listed)) == 24_000


def test_the_languages_without_stemmer_have_none():
    names = {"fa": "persian", "he": "hebrew", "ja": "japanese", "ko": "korean", "ku": "kurdish",
             "pl": "polish", "uk": "ukrainian", "ur": "urdu", "zh": "chinese"}  # fmt: skip
    assert set(names) == set(UNSTEMMED)
    for name in names.values():
        with pytest.raises(ValueError, match="Unsupported language"):
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(
                tantivy.Filter.stemmer(name)
            ).build()


@pytest.mark.parametrize("language", sorted(STEMMED))
def test_each_word_has_one_stem_in_every_language(language):
    written = [word for document in newsroom() for word in document["text"].split()]
    assert len(stems(written, language)) == len(written)


def test_a_language_without_stemmer_is_found_by_exact_forms(tmp_path):
    index = EmbeddedIndex(tmp_path)
    index.write(
        [
            article("pl", "Strefa bezpieczeństwa", "Patrole ruszyły.", language="pl"),
            article("zh", "叙利亚安全区", "双方同意设立安全区。", language="zh"),
            article("xx", "Zone", "Without a language", language=None),
        ],
        [],
    )
    assert ids(index.search(Query("bezpieczenstwa"))) == {"pl"}
    assert ids(index.search(Query("安全区"))) == {"zh"}
    assert ids(index.search(Query("zone"))) == {"xx"}
    index.close()
