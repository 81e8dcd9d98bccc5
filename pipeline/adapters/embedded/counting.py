"""Facet counts that are exact, however many values a facet has.

tantivy counts terms per segment, keeps the most frequent of each segment and adds them up; it says
by how much a sum may be short. Where it may, the candidates are counted one by one, and only if the
shortfall could still change the list, all values are read: exact, but about a second for every
50,000 values. That takes a facet of over 5,000 values of which even the most frequent are rare.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import tantivy

from pipeline.adapters.embedded import layout
from pipeline.adapters.embedded.compile import both, filter_query
from pipeline.adapters.embedded.generation import total_of
from pipeline.index.facets import DAY, is_complete, own_filter_removed, ranked
from pipeline.index.query import Query

_SEGMENT_TERMS = 5_000  # values kept per segment; tantivy allows 65,000 in one request
_MAX_CANDIDATES = 500  # counted one by one, at about 0.1 ms each
_PAGE = 20_000  # values read at a time when all are

Counts = list[tuple[str, int]]


def count_facets(
    searcher: tantivy.Searcher, query: Query, text: tantivy.Query
) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the counts of a query's facets, each without its own filter."""
    counted: dict[str, tuple[tuple[str, int], ...]] = {}
    for facets, filters in own_filter_removed(query):
        matching = both(filter_query(query, filters), text)
        counted.update(_count(searcher, matching, facets, query.facet_size))
    return {facet: counted[facet] for facet in query.facets}


def _count(
    searcher: tantivy.Searcher, matching: tantivy.Query, facets: Sequence[str], size: int
) -> dict[str, tuple[tuple[str, int], ...]]:
    """Ask for more values while ties at the end could hide a name, at last for all."""
    settled: dict[str, tuple[tuple[str, int], ...]] = {}
    asked = 2 * size + 10
    while missing := [facet for facet in facets if facet not in settled]:
        if asked > _MAX_CANDIDATES and missing != [DAY]:
            settled.update(
                (facet, ranked(_all_values(searcher, matching, facet), size)) for facet in missing
            )
            break
        answers = searcher.aggregate(matching, {facet: _terms(facet, asked) for facet in missing})
        for facet in missing:
            counts = _buckets(answers[facet])
            shortfall = answers[facet].get("doc_count_error_upper_bound") or 0
            if facet == DAY:
                settled[facet] = tuple(sorted(sorted(counts, reverse=True)[:size]))
            elif shortfall:
                exact = [(name, _exactly(searcher, matching, facet, name)) for name, _ in counts]
                best = ranked(exact, size)
                if best[-1][1] > counts[-1][1] + shortfall:
                    settled[facet] = best
            elif is_complete(counts, asked, size):
                settled[facet] = ranked(counts, size)
        asked *= 4
    return settled


def _terms(facet: str, asked: int) -> dict[str, Any]:
    order = {"_key": "desc"} if facet == DAY else {"_count": "desc"}
    terms = {"field": facet, "size": asked, "segment_size": _SEGMENT_TERMS}
    return {"terms": {**terms, "order": order}}


def _buckets(answer: Mapping[str, Any]) -> Counts:
    return [(bucket["key"], bucket["doc_count"]) for bucket in answer["buckets"]]


def _exactly(searcher: tantivy.Searcher, matching: tantivy.Query, facet: str, name: str) -> int:
    one = tantivy.Query.term_query(layout.schema(), facet, name)
    return total_of(searcher.search(both(matching, one), limit=1))


def count_values(
    searcher: tantivy.Searcher, matching: tantivy.Query, field: str, values: Collection[str]
) -> dict[str, int]:
    """Return how much of what matches has each of some values (no more than a page shows)."""
    wanted = tantivy.Query.term_set_query(layout.schema(), field, list(values))
    answer = searcher.aggregate(both(matching, wanted), {field: _terms(field, len(values) or 1)})
    return dict(_buckets(answer[field]))


def count_distinct(searcher: tantivy.Searcher, matching: tantivy.Query, field: str) -> int:
    """Return how many values a field has among what matches."""
    return sum(1 for _ in _all_values(searcher, matching, field))


def _all_values(
    searcher: tantivy.Searcher, matching: tantivy.Query, facet: str
) -> Iterator[tuple[str, int]]:
    """Yield every value with its count, page by page."""
    pages: dict[str, Any] = {"sources": [{"name": {"terms": {"field": facet}}}], "size": _PAGE}
    while True:
        answer = searcher.aggregate(matching, {"all": {"composite": pages}})["all"]
        yield from ((one["key"]["name"], one["doc_count"]) for one in answer["buckets"])
        if not answer.get("after_key") or len(answer["buckets"]) < _PAGE:
            return
        pages["after"] = answer["after_key"]
