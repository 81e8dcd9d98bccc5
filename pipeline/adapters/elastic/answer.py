"""From what a search returned to the answer of a Query."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.adapters.elastic import source
from pipeline.adapters.stemming import stemmer_of
from pipeline.index.cursor import encode_cursor
from pipeline.index.facets import DAY
from pipeline.index.fusion import DEPTH, fuse
from pipeline.index.highlight import highlight
from pipeline.index.parse_query import Clause
from pipeline.index.query import Hit, Query, SearchPage

Counts = tuple[tuple[str, int], ...]


def read_page(
    query: Query,
    clauses: Sequence[Clause],
    answer: Mapping[str, Any],
    *,
    position: Sequence[Any] | None,
    sizes: Mapping[str, int],
) -> SearchPage:
    """Return the page in an answer; `sizes` is story_id → matching documents, when collapsed.

    `position` is where the page began (of a collapsed one: after how many stories).
    """
    found = answer["hits"]["hits"]
    shown = found[: query.size]
    hits = tuple(_hit(query, clauses, one, sizes) for one in shown)
    cursor = None
    if len(found) > query.size:
        after = [query.size + _offset(position)] if query.collapse else shown[-1]["sort"]
        cursor = encode_cursor(query, after)
    aggregations = answer.get("aggregations", {})
    stories = aggregations["stories"]["stories"]["value"] if query.collapse else None
    return SearchPage(
        total=answer["hits"]["total"]["value"],
        hits=hits,
        facets=_facets(query, aggregations),
        cursor=cursor,
        stories=stories,
    )


def read_fused(
    query: Query,
    clauses: Sequence[Clause],
    worded: Mapping[str, Any],
    near: Mapping[str, Any],
    *,
    offset: int,
) -> SearchPage:
    """Return the page of a hybrid answer: both rankings as one, each document once."""
    found = {one["_id"]: one for answer in (near, worded) for one in answer["hits"]["hits"]}
    ranked = fuse([[one["_id"] for one in answer["hits"]["hits"]] for answer in (worded, near)])
    shown = ranked[offset : offset + query.size]
    more = len(ranked[:DEPTH]) > offset + query.size
    return SearchPage(
        total=worded["hits"]["total"]["value"],
        hits=tuple(
            replace(_hit(query, clauses, found[id_], {}), score=score) for id_, score in shown
        ),
        facets=_facets(query, worded.get("aggregations", {})),
        cursor=encode_cursor(query, [offset + query.size]) if more else None,
    )


def _offset(position: Sequence[Any] | None) -> int:
    return int(position[0]) if position else 0


def _hit(
    query: Query, clauses: Sequence[Clause], one: Mapping[str, Any], sizes: Mapping[str, int]
) -> Hit:
    document = source.document(one["_source"])
    if document is None:
        raise AssertionError("a search that asks for live documents found a tombstone")
    marks: Mapping[str, tuple[str, ...]] = {}
    if query.highlight:
        stem = stemmer_of(document.get("language"))
        marks = highlight(document["title"], document["text"], clauses, stem)
    in_story = sizes.get(document["story_id"], 1)
    return Hit(one["_id"], float(one.get("_score") or 0.0), document, marks, in_story)


def _facets(query: Query, aggregations: Mapping[str, Any]) -> dict[str, Counts]:
    counted: dict[str, Counts] = {}
    for name, group in aggregations.items():
        if name.startswith("facets_"):
            for facet in query.facets:
                if facet in group:
                    counted[facet] = _counts(facet, group[facet]["buckets"])
    return {facet: counted[facet] for facet in query.facets}


def _counts(facet: str, buckets: Sequence[Mapping[str, Any]]) -> Counts:
    if facet == DAY:
        return tuple((one["key_as_string"], one["doc_count"]) for one in reversed(buckets))
    return tuple((one["key"], one["doc_count"]) for one in buckets)
