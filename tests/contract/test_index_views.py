"""What the pages of one story, one person and one long time ask, on every engine."""

from datetime import date, timedelta

import pytest
from support_index import ENGINES, EVERY_ENGINE, article

from pipeline.errors import UsageError
from pipeline.index.bounds import MAX_DAYS, MAX_FACET_SIZE
from pipeline.index.query import Query

FIRST = date(2017, 1, 1)
STORY = [
    {**article("a", outlet="post", people=["Ada", "Bob"], day="2019-09-10"), "story_id": "a"},
    {**article("b", outlet="gazette", people=["Ada"], day="2019-09-11"), "story_id": "a"},
    {**article("c", outlet="post", people=["Bob", "Cem"], day="2019-09-12"), "story_id": "c"},
]
LONG = [article(f"long-{n}", day=f"{FIRST + timedelta(days=4 * n)}") for n in range(300)]


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    opened.write([*STORY, *LONG], [])
    yield opened
    opened.close()


def ids(page):
    return [hit.article_id for hit in page.hits]


def test_the_articles_of_some_stories_can_be_asked_for(index):
    assert ids(index.search(Query(filters={"story_id": ("a",)}, sort="oldest"))) == ["a", "b"]
    both = index.search(Query(filters={"story_id": ("a", "c")}, sort="oldest", facets=("outlet",)))
    assert ids(both) == ["a", "b", "c"]
    assert both.facets["outlet"] == (("post", 2), ("gazette", 1))
    with pytest.raises(UsageError, match="there is no facet 'story_id'"):
        index.search(Query(facets=("story_id",)))


def test_who_is_named_with_somebody_is_counted_within(index):
    together = index.search(Query(within={"person": ("Ada",)}, facets=("person", "outlet")))
    assert together.total == 2
    assert together.facets["person"] == (("Ada", 2), ("Bob", 1))
    alone = index.search(Query(filters={"person": ("Ada",)}, facets=("person",)))
    assert alone.facets["person"] == (("Ada", 2), ("Bob", 2), ("Cem", 1))
    narrowed = Query(within={"person": ("Bob",)}, filters={"outlet": ("post",)}, collapse=True,
                     sort="newest")  # fmt: skip
    assert ids(index.search(narrowed)) == ["c", "a"]


def test_a_cursor_belongs_to_what_it_was_within(index):
    page = index.search(Query(within={"person": ("Ada",)}, sort="newest", size=1))
    other = Query(within={"person": ("Bob",)}, sort="newest", size=1, cursor=page.cursor)
    with pytest.raises(UsageError, match="start again"):
        index.search(other)
    with pytest.raises(UsageError, match="there is no filter 'nobody'"):
        index.search(Query(within={"nobody": ("x",)}))


def test_the_days_of_years_are_counted_at_once(index):
    asked = Query("plain headline", facets=("day",), facet_size=MAX_DAYS, size=1)
    days = index.search(asked).facets["day"]
    assert len(days) == len({document["day"] for document in [*LONG, *STORY]}) > MAX_FACET_SIZE
    assert days == tuple(sorted(days))
    assert dict(days)["2017-01-05"] == 1
    newest = index.search(Query(facets=("day",), facet_size=200, size=1)).facets["day"]
    assert newest == days[-200:]
    with pytest.raises(UsageError, match="facet size"):
        index.search(Query(facets=("day", "person"), facet_size=MAX_FACET_SIZE + 1))
