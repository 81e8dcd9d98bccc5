"""Which stories a saved search finds: among what was just indexed, or in some days of the past.

Both ask the index itself, with the query that an analyst would: what an alert finds is what a
search finds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.index.bounds import MAX_SIZE
from pipeline.index.query import Hit, Query
from pipeline.model import Change
from pipeline.ports import IndexReader

#: Lines of the change log that are matched together.
BATCH = MAX_SIZE
_PIECES = 3


@dataclass(frozen=True, slots=True)
class BackTest:
    """What a search would have caught."""

    stories: int
    articles: int
    hits: tuple[AlertHit, ...]  # the newest of the stories, one article each


def query_of(search: SavedSearch) -> Query:
    """Return the query of a saved search."""
    return Query(text=search.text, filters=search.filters)


def indexed_ids(index: IndexReader, lines: Sequence[Change]) -> list[str] | None:
    """Return the articles of some lines that the index holds; None: not all can be found yet.

    A cluster shows what it took a moment later. What left meanwhile is not waited for.
    """
    newest = {line.article_id: line for line in lines}
    ids = [key for key, line in newest.items() if line.kind == "upsert"]
    held = index.read(ids) if ids else {}
    if not held:
        return []
    page = index.search(Query(among=tuple(held), size=len(held), highlight=False))
    found = {hit.article_id: hit.document["doc_version"] for hit in page.hits}
    if any(found.get(key, 0) < newest[key].doc_version for key in held):
        return None
    return list(held)


def find_matches(index: IndexReader, search: SavedSearch, ids: Sequence[str]) -> list[AlertHit]:
    """Return what a search finds among some articles, one hit for each story."""
    if not ids:
        return []
    asked = query_of(search)
    page = index.search(replace(asked, among=tuple(ids), size=len(ids), sort="oldest"))
    first: dict[str, AlertHit] = {}
    for hit in page.hits:
        first.setdefault(hit.document["story_id"], hit_of(search, hit))
    return list(first.values())


def back_test(index: IndexReader, search: SavedSearch, since: date, until: date) -> BackTest:
    """Return what a search would have caught of what was published in some days."""
    asked = replace(query_of(search), since=since, until=until)
    page = index.search(replace(asked, collapse=True, sort="newest", size=MAX_SIZE))
    hits = tuple(hit_of(search, hit) for hit in page.hits)
    return BackTest(page.stories or 0, page.total, hits)


def hit_of(search: SavedSearch, hit: Hit) -> AlertHit:
    """Return a found document as a hit."""
    document = hit.document
    return AlertHit(
        alert_id=search.alert_id,
        story_id=document["story_id"],
        article_id=hit.article_id,
        title=document["title"],
        url=document["url"],
        outlet=document["outlet"],
        published_at=document["published_at"],
        matched=(*_pieces(hit.highlights), *_named(search, document)),
    )


def _pieces(highlights: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    pieces = [piece for part in ("title", "text") for piece in highlights.get(part, ())]
    return tuple(piece for piece in pieces if "⟦" in piece)[:_PIECES]


def _named(search: SavedSearch, document: Mapping[str, object]) -> tuple[str, ...]:
    """Return the filters' values that the article has."""
    found = []
    for name, wanted in search.filters.items():
        value = document.get(name)
        values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        found += [f"{name}: {one}" for one in values if one in wanted]
    return tuple(found[:_PIECES])
