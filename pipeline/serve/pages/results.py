"""What the search page shows: hits by story, facets, days. Asks the index, a few bounded times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.index.bounds import MAX_DAYS, MAX_SIZE
from pipeline.index.query import Hit, Query, SearchPage
from pipeline.model import Document
from pipeline.ports import IndexReader
from pipeline.serve.pages.asked import FEW, MANY, View

#: Facets in the order in which they are shown.
SHOWN = ("topic", "person", "organisation", "place", "outlet", "language")
#: Counted only when somebody wants them: some have a value for nearly every article.
FOLDED = ("scene", "iptc", "key_phrases", "country", "section", "author", "day")
_OTHERS = 6


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet."""

    name: str
    articles: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FacetList:
    """A facet as it is shown."""

    facet: str
    values: tuple[Value, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Who tells a story."""

    articles: int
    outlets: tuple[str, ...]  # most articles first
    copies: int  # articles whose text stood elsewhere in it before
    others: tuple[Document, ...] = ()  # some of the articles, oldest first


@dataclass(frozen=True, slots=True)
class Results:
    """All that the search page shows."""

    page: SearchPage
    facets: tuple[FacetList, ...]
    days: Mapping[date, int]
    stories: Mapping[str, Told]  # story_id → who tells it; empty when not grouped


def results_of(index: IndexReader, view: View) -> Results:
    """Ask for a view. Raises UsageError for what the index refuses."""
    shown = (*SHOWN, *(facet for facet in FOLDED if facet in view.filters))
    page = index.search(view.query(facets=shown, facet_size=FEW + 1))
    counts = dict(page.facets)
    if view.more:
        asked = view.query(facets=(view.more,), facet_size=MANY, size=1, cursor=None)
        counts.update(index.search(replace(asked, highlight=False, collapse=False)).facets)
    facets = tuple(
        _listed(facet, counts[facet], view.filters.get(facet, ()), all_of_it=facet == view.more)
        for facet in (*SHOWN, *FOLDED)
        if facet in counts
    )
    stories = told_by(index, [hit.document["story_id"] for hit in page.hits])
    return Results(page, facets, days_of(index, view.query()), stories if view.by_story else {})


def folded_in(found: Results) -> list[str]:
    """Return the facets that could be counted as well."""
    counted = {one.facet for one in found.facets}
    return [facet for facet in FOLDED if facet not in counted]


def _listed(
    facet: str, counts: Sequence[tuple[str, int]], chosen: Sequence[str], *, all_of_it: bool
) -> FacetList:
    """Return what is chosen, then the most frequent; of days the newest."""
    ordered = counts[::-1] if facet == "day" else counts
    found = dict(ordered)
    first = [Value(name, found.get(name, 0), is_chosen=True) for name in chosen]
    rest = [Value(name, n, is_chosen=False) for name, n in ordered if name not in chosen]
    few = MANY if all_of_it else FEW
    return FacetList(facet, (*first, *rest[:few]), len(rest) > few)


def days_of(index: IndexReader, query: Query) -> dict[date, int]:
    """Return the days on which articles that match were published; of many the newest."""
    asked = replace(query, facets=("day",), facet_size=MAX_DAYS, size=1, cursor=None,
                    highlight=False, collapse=False)  # fmt: skip
    days = index.search(asked).facets["day"]
    within = {date.fromisoformat(day): many for day, many in days}
    chosen = query.filters.get("day")  # its own filter does not bind a facet
    return within if chosen is None else {d: n for d, n in within.items() if str(d) in chosen}


def told_by(index: IndexReader, story_ids: Sequence[str]) -> dict[str, Told]:
    """Return story_id → who tells it: in one question, unless the stories are large."""
    ids = tuple(dict.fromkeys(story_ids))
    if not ids:
        return {}
    asked = Query(filters={"story_id": ids}, sort="oldest", size=MAX_SIZE, highlight=False)
    page = index.search(asked)
    if page.total > len(page.hits):
        return {story_id: _told_at_length(index, story_id) for story_id in ids}
    members: dict[str, list[Hit]] = {story_id: [] for story_id in ids}
    for hit in page.hits:
        members[hit.document["story_id"]].append(hit)
    return {story_id: _told([hit.document for hit in hits]) for story_id, hits in members.items()}


def _told_at_length(index: IndexReader, story_id: str) -> Told:
    """Ask for one story; of more than a page's worth of articles only outlets are counted."""
    page = index.search(
        Query(filters={"story_id": (story_id,)}, sort="oldest", size=MAX_SIZE, facets=("outlet",),
              facet_size=MAX_SIZE, highlight=False)
    )  # fmt: skip
    told = _told([hit.document for hit in page.hits])
    outlets = tuple(outlet for outlet, _ in page.facets["outlet"])
    return replace(told, articles=page.total, outlets=outlets)


def _told(documents: Sequence[Document]) -> Told:
    counts: dict[str, int] = {}
    for document in documents:
        counts[document["outlet"]] = counts.get(document["outlet"], 0) + 1
    outlets = tuple(sorted(counts, key=lambda outlet: (-counts[outlet], outlet)))
    return Told(len(documents), outlets, len(copies_in(documents)), tuple(documents[:_OTHERS]))


def copies_in(documents: Sequence[Document]) -> set[str]:
    """Return the ids of articles whose text another one printed before; `documents` by time."""
    texts: set[str] = set()
    copies: set[str] = set()
    for document in documents:
        text = document.get("syndication_id")
        if text and text in texts:
            copies.add(document["article_id"])
        texts.add(text or "")
    return copies
