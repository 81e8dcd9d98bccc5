"""The one typed query that every index answers, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pipeline.model import Document

#: Facets that every index offers, by the name of the document field that holds them.
FACETS = (
    "person",
    "organisation",
    "place",
    "scene",
    "topic",
    "iptc",
    "key_phrases",
    "outlet",
    "language",
    "country",
    "section",
    "author",
    "day",
)
#: What can be filtered by: every facet, and the story that an article tells.
FILTERS = (*FACETS, "story_id")


@dataclass(frozen=True, slots=True)
class Query:
    """What an analyst asks.

    `text` holds words (all must match), "phrases in quotes" (matched exactly, unstemmed), OR and
    -excluded words. `filters` is one of FILTERS → accepted values: values of one are alternatives,
    several add up. A facet's counts ignore its own filter, so that one can select several; `within`
    filters in the same way and is ignored by none (who is named together with somebody).
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    among: tuple[str, ...] = ()  # only these articles, by id; (): all
    since: date | None = None  # day of publication, inclusive
    until: date | None = None  # inclusive
    facets: tuple[str, ...] = ()
    facet_size: int = 10
    sort: str = "relevance"  # "relevance" | "newest" | "oldest"
    size: int = 10
    cursor: str | None = None  # from the previous SearchPage
    highlight: bool = True
    collapse: bool = False  # one hit for each story: the best of its documents by the sort
    #: Find by meaning too: documents near this vector join those with the words (hybrid search).
    vector: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found."""

    article_id: str
    score: float
    document: Document
    highlights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ⟦marked⟧ fragments
    in_story: int = 1  # documents of this story that match, when collapsed


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of an answer."""

    total: int  # documents
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    cursor: str | None = None  # None: this was the last page
    stories: int | None = None  # how many stories the documents belong to, when collapsed
