"""Search by words and by meaning together, where an engine holds vectors."""

import math

import pytest
from support_index import ENGINES, article, elastic

from pipeline.errors import UsageError
from pipeline.index.query import Query
from pipeline.index.schema import VECTOR_DIMS


def vector(angle):
    """Return a direction: the nearer two angles (degrees), the nearer the vectors."""
    turned = (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    return (*turned, *[0.0] * (VECTOR_DIMS - 2))


def placed(article_id, title, angle, **fields):
    return {**article(article_id, title, **fields), "embedding": list(vector(angle))}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    opened = elastic(tmp_path_factory.mktemp("hybrid"))
    documents = [
        placed("both", "Safe zone agreed", 2),
        placed("words", "A safe zone for swimmers, says the harbour", 170),
        placed("meaning", "Buffer strip along the frontier", 4, outlet="gazette"),
        placed("far", "Olive harvest", 90),
        article("none", "Safe zone, without a vector"),
    ]
    opened.write(documents, [])
    yield opened
    opened.close()


pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]


def test_what_has_the_words_and_the_meaning_comes_first(index):
    page = index.search(Query("safe zone", vector=vector(0), facets=("outlet",)))
    found = [hit.article_id for hit in page.hits]
    assert found[0] == "both"
    assert set(found) == {"both", "words", "meaning", "far", "none"}
    assert found.index("meaning") < found.index("far")
    assert page.total == 3  # with the words
    assert dict(page.facets["outlet"]) == {"the-harbour-post": 3}
    assert page.hits[0].highlights["title"] == ("⟦Safe⟧ ⟦zone⟧ agreed",)


def test_filters_hold_for_both(index):
    page = index.search(Query("safe zone", {"outlet": ("gazette",)}, vector=vector(0)))
    assert [hit.article_id for hit in page.hits] == ["meaning"]


def test_pages_show_everything_once(index):
    whole = [hit.article_id for hit in index.search(Query("safe zone", vector=vector(0))).hits]
    found, cursor = [], None
    while True:
        page = index.search(Query("safe zone", vector=vector(0), size=2, cursor=cursor))
        found += [hit.article_id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == whole


def test_the_document_keeps_its_vector(index):
    assert index.find("both")["embedding"] == list(vector(2))


@pytest.mark.parametrize(
    "query",
    [
        Query("zone", vector=(1.0,)),
        Query("zone", vector=(math.nan,) * VECTOR_DIMS),
        Query("zone", vector=(0.0,) * VECTOR_DIMS),
        Query("", vector=vector(0)),
        Query("zone", vector=vector(0), sort="newest"),
        Query("zone", vector=vector(0), collapse=True),
    ],
)
def test_a_vector_that_cannot_be_used_is_refused(index, query):
    with pytest.raises(UsageError, match="vector"):
        index.search(query)


def test_an_engine_without_vectors_says_so(tmp_path):
    index = ENGINES["embedded"](tmp_path)
    with pytest.raises(UsageError, match="no vectors"):
        index.search(Query("zone", vector=vector(0)))
    index.close()
