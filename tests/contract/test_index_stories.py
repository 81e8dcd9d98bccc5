"""Answers grouped by story, on every engine."""

import pytest
from support_index import ENGINES, EVERY_ENGINE, article

from pipeline.errors import UsageError
from pipeline.index.query import Query


def told_by(story, *outlets, day="2019-09-10", first_hour=8):
    """Return a story as several outlets tell it, one an hour."""
    return [
        {
            **article(
                f"{story}-{number}",
                f"How a patrol went {story}" if number else f"Patrol {story}",
                "A patrol went out.",
                outlet=outlet,
                day=day,
                hour=first_hour + number,
            ),
            "story_id": f"{story}-0",
        }
        for number, outlet in enumerate(outlets)
    ]


STORIES = [
    *told_by("north", "post", "gazette", "courier"),
    *told_by("south", "post", day="2019-09-11"),
    *told_by("west", "gazette", "courier", day="2019-09-12"),
    *told_by("east", "phare", day="2019-09-09"),
]


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    opened.write(STORIES, [])
    yield opened
    opened.close()


def heads(page):
    return [(hit.article_id, hit.in_story) for hit in page.hits]


def test_each_story_is_shown_once_with_how_many_tell_it(index):
    page = index.search(Query("patrol", sort="newest", collapse=True))
    assert heads(page) == [("west-1", 2), ("south-0", 1), ("north-2", 3), ("east-0", 1)]
    assert (page.total, page.stories, page.cursor) == (7, 4, None)


def test_without_it_every_document_is_shown(index):
    page = index.search(Query("patrol", sort="newest"))
    assert (len(page.hits), page.stories) == (7, None)
    assert {hit.in_story for hit in page.hits} == {1}


def test_the_best_of_a_story_stands_for_it(index):
    page = index.search(Query("patrol north", collapse=True))
    assert heads(page) == [("north-0", 3)]
    assert page.hits[0].score > 0
    assert "⟦Patrol⟧ ⟦north⟧" in page.hits[0].highlights["title"][0]


def test_only_what_passes_the_filters_counts(index):
    query = Query("patrol", {"outlet": ("courier", "phare")}, sort="oldest", collapse=True)
    page = index.search(query)
    assert heads(page) == [("east-0", 1), ("north-2", 1), ("west-1", 1)]
    assert (page.total, page.stories) == (3, 3)


def test_facets_count_documents(index):
    page = index.search(Query("patrol", facets=("outlet",), collapse=True))
    assert dict(page.facets["outlet"]) == {"courier": 2, "gazette": 2, "post": 2, "phare": 1}


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_pages_show_every_story_once_in_the_same_order(index, sort):
    whole = heads(index.search(Query("patrol", sort=sort, collapse=True)))
    found, cursor = [], None
    while True:
        page = index.search(Query("patrol", sort=sort, collapse=True, size=1, cursor=cursor))
        found += heads(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert found == whole


def test_a_cursor_of_documents_is_none_of_stories(index):
    cursor = index.search(Query("patrol", sort="newest", size=1)).cursor
    with pytest.raises(UsageError, match="cursor"):
        index.search(Query("patrol", sort="newest", size=1, collapse=True, cursor=cursor))
