"""`GET /v1/search`: the typed query, hits, facets and a cursor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from pipeline.index.query import Hit, SearchPage
from pipeline.keys import KeyScope
from pipeline.model import Document
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import REFUSALS, answer
from pipeline.serve.api.asked import Search

router = APIRouter(
    prefix="/v1",
    tags=["search"],
    dependencies=[Depends(requires(KeyScope.SEARCH))],
    responses=REFUSALS,
)


class Summary(BaseModel):
    """What is said of an article in lists; the article itself has more."""

    article_id: str
    doc_version: int = Field(description="grows with every change of the article")
    url: str
    title: str
    outlet: str
    language: str | None
    country: str | None
    section: str | None
    author: list[str]
    published_at: datetime | None = Field(description="as the publisher claims")
    published_at_precision: str | None = Field(description="second, minute or day")
    first_seen_at: datetime = Field(description="when we first saw it in a feed")
    day: str
    story_id: str
    syndication_id: str | None = Field(description="shared by all that print this text")
    person: list[str]
    organisation: list[str]
    place: list[str]
    topic: list[str]
    word_count: int
    noindex: bool
    tdm_reserved: bool


class Found(BaseModel):
    """One hit."""

    article: Summary
    score: float
    in_story: int = Field(description="articles of its story that match, with stories=true")
    highlights: dict[str, list[str]]


class Count(BaseModel):
    """A value of a facet, and how many articles have it."""

    value: str
    articles: int


class SearchAnswer(BaseModel):
    """One page of an answer."""

    total: int = Field(description="articles that match")
    stories: int | None = Field(description="stories that they tell, with stories=true")
    hits: list[Found]
    facets: dict[str, list[Count]]
    cursor: str | None = Field(description="for the next page; null: this was the last")


@router.get("/search", response_model=SearchAnswer)
def search(request: Request, serving: Served, asked: Annotated[Search, Query()]) -> Response:
    """Find articles.

    Sorted by newest or oldest, a walk along the cursors shows every article that was there all the
    time exactly once, whatever is written meanwhile. Sorted by relevance, or with stories=true,
    that holds as long as nothing is written.
    """
    query = replace(
        asked.query(),
        facets=tuple(dict.fromkeys(asked.facet)),
        facet_size=asked.facet_size,
        sort=asked.sort,
        size=asked.size,
        cursor=asked.cursor,
        collapse=asked.stories,
        highlight=asked.highlight,
    )
    return answer(request, _answer(serving.index.search(query)))


def _answer(page: SearchPage) -> SearchAnswer:
    return SearchAnswer(
        total=page.total,
        stories=page.stories,
        hits=[_found(hit) for hit in page.hits],
        facets={name: counted(values) for name, values in page.facets.items()},
        cursor=page.cursor,
    )


def _found(hit: Hit) -> Found:
    return Found(
        article=summary_of(hit.document),
        score=hit.score,
        in_story=hit.in_story,
        highlights={name: list(texts) for name, texts in hit.highlights.items()},
    )


def summary_of(document: Document) -> Summary:
    """Return what lists say of an article."""
    kept: Mapping[str, Any] = {name: document.get(name) for name in Summary.model_fields}
    return Summary.model_validate(kept)


def counted(values: tuple[tuple[str, int], ...]) -> list[Count]:
    """Return the counts of a facet."""
    return [Count(value=value, articles=articles) for value, articles in values]
