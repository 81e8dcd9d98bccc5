"""Walking through an answer page by page, on every engine."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_index import ENGINES, EVERY_ENGINE, article

from pipeline.errors import UsageError
from pipeline.index.cursor import encode_cursor
from pipeline.index.query import Query

COUNT = 137


def many(count=COUNT, *, first=0):
    """Return articles of which many share a time and a score, in an order that shows neither."""
    return [
        article(
            f"n{(number * 89) % 1000:03d}-{number}",
            "Zone report" if number % 3 else "Long report from a quiet zone by the river",
            "zone " * (number % 4) + "report",
            day=(date(2019, 9, 1) + timedelta(days=number % 5)).isoformat(),
            outlet=f"outlet-{number % 7}",
        )
        for number in range(first, first + count)
    ]


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    for start in range(0, COUNT, 40):  # several commits: several segments
        opened.write(many(min(40, COUNT - start), first=start), [])
    yield opened
    opened.close()


def walk(index, query):
    """Return the ids of all pages, in order."""
    found, cursor = [], None
    while True:
        page = index.search(
            Query(query.text, query.filters, sort=query.sort, size=query.size, cursor=cursor)
        )
        found += [hit.article_id for hit in page.hits]
        assert page.total >= len(page.hits)
        cursor = page.cursor
        if cursor is None:
            return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.sampled_from(["zone", "report", "", "-river", '"zone report" OR river']),
    sort=st.sampled_from(["relevance", "newest", "oldest"]),
    size=st.integers(1, 100),
)
def test_all_pages_show_every_document_once_in_the_same_order(index, text, sort, size):
    found = walk(index, Query(text, sort=sort, size=size))
    whole = index.search(Query(text, sort=sort, size=100))
    assert len(found) == len(set(found)) == whole.total > 0
    assert found[:100] == [hit.article_id for hit in whole.hits]


def test_pages_of_size_one_of_what_has_equal_scores(index):
    found = walk(index, Query("outlet OR report", size=7))
    assert sorted(found) == sorted(one["article_id"] for one in many())


def test_newest_and_oldest_are_each_others_reverse(index):
    assert walk(index, Query(sort="newest")) == walk(index, Query(sort="oldest"))[::-1]


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_walk_by_time_is_not_disturbed_by_writes(engine, tmp_path):
    index = ENGINES[engine](tmp_path)
    before = many(60)
    index.write(before, [])
    found, cursor, page_number = [], None, 0
    while True:
        page = index.search(Query(sort="newest", size=9, cursor=cursor))
        found += [hit.article_id for hit in page.hits]
        if page.cursor is None:
            break
        cursor, page_number = page.cursor, page_number + 1
        newer = article(f"newer-{page_number}", day="2019-10-01")
        rewritten = {**before[page_number], "doc_version": 2, "title": "Zone report, corrected"}
        index.write([newer, rewritten], [])
    assert found == list(dict.fromkeys(found))
    assert sorted(found) == sorted(one["article_id"] for one in before)
    index.close()


def test_a_cursor_belongs_to_its_query(index):
    cursor = index.search(Query("zone", sort="newest", size=5)).cursor
    for other in (
        Query("report", sort="newest", cursor=cursor),
        Query("zone", sort="oldest", cursor=cursor),
        Query("zone", sort="relevance", cursor=cursor),
        Query("zone", {"language": ("en",)}, sort="newest", cursor=cursor),
        Query("zone", sort="newest", since=date(2019, 9, 1), cursor=cursor),
    ):
        with pytest.raises(UsageError, match="cursor"):
            index.search(other)
    bigger = index.search(Query("zone", sort="newest", size=50, facets=("day",), cursor=cursor))
    assert len(bigger.hits) == 50


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cursor=st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_a_forged_cursor_is_refused(index, cursor):
    for sort in ("relevance", "newest"):
        with pytest.raises(UsageError, match="cursor"):
            index.search(Query("zone", sort=sort, cursor=cursor))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 200), char=st.characters(min_codepoint=45, max_codepoint=122))
def test_a_damaged_cursor_is_refused_or_means_the_same(index, place, char):
    for sort in ("relevance", "newest"):
        good = Query("zone", sort=sort, size=5)
        cursor = index.search(good).cursor
        place %= len(cursor)
        damaged = cursor[:place] + char + cursor[place + 1 :]
        try:
            page = index.search(Query("zone", sort=sort, size=5, cursor=damaged))
        except UsageError:
            continue
        whole = index.search(Query("zone", sort=sort, size=5, cursor=cursor))
        assert [hit.article_id for hit in page.hits] == [hit.article_id for hit in whole.hits]


def shuffled_moments():
    """Return articles in no order, some at one moment, some a microsecond apart."""
    fractions = ["000200", "000900", "000500", "000500", "000000", "999999", "000201"]
    made = []
    for number, fraction in enumerate(fractions * 3):
        one = article(f"m{(number * 8) % 21:02d}", "Moment")
        made.append({**one, "published_at": f"2019-09-{15 - number // 7}T10:00:00.{fraction}Z"})
    return [*made, {**article("m99", "Moment"), "published_at": "1931-05-06T07:08:09.000001Z"}]


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_order_by_time_is_exact_and_equal_moments_go_by_id(engine, tmp_path):
    index = ENGINES[engine](tmp_path)
    made = shuffled_moments()
    index.write(made, [])
    expected = sorted(made, key=lambda one: (one["published_at"], one["article_id"]))
    ordered = [one["article_id"] for one in expected]
    assert walk(index, Query("moment", sort="oldest", size=4)) == ordered
    assert walk(index, Query("moment", sort="newest", size=100)) == ordered[::-1]
    index.close()


@pytest.mark.parametrize(
    ("sort", "position"),
    [
        ("newest", [2**63 + 5, "x"]),
        ("newest", ["0 TO *] OR id:x"]),
        ("newest", ["𝟬"]),
        ("relevance", [1e308, "x"]),
        ("relevance", [1.0, 2**63, 1]),
        ("relevance", [1.0, 1, 2**62]),
        ("relevance", [1.0, 1, -5]),
        ("relevance", [-1e40, "x"]),
    ],
)
def test_a_forged_position_is_refused_or_another_place(index, sort, position):
    query = Query("zone", sort=sort, size=5)
    try:
        page = index.search(Query("zone", sort=sort, size=5, cursor=encode_cursor(query, position)))
    except UsageError:
        return
    assert len(page.hits) <= query.size
