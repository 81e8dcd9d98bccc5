"""`GET /v1/feeds`, `/v1/balance`, `/v1/where`: how the pipeline is, for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from pipeline.keys import KeyScope
from pipeline.model import Status
from pipeline.ops.equation import equation
from pipeline.ops.health import STANDINGS, standing
from pipeline.ops.reports import feed_report, life_of
from pipeline.oversight import Listing, PollRecord
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import NOT_FOUND, REFUSALS, answer
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving
from pipeline.urls import MAX_URL_LENGTH
from pipeline.work import FeedState, LifeLine, Position

DAYS = 7
Standing = Literal["gone", "failing", "empty", "stale", "new", "paused", "merged", "out", "ok"]

router = APIRouter(
    prefix="/v1",
    tags=["operations"],
    dependencies=[Depends(requires(KeyScope.OPS))],
    responses=REFUSALS,
)


class FeedsAsked(BaseModel):
    """Which feeds."""

    model_config = ConfigDict(extra="forbid")

    standing: Standing | None = None
    after: str = Field("", max_length=200, description="The cursor of the previous page.")
    size: int = Field(200, ge=1, le=500)


class FeedHealth(BaseModel):
    """How one feed is."""

    feed_id: str
    publisher: str
    title: str
    url: str = Field(description="the address that is polled now")
    standing: Standing
    means: str = Field(description="the standing in words")
    last_poll_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None = Field(description="when a poll last brought a new entry")
    next_poll_at: datetime | None
    interval_s: float
    newest_entry_at: datetime | None
    last_reason: str | None = Field(description="why the last poll was not ok")
    failed_polls: int = Field(description="since the last good one")
    gaps: int = Field(description="times that entries were probably missed")
    new_entries: int = Field(description=f"of the last {DAYS} days and today")


class FeedHealthList(BaseModel):
    """Feeds in order of their ids."""

    feeds: list[FeedHealth]
    cursor: str | None = Field(description="for `after`; null: this was the last page")


class FeedHistory(FeedHealth):
    """One feed, with what happened to it last."""

    polls: list[PollRecord]
    listings: list[Listing]


class BalanceTerm(BaseModel):
    """Where URLs stand, and why, as far as there is a reason."""

    status: Status
    urls: int
    reasons: dict[str, int]


class Balance(BaseModel):
    """discovered = accounted, the sum of all terms, if nothing was lost on either side."""

    balances: bool
    discovered: int
    accounted: int
    terms: list[BalanceTerm]
    entries_without_link: int = Field(description="sighted, but no URL: beside the sum")


class Life(BaseModel):
    """Where an address stands, and every step of its way."""

    position: Position
    life: list[LifeLine]


@router.get("/feeds", response_model=FeedHealthList)
def feeds(request: Request, serving: Served, asked: Annotated[FeedsAsked, Query()]) -> Response:
    """List feeds with their health, in order of their ids."""
    chosen = [
        one
        for one in serving.ledger.feed_states()
        if one.feed.feed_id > asked.after and asked.standing in (None, standing(one))
    ]
    shown = chosen[: asked.size]
    cursor = shown[-1].feed.feed_id if len(chosen) > asked.size else None
    return answer(request, FeedHealthList(feeds=_healths(serving, shown), cursor=cursor))


@router.get("/feeds/{feed_id}", response_model=FeedHistory, responses=NOT_FOUND)
def feed(
    request: Request, serving: Served, feed_id: Annotated[str, Path(max_length=200)]
) -> Response:
    """Return one feed with its last polls and what it last listed."""
    report = feed_report(serving.ledger, feed_id, serving.clock.now())
    if report is None:
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", "There is no feed of this id.")
    (health,) = _healths(serving, [report.row.state])
    return answer(
        request,
        FeedHistory(**health.model_dump(), polls=report.polls, listings=report.listings),
    )


def _healths(serving: Serving, states: Sequence[FeedState]) -> list[FeedHealth]:
    ids = [state.feed.feed_id for state in states]
    midnight = serving.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    new = serving.ledger.new_by_day(ids, midnight - timedelta(days=DAYS))
    failed = serving.ledger.failed_polls(ids)
    return [
        FeedHealth.model_validate(
            {
                **asdict(state),
                "feed_id": feed_id,
                "publisher": state.feed.publisher,
                "title": state.feed.title,
                "standing": standing(state),
                "means": STANDINGS[standing(state)],
                "failed_polls": failed[feed_id].times if feed_id in failed else 0,
                "new_entries": sum(new.get(feed_id, {}).values()),
            }
        )
        for feed_id, state in zip(ids, states, strict=True)
    ]


@router.get("/balance", response_model=Balance)
def balance(request: Request, serving: Served) -> Response:
    """Say whether everything discovered is accounted for, by the ledger's books."""
    books = equation(serving.ledger.tally())
    held = Balance(
        balances=books.balances,
        discovered=books.discovered,
        accounted=books.accounted,
        terms=[
            BalanceTerm(status=term.status, urls=term.urls, reasons=dict(term.reasons))
            for term in books.terms
        ],
        entries_without_link=books.no_link,
    )
    return answer(request, held)


@router.get("/where", response_model=Life, responses=NOT_FOUND)
def where(
    request: Request,
    serving: Served,
    url: Annotated[str, Query(min_length=1, max_length=MAX_URL_LENGTH)],
) -> Response:
    """Tell the life of one address: every step, with its reason."""
    found = life_of(serving.ledger, url)
    if found is None:
        detail = "It was never seen in any feed of this ledger."
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", detail)
    return answer(request, Life(position=found[0], life=found[1]))
