"""What the page of one story shows. Asks the index and the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.histories import StoryMerge
from pipeline.index.bounds import MAX_SIZE
from pipeline.index.query import Query
from pipeline.model import Document
from pipeline.ports import IndexReader
from pipeline.serve.pages.results import copies_in
from pipeline.serve.serving import ServeLedger

#: Articles that are listed; of a longer story the search page shows the rest.
MAX_ARTICLES = 300
_ABOUT = ("topic", "person", "organisation", "place")
_VALUES = 8
_MAX_MERGES = 20


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a story: where it stood first, and its copies."""

    first: Document
    copies: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class StoryReport:
    """All that the page of a story shows."""

    story_id: str
    articles: int
    documents: tuple[Document, ...]  # by time, at most MAX_ARTICLES
    texts: tuple[Text, ...]
    copies: frozenset[str]
    outlets: tuple[tuple[str, int], ...]
    about: Mapping[str, tuple[tuple[str, int], ...]]
    merges: tuple[StoryMerge, ...]


def story_report(index: IndexReader, ledger: ServeLedger, story_id: str) -> StoryReport | None:
    """Return what is known of a story; None: no article tells it (any more)."""
    asked = Query(filters={"story_id": (story_id,)}, sort="oldest", size=MAX_SIZE, highlight=False,
                  facets=(*_ABOUT, "outlet"), facet_size=MAX_SIZE)  # fmt: skip
    page = index.search(asked)
    if not page.total:
        return None
    facets = page.facets
    documents = [hit.document for hit in page.hits]
    while page.cursor and len(documents) < MAX_ARTICLES:
        page = index.search(replace(asked, cursor=page.cursor, facets=()))
        documents += [hit.document for hit in page.hits]
    return StoryReport(
        story_id,
        page.total,
        tuple(documents),
        _texts(documents),
        frozenset(copies_in(documents)),
        facets["outlet"],
        {facet: facets[facet][:_VALUES] for facet in _ABOUT},
        tuple(ledger.story_merges(story_id, limit=_MAX_MERGES)),
    )


def _texts(documents: Sequence[Document]) -> tuple[Text, ...]:
    """Fold copies of a text below where it stood first; `documents` are in order of time."""
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(document.get("syndication_id") or document["article_id"], []).append(
            document
        )
    return tuple(Text(group[0], tuple(group[1:])) for group in groups.values())


def find_story(index: IndexReader, ledger: ServeLedger, story_id: str) -> str | None:
    """Return the story that is meant by an id that no article has now; None: none is."""
    now = ledger.story_now(story_id)
    if now != story_id:
        return now
    document = index.find(story_id)  # stories are named after articles
    return None if document is None else str(document["story_id"])


def told_at(document: Document) -> datetime:
    """Return when an article was published, or when we first saw it if that is not claimed."""
    return datetime.fromisoformat(document.get("published_at") or document["first_seen_at"])
