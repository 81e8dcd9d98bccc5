"""Addresses and views: whatever an address holds there is a view, and every view has an address."""

from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index.parse_query import parse_query
from pipeline.index.query import FILTERS
from pipeline.serve.pages.asked import View, address, export_links, pairs_of, toggled, view_of
from pipeline.serve.pages.understood import understood

NAMES = st.sampled_from([*FILTERS, "q", "since", "until", "sort", "by", "more", "cursor", "x"])
PAIRS = st.lists(st.tuples(NAMES, st.text(max_size=12)), max_size=8)


@given(PAIRS)
def test_a_view_is_the_same_after_it_went_through_its_address(pairs):
    view = view_of(pairs)
    assert view_of(pairs_of(view)) == view
    query = view.query()
    assert (query.text, query.filters) == (view.text, view.filters)


def test_an_address_says_only_what_is_not_so_anyway():
    view = View("safe zone", {"person": ("Ada & Co",)}, since=date(2019, 9, 1), cursor="abc")
    assert address(view) == "?q=safe+zone&person=Ada+%26+Co&since=2019-09-01"
    assert address(View()) == "?"
    assert address(View(sort="newest", by_story=False)) == "?sort=newest&by=article"


def test_a_value_is_chosen_and_taken_off_again():
    view = View(filters={"outlet": ("post",)}, cursor="abc")
    both = toggled(view, "outlet", "gazette")
    assert both == "?outlet=post&outlet=gazette"
    assert toggled(view_of(parse_qsl(both[1:])), "outlet", "post") == "?outlet=gazette"
    assert toggled(view, "outlet", "post") == "?"


def test_exports_are_of_everything_that_is_found():
    view = View("zone", {"day": ("2019-09-08",)}, sort="oldest", by_story=False, cursor="abc")
    links = dict(export_links(view))
    assert links["CSV"] == "/v1/export?q=zone&day=2019-09-08&sort=oldest&format=csv"
    assert dict(export_links(View("zone")))["NDJSON"] == "/v1/export?q=zone&format=ndjson"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", []),
        ("zone", ["zone in any inflection"]),
        ('"safe zones" -pkk', ["exactly “safe zones”", "without pkk in any inflection"]),
        ("ypg OR sdf", ["one of: ypg in any inflection, sdf in any inflection"]),
        ("erdog* title:patrol", [
            "words that begin with erdog", "patrol in any inflection in the headline",
        ]),
        ("e-mail", ["e mail, next to each other in any inflection"]),
        ("-(ypg OR sdf)", ["without ypg in any inflection and without sdf in any inflection"]),
    ],
)  # fmt: skip
def test_it_is_said_how_a_query_was_read(text, said):
    assert understood(parse_query(text)) == said


@given(st.text(max_size=40))
def test_whatever_is_read_can_be_said(text):
    try:
        clauses = parse_query(text)
    except UsageError:
        return
    assert len(understood(clauses)) == len(clauses)
