"""The parameters of a search: the typed query, as an address holds it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.index.bounds import (
    MAX_FACET_SIZE,
    MAX_FILTER_VALUES,
    MAX_SIZE,
    MAX_VALUE_CHARS,
)
from pipeline.index.parse_query import MAX_CHARS
from pipeline.index.query import FACETS, FILTERS, Query

_Value = Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS)]
_Values = Annotated[list[_Value], Field(max_length=MAX_FILTER_VALUES)]
_Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_None: list[str] = []
Sort = Literal["relevance", "newest", "oldest"]
Facet = Literal[
    "person", "organisation", "place", "scene", "topic", "iptc", "key_phrases", "outlet",
    "language", "country", "section", "author", "day",
]  # fmt: skip


class Narrowed(BaseModel):
    """Which articles. Values of one filter are alternatives, filters add up."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(
        "",
        max_length=MAX_CHARS,
        description='Words (all must match), "exact phrases", OR, -excluded, begin*, title:word.',
    )
    since: date | None = Field(None, description="First day of publication (UTC).")
    until: date | None = Field(None, description="Last day of publication.")
    person: _Values = _None
    organisation: _Values = _None
    place: _Values = _None
    scene: _Values = Field(_None, description="Where it happened.")
    topic: _Values = _None
    iptc: _Values = Field(_None, description="IPTC Media Topics, by name.")
    key_phrases: _Values = _None
    outlet: _Values = _None
    language: _Values = Field(_None, description="ISO 639-1.")
    country: _Values = Field(_None, description="Of the outlet, ISO 3166-1 alpha-2.")
    section: _Values = _None
    author: _Values = _None
    day: Annotated[list[_Day], Field(max_length=MAX_FILTER_VALUES)] = Field(
        [], description="Of publication: YYYY-MM-DD."
    )
    story_id: _Values = _None

    def query(self) -> Query:
        """Return the query of these parameters."""
        chosen = {name: tuple(getattr(self, name)) for name in FILTERS}
        return Query(
            text=self.q,
            filters={name: values for name, values in chosen.items() if values},
            since=self.since,
            until=self.until,
        )


class Search(Narrowed):
    """A search: which articles, in what order, and what is counted beside them."""

    facet: Annotated[list[Facet], Field(max_length=len(FACETS))] = Field(
        [],
        description="What to count; a facet's counts ignore its own filter. May be repeated.",
    )
    facet_size: int = Field(10, ge=1, le=MAX_FACET_SIZE, description="Values of each facet.")
    sort: Sort = Field("relevance", description="relevance is newest when no word is asked for.")
    size: int = Field(10, ge=1, le=MAX_SIZE, description="Hits of one page.")
    cursor: str | None = Field(None, min_length=1, description="From the previous page.")
    stories: bool = Field(False, description="One hit for each story: the best of its articles.")
    highlight: bool = Field(True, description="Where the words are, marked ⟦so⟧.")
