"""Answers a Query from one generation: the page, its highlights, the facet counts."""

import re
from collections.abc import Sequence
from dataclasses import replace

import tantivy
from tantivy import Order

from pipeline.adapters.embedded import layout
from pipeline.adapters.embedded.compile import both, filter_query, text_query
from pipeline.adapters.embedded.counting import count_distinct, count_facets, count_values
from pipeline.adapters.embedded.generation import Generation, total_of
from pipeline.adapters.stemming import STEMMED, stemmer_of
from pipeline.errors import UsageError
from pipeline.index.bounds import check_bounds, story_offset
from pipeline.index.cursor import decode_cursor, encode_cursor
from pipeline.index.highlight import highlight
from pipeline.index.parse_query import Clause, parse_query
from pipeline.index.query import Hit, Query, SearchPage

_RECENCY = re.compile("[0-9a-f]+")
_TIES_EXPECTED = 64  # equal scores at a page's edge that one request usually covers


def check_query(query: Query) -> tuple[Clause, ...]:
    """Read the text and hold everything against the bounds. Raises UsageError."""
    check_bounds(query)
    if query.vector is not None:
        raise UsageError("the embedded index holds no vectors; Elasticsearch does")
    clauses = parse_query(query.text)
    kinds = _cursor_kinds(query, clauses)
    position = decode_cursor(query, kinds)
    if position and kinds == (str,) and not _RECENCY.fullmatch(str(position[0])):
        raise UsageError("the cursor does not belong to this query; start again without it")
    return clauses


def answer(generation: Generation, query: Query, clauses: Sequence[Clause]) -> SearchPage:
    """Return the page that a query (which has passed `check_query`) asks for."""
    searcher = generation.searcher()
    text = text_query(clauses, _languages(searcher))
    matching = both(filter_query(query, query.filters), text)
    if query.collapse:
        return _stories(searcher, matching, query, clauses, text)
    if _by_score(query, clauses):
        page, total, position = _best(searcher, matching, query)
    else:
        page, total, position = _by_time(generation, searcher, matching, query)
    return SearchPage(
        total=total,
        hits=tuple(_hit(searcher, query, clauses, score, place) for score, place in page),
        facets=count_facets(searcher, query, text),
        cursor=encode_cursor(query, position) if position else None,
    )


def _by_score(query: Query, clauses: Sequence[Clause]) -> bool:
    """Without a word to look for all scores are equal: relevance then means newest."""
    return query.sort == "relevance" and any(not clause.excluded for clause in clauses)


def _cursor_kinds(query: Query, clauses: Sequence[Clause]) -> tuple[type, ...]:
    if query.collapse:
        return (int,)
    return (float, int, int) if _by_score(query, clauses) else (str,)


def _languages(searcher: tantivy.Searcher) -> list[str]:
    """Return the languages that have stems: looking in the fields of others is wasted."""
    return [language for language in STEMMED if searcher.doc_freq("language", language)]


_Page = tuple[list[tuple[float, tantivy.DocAddress]], int, list[str | int | float] | None]


def _best(searcher: tantivy.Searcher, matching: tantivy.Query, query: Query) -> _Page:
    """Return the page by falling score, equal scores by `tie`.

    tantivy cannot start behind a score, so the best are asked for from the first one on, as many as
    the pages before held and some more, until no equal score can be missing.
    """
    position = decode_cursor(query, (float, int, int))
    after = (-float(position[0]), int(position[1])) if position else None
    shown = min(max(0, int(position[2])), searcher.num_docs) if position else 0
    limit = shown + query.size + 1 + _TIES_EXPECTED
    while True:
        found = searcher.search(matching, limit=limit)
        places = [place for _, place in found.hits]
        ties = searcher.fast_field_values("tie", places)
        ordered = sorted(
            (-score, int(tie or 0), number)
            for number, ((score, _), tie) in enumerate(zip(found.hits, ties, strict=True))
        )
        exhausted = len(found.hits) < limit
        settled = [one for one in ordered if exhausted or one[0] < ordered[-1][0]]
        rest = [one for one in settled if after is None or one[:2] > after]
        if exhausted or len(rest) > query.size:
            break
        limit *= 2
    page = [(-score, places[number]) for score, _, number in rest[: query.size]]
    if len(rest) <= query.size:
        return page, total_of(found), None
    score, tie, _ = rest[query.size - 1]
    return page, total_of(found), [-score, tie, shown + query.size]


def _by_time(
    generation: Generation, searcher: tantivy.Searcher, matching: tantivy.Query, query: Query
) -> _Page:
    """Return the page by the unique key `recency`, starting behind the cursor's."""
    position = decode_cursor(query, (str,))
    oldest_first = query.sort == "oldest"
    rest = matching
    if position is not None:
        # tantivy's Python API has text ranges in its query language only. The key is our own:
        # digits and a-f.
        key = position[0]
        span = f"recency:{{{key} TO *}}" if oldest_first else f"recency:{{* TO {key}}}"
        rest = both(matching, generation.index.parse_query(span))
    found = searcher.search(
        rest, limit=query.size + 1, order_by_field="recency",
        order=Order.Asc if oldest_first else Order.Desc,
    )  # fmt: skip
    total = total_of(found) if position is None else total_of(searcher.search(matching, limit=1))
    page = [(0.0, place) for _, place in found.hits[: query.size]]
    more = len(found.hits) > query.size
    return page, total, [found.hits[query.size - 1][0]] if more else None


def _stories(
    searcher: tantivy.Searcher,
    matching: tantivy.Query,
    query: Query,
    clauses: Sequence[Clause],
    text: tantivy.Query,
) -> SearchPage:
    """Return one hit for each story, the first by the order asked for.

    tantivy cannot collapse, so documents are read in order until enough stories have been met.
    """
    offset = story_offset(query, decode_cursor(query, (int,)))
    limit = 2 * (offset + query.size + 1)
    while True:
        ordered, exhausted = _in_order(searcher, matching, query, clauses, limit)
        stories = searcher.fast_field_values("story", [place for _, place in ordered])
        firsts: dict[object, tuple[float, tantivy.DocAddress]] = {}
        for story, one in zip(stories, ordered, strict=True):
            firsts.setdefault(story, one)
        if exhausted or len(firsts) > offset + query.size:
            break
        limit *= 4
    shown = list(firsts.values())[offset : offset + query.size]
    more = len(firsts) > offset + query.size
    hits = [_hit(searcher, query, clauses, score, place) for score, place in shown]
    told = count_values(searcher, matching, "story_id", {hit.document["story_id"] for hit in hits})
    return SearchPage(
        total=total_of(searcher.search(matching, limit=1)),
        hits=tuple(replace(hit, in_story=told[hit.document["story_id"]]) for hit in hits),
        facets=count_facets(searcher, query, text),
        cursor=encode_cursor(query, [offset + query.size]) if more else None,
        stories=count_distinct(searcher, matching, "story_id"),
    )


def _in_order(
    searcher: tantivy.Searcher,
    matching: tantivy.Query,
    query: Query,
    clauses: Sequence[Clause],
    limit: int,
) -> tuple[list[tuple[float, tantivy.DocAddress]], bool]:
    """Return the first documents with their scores, and whether these are all."""
    if not _by_score(query, clauses):
        way = Order.Asc if query.sort == "oldest" else Order.Desc
        found = searcher.search(matching, limit=limit, order_by_field="recency", order=way)
        return [(0.0, place) for _, place in found.hits], len(found.hits) < limit
    found = searcher.search(matching, limit=limit)
    ties = searcher.fast_field_values("tie", [place for _, place in found.hits])
    ranked = sorted(
        (-score, int(tie or 0), number)
        for number, ((score, _), tie) in enumerate(zip(found.hits, ties, strict=True))
    )
    exhausted = len(found.hits) < limit
    return [
        (-score, found.hits[number][1])
        for score, _, number in ranked
        if exhausted or score < ranked[-1][0]  # of equal scores at the edge some may be missing
    ], exhausted


def _hit(
    searcher: tantivy.Searcher,
    query: Query,
    clauses: Sequence[Clause],
    score: float,
    place: tantivy.DocAddress,
) -> Hit:
    document = layout.source(searcher.doc(place))
    stem = stemmer_of(document.get("language"))
    marked = (
        highlight(document["title"], document["text"], clauses, stem) if query.highlight else {}
    )
    return Hit(document["article_id"], score, document, marked)
