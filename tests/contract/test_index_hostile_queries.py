"""Whatever is asked, an index answers within a second or says how to ask. Never anything else."""

import time
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_index import ENGINES, EVERY_ENGINE, newsroom

from pipeline.errors import UsageError
from pipeline.index.query import FACETS, Query

LIMIT_S = 1.0


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    opened.write(newsroom(), [])
    yield opened
    opened.close()


REFUSED = {
    "leading wildcard": Query("*zone"),
    "lone wildcard": Query("*"),
    "wildcard inside": Query("z*ne"),
    "prefix of two letters": Query("zo*"),
    "prefix of an acronym": Query("U.S.*"),
    "regular expression": Query("/zon.*/"),
    "catastrophic regular expression": Query("/(a+)+$/"),
    "5,000 clauses": Query("zone " * 5000),
    "33 clauses": Query("a " * 33),
    "33 alternatives": Query(" OR ".join("a" * 33)),
    "4,000 parentheses": Query("(" * 4000 + "zone" + ")" * 4000),
    "nested parentheses": Query("((zone))"),
    "words in parentheses": Query("(safe zone)"),
    "empty parentheses": Query("()"),
    "unclosed parenthesis": Query("(zone OR safe"),
    "unopened parenthesis": Query("zone)"),
    "300 fuzzies": Query("zone~2 " * 30),
    "fuzzy": Query("zone~"),
    "boost": Query("zone^5"),
    "meta field": Query("_id:1"),
    "another field": Query("text:zone"),
    "a phrase in another field": Query('source:"zone"'),
    "unclosed quote": Query('"safe zone'),
    "empty phrase": Query('""'),
    "nothing but signs": Query("-- !! ??"),
    "OR at the end": Query("zone OR"),
    "OR at the start": Query("OR zone"),
    "OR twice": Query("a OR OR b"),
    "OR with an excluded word": Query("a OR -b"),
    "AND at the end": Query("zone AND"),
    "NOT": Query("zone NOT safe"),
    "NUL": Query("zo\0ne"),
    "escape sequence": Query("\x1b[31mzone"),
    "lone surrogate": Query("zone \udcff"),
    "size 0": Query(size=0),
    "size 101": Query(size=101),
    "size of a million": Query(size=1_000_000),
    "facet size 101": Query(facet_size=101),
    "unlisted facet": Query(facets=("text",)),
    "meta facet": Query(facets=("_id",)),
    "unlisted filter": Query(filters={"state": ("gone",)}),
    "filter without values": Query(filters={"person": ()}),
    "empty filter value": Query(filters={"person": ("",)}),
    "filter with 101 values": Query(filters={"person": tuple(map(str, range(101)))}),
    "filter with a long value": Query(filters={"person": ("x" * 3000,)}),
    "filter with a surrogate": Query(filters={"person": ("\ud800",)}),
    "a day that is none": Query(filters={"day": ("foo",)}),
    "a day by arithmetic": Query(filters={"day": ("now-1d",)}),
    "a month as a day": Query(filters={"day": ("2019-09-10||/M",)}),
    "a day without zeros": Query(filters={"day": ("2019-9-10",)}),
    "unlisted sort": Query(sort="text"),
    "days the wrong way round": Query(since=date(2019, 9, 2), until=date(2019, 9, 1)),
    "forged cursor": Query("zone", cursor="AAAA"),
    "giant cursor": Query("zone", cursor="A" * 1_000_000),
    "cursor in another alphabet": Query("zone", cursor="صفحة"),
}


@pytest.mark.parametrize("claim", REFUSED)
def test_refused_with_a_sentence(index, claim):
    start = time.perf_counter()
    with pytest.raises(UsageError) as error:
        index.search(REFUSED[claim])
    assert time.perf_counter() - start < LIMIT_S
    assert len(str(error.value)) > 20


ANSWERED = {
    "the longest query": Query(("zone " * 60)[:60] + "x" * 196),
    "32 words": Query("zone " * 32),
    "32 prefixes": Query("zon* " * 32),
    "one word of 256 letters": Query("a" * 256),
    "256 ideographs": Query("安" * 256),
    "a hyphenated rope": Query("a-" * 100),
    "a rope of quotes": Query('"a b c d e f g h i j k l m n o p q r s t u v w x y z" ' * 4),
    "combining marks": Query("a" + "\u0301" * 200),
    "every filter value": Query(filters={"person": tuple(map(str, range(100)))}),
    "every facet": Query("zone", facets=FACETS, facet_size=100, size=100),
    "the first day there is": Query(since=date.min, until=date.max),
    "SQL": Query("'; DROP TABLE articles; --"),
    "a template": Query("{{7+7}} ${jndi} %s"),
    "a slash": Query("safe/zone 7 / 8"),
    "a path in quotes": Query('"/etc/passwd"'),
    "a time": Query("10:30"),
    "a colon": Query("Breaking: zone"),
    "brackets and braces": Query("[a TO b] {c TO d} a\\:b"),
    "an ellipsis of every field": Query("title:zone title:safe"),
}


@pytest.mark.parametrize("claim", ANSWERED)
def test_answered_in_time(index, claim):
    start = time.perf_counter()
    page = index.search(ANSWERED[claim])
    assert time.perf_counter() - start < LIMIT_S
    assert page.total >= 0


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=60) | st.text(alphabet='ab"()-*: ORANDNTtitle:~^/\\é.', max_size=40))
def test_any_text_is_answered_or_refused(index, text):
    try:
        page = index.search(Query(text, facets=("day",), size=2))
    except UsageError:
        return
    assert page.total >= len(page.hits)
