"""From a typed query to a search body."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from pipeline.adapters.elastic.source import LIVE
from pipeline.index.analysis import exact_forms
from pipeline.index.facets import DAY, own_filter_removed
from pipeline.index.fusion import DEPTH
from pipeline.index.mapping import PARTS
from pipeline.index.parse_query import Clause, Kind, Term
from pipeline.index.query import Query

Body = dict[str, Any]

#: What a match counts for, by part and form; as in the embedded index.
_BOOST = {("title", True): 3.0, ("title", False): 2.0, ("text", True): 1.5, ("text", False): 1.0}
#: Values that each shard counts. With one shard (the default) counts are exact in any case.
_SHARD_VALUES = 5_000
#: Newer than any question about stories needs; up to here their number is exact.
_EXACT_STORIES = 40_000
#: A search that takes longer is broken off and refused.
TIMEOUT = "2s"


def search_body(
    query: Query, clauses: Sequence[Clause], languages: Collection[str], *, by_score: bool
) -> Body:
    """Return the body of a search: one hit more than asked for, to see whether there are more.

    `languages` are those whose stems are looked in. The place to go on from is added by the caller.
    """
    body: Body = {
        "query": matching(query, clauses, languages),
        "post_filter": {"bool": {"filter": facet_filters(query.filters)}},
        "sort": sort_of(query, by_score=by_score),
        "size": query.size + 1,
        "track_total_hits": True,
        "timeout": TIMEOUT,
        "_source": {"excludes": ["by_language"]},
        "aggs": _facet_aggregations(query),
    }
    if by_score:
        body["track_scores"] = True
    if query.collapse:
        body["collapse"] = {"field": "story_id"}
        counting = {"cardinality": {"field": "story_id", "precision_threshold": _EXACT_STORIES}}
        body["aggs"]["stories"] = _filtered(facet_filters(query.filters), {"stories": counting})
    return body


def nearest_body(query: Query, vector: Sequence[float]) -> Body:
    """Return the body that finds the documents nearest to a vector, under the query's filters."""
    filters = [matching(query, (), ()), *facet_filters(query.filters)]
    return {
        "knn": {
            "field": "embedding",
            "query_vector": list(vector),
            "k": DEPTH,
            "num_candidates": 2 * DEPTH,
            "filter": filters,
        },
        "size": DEPTH,
        "_source": {"excludes": ["by_language"]},
        "timeout": TIMEOUT,
    }


def matching(query: Query, clauses: Sequence[Clause], languages: Collection[str]) -> Body:
    """Return the query for text, days and `within`; filters come after counting (post_filter)."""
    wanted: Body = {"filter": [{"term": {"state": LIVE}}, *facet_filters(query.within)]}
    if query.among:
        wanted["filter"].append({"terms": {"article_id": list(query.among)}})
    if query.since or query.until:
        wanted["filter"].append({"range": {DAY: _span(query.since, query.until)}})
    for clause in clauses:
        found = _any([_term(term, languages) for term in clause.alternatives])
        wanted.setdefault("must_not" if clause.excluded else "must", []).append(found)
    return {"bool": wanted}


def facet_filters(filters: Mapping[str, Sequence[str]]) -> list[Body]:
    """Return one filter for each facet; values of one facet are alternatives."""
    return [{"terms": {facet: list(values)}} for facet, values in filters.items()]


def sort_of(query: Query, *, by_score: bool) -> list[Body]:
    """Return an order without ties; newest and oldest are each other's reverse."""
    if by_score:
        return [{"_score": "desc"}, {"article_id": "asc"}]
    way = "asc" if query.sort == "oldest" else "desc"
    return [{"sort_us": way}, {"article_id": way}]


def _span(since: date | None, until: date | None) -> Body:
    span = {"gte": since, "lte": until}
    return {name: day.isoformat() for name, day in span.items() if day is not None}


def _any(queries: list[Body]) -> Body:
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries}}


def _term(term: Term, languages: Collection[str]) -> Body:
    """Look in exact forms, and for words also in the stems of every language."""
    parts = ("title",) if term.title_only else PARTS
    if term.kind is Kind.PREFIX:
        start = exact_forms(term.words)[0]
        return _any(
            [{"prefix": {part: {"value": start, "boost": _BOOST[part, True]}}} for part in parts]
        )
    text = " ".join(term.words)
    found = [_in_order(part, text, _BOOST[part, True]) for part in parts]
    if term.kind is Kind.WORD:
        found += [
            _in_order(f"by_language.{language}.{part}", text, _BOOST[part, False])
            for language in languages
            for part in parts
        ]
    return _any(found)


def _in_order(field: str, text: str, boost: float) -> Body:
    """Look for one word, or several next to each other."""
    return {"match_phrase": {field: {"query": text, "boost": boost}}}


def _facet_aggregations(query: Query) -> Body:
    """Count each facet under all filters but its own, facets of equal filters together."""
    return {
        f"facets_{number}": _filtered(
            facet_filters(filters), {facet: _terms(facet, query.facet_size) for facet in facets}
        )
        for number, (facets, filters) in enumerate(own_filter_removed(query))
    }


def _filtered(filters: list[Body], aggregations: Body) -> Body:
    return {"filter": {"bool": {"filter": filters}}, "aggs": aggregations}


def _terms(facet: str, size: int) -> Body:
    order: Any = {"_key": "desc"} if facet == DAY else [{"_count": "desc"}, {"_key": "asc"}]
    terms = {"field": facet, "size": size, "order": order}
    return {"terms": terms if facet == DAY else {**terms, "shard_size": _SHARD_VALUES}}
