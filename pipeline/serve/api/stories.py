"""`GET /v1/stories/{id}`: who told a story, when, with which texts; old ids lead to the new one."""

from collections import Counter
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.histories import StoryMerge
from pipeline.keys import KeyScope
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import MOVED, NOT_FOUND, REFUSALS, answer
from pipeline.serve.api.search import Count, Summary, counted, summary_of
from pipeline.serve.pages.stories import MAX_ARTICLES, StoryReport, find_story, story_report
from pipeline.serve.problems import Refused

router = APIRouter(
    prefix="/v1/stories",
    tags=["stories"],
    dependencies=[Depends(requires(KeyScope.SEARCH))],
    responses={**REFUSALS, **NOT_FOUND, **MOVED},
)


class Text(BaseModel):
    """One text of a story: where it stood first, and its copies at other outlets."""

    first: Summary
    copies: list[Summary]


class Day(BaseModel):
    """What was published on one day."""

    day: str
    articles: int
    outlets: int


class Story(BaseModel):
    """A news story: the articles that report the same event, in any language."""

    story_id: str
    articles: int
    is_complete: bool = Field(
        description=f"false: only the first {MAX_ARTICLES} articles are in `texts` and `timeline`;"
        " /v1/search?story_id= has them all"
    )
    first_seen_at: datetime
    last_seen_at: datetime
    outlets: list[Count]
    about: dict[str, list[Count]] = Field(description="topics, people, organisations, places")
    timeline: list[Day]
    texts: list[Text] = Field(description="by time")
    merged: list[StoryMerge] = Field(description="stories that became part of it, newest first")


@router.get("/{story_id}", response_model=Story)
def story(
    request: Request,
    serving: Served,
    # An article that left the story it began names the next one "ARTICLE.VERSION".
    story_id: Annotated[str, Path(max_length=100, pattern=r"^[0-9A-Za-z_-]+(\.[0-9]+)?$")],
) -> Response:
    """Return a story with its articles, copies and timeline."""
    report = story_report(serving.index, serving.ledger, story_id)
    if report is not None:
        return answer(request, _story(report))
    now = find_story(serving.index, serving.ledger, story_id)
    if now is None or now == story_id:
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", "No article tells a story of this id.")
    return RedirectResponse(f"/v1/stories/{now}", HTTPStatus.PERMANENT_REDIRECT)


def _story(report: StoryReport) -> Story:
    documents = [summary_of(document) for document in report.documents]
    seen = [document.first_seen_at for document in documents]
    days = Counter(document.day for document in documents)
    outlets = {day: {one.outlet for one in documents if one.day == day} for day in days}
    return Story(
        story_id=report.story_id,
        articles=report.articles,
        is_complete=len(documents) == report.articles,
        first_seen_at=min(seen),
        last_seen_at=max(seen),
        outlets=counted(report.outlets),
        about={facet: counted(values) for facet, values in report.about.items()},
        timeline=[
            Day(day=day, articles=articles, outlets=len(outlets[day]))
            for day, articles in sorted(days.items())
        ],
        texts=[
            Text(first=summary_of(text.first), copies=[summary_of(copy) for copy in text.copies])
            for text in report.texts
        ],
        merged=list(report.merges),
    )
