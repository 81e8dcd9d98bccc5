"""`/v1/alerts`: saved searches that tell of each story once; and what one would have told."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from pipeline.alerts.atom import atom
from pipeline.alerts.letters import MAILTO
from pipeline.alerts.matching import back_test, query_of
from pipeline.alerts.saved import MAX_NAME_CHARS, AlertHit, SavedSearch, new_search
from pipeline.index.query import FILTERS
from pipeline.keys import KeyScope
from pipeline.ops.asked import storable
from pipeline.serve.access import Served, refuse_too_many, requires
from pipeline.serve.api.answers import NOT_FOUND, REFUSALS, answer
from pipeline.serve.api.asked import Narrowed
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving

_FEED_HITS = 100
_NAME = r"^[^\x00-\x1f\x7f/]+$"
_WEBHOOK = r"^(https?://[^\s/@]+(/[^\s@]*)?|mailto:[^\s@,;<>]+@[^\s@,;<>]+)?$"

router = APIRouter(
    prefix="/v1",
    tags=["alerts"],
    dependencies=[Depends(requires(KeyScope.ALERTS))],
    responses=REFUSALS,
)
#: Feeds are read by programs that can send no key: whoever knows the address may read it.
feeds = APIRouter(include_in_schema=False)

Name = Annotated[str, Path(min_length=1, max_length=MAX_NAME_CHARS, pattern=_NAME)]


class AlertHitShown(BaseModel):
    """One story that a search found."""

    key: str = Field(description="the same whenever it is told again")
    story_id: str
    article_id: str
    title: str
    url: str
    outlet: str
    published_at: str | None
    matched: list[str] = Field(description="pieces of headline and text, ⟦words⟧ marked; or facets")
    found_at: datetime | None
    delivered_at: datetime | None = Field(description="when the webhook took it")
    failed_reason: str | None = Field(description="why the webhook did not take it the last time")


class Alert(BaseModel):
    """A saved search."""

    name: str
    q: str
    filters: dict[str, list[str]]
    webhook: str
    every_s: int = Field(description="how long hits are gathered from the first on; 0: not")
    created_at: datetime | None
    feed: str = Field(description="path of its Atom feed: whoever knows it may read it")


class AlertMade(Alert):
    """A saved search, with what is told of it once."""

    secret: str = Field(
        description="signs what the webhook gets (Standard Webhooks); not shown again"
    )


class AlertWithHits(Alert):
    """A saved search with its newest hits."""

    hits: list[AlertHitShown]


class AlertList(BaseModel):
    """All saved searches, oldest first."""

    alerts: list[Alert]


class BackTested(BaseModel):
    """What a search would have caught."""

    since: str
    until: str
    stories: int
    articles: int
    hits: list[AlertHitShown] = Field(description="the newest stories, one article each")


class NewAlert(BaseModel):
    """A search to be saved."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=_NAME)
    search: Narrowed = Field(description="as in /v1/search; days are not part of an alert")
    webhook: str = Field(
        "", max_length=2_000, pattern=_WEBHOOK, description="https://… gets JSON, mailto:… a letter"
    )
    every_s: int = Field(0, ge=0, le=7 * 86_400)

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        values = [value for some in _filters(self.search).values() for value in some]
        for text in (self.name, self.webhook, self.search.q, *values):
            if storable(text) != text:
                raise ValueError("a text holds U+0000 or half a character: it cannot be kept")
        return self


class BackTestAsked(Narrowed):
    """A search and how far back to look."""

    days: int = Field(30, ge=1, le=366, description="of publication, up to today")


@router.get("/alerts", response_model=AlertList)
def list_alerts(request: Request, serving: Served) -> Response:
    """Return all saved searches."""
    return answer(request, AlertList(alerts=[_shown(one) for one in serving.ledger.alerts()]))


@router.post("/alerts", response_model=AlertMade, status_code=HTTPStatus.CREATED)
def add_alert(request: Request, serving: Served, new: NewAlert) -> Response:
    """Save a search; it is matched with what is indexed from now on."""
    search = new_search(
        new.name, new.search.q, _filters(new.search), webhook=new.webhook, every_s=new.every_s
    )
    if new.webhook.startswith(MAILTO) and not serving.config.mail.host:
        detail = "No letters are sent here: the operator has named no server ([mail] host)."
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_request", detail)
    serving.index.search(query_of(search))  # refuses what could never be answered
    kept = _shown(serving.ledger.add_alert(search, serving.clock.now()))
    made = answer(request, AlertMade(**kept.model_dump(), secret=search.secret))
    made.status_code = HTTPStatus.CREATED
    return made


@router.get("/alerts/{name}", response_model=AlertWithHits, responses=NOT_FOUND)
def show_alert(request: Request, serving: Served, name: Name) -> Response:
    """Return a saved search with its newest hits."""
    search = _named(serving, name)
    hits = [_hit(one) for one in serving.ledger.hits(search.alert_id, limit=_FEED_HITS)]
    return answer(request, AlertWithHits(**_shown(search).model_dump(), hits=hits))


@router.delete("/alerts/{name}", status_code=HTTPStatus.NO_CONTENT, responses=NOT_FOUND)
def remove_alert(serving: Served, name: Name) -> None:
    """Delete a saved search and its hits."""
    if not serving.ledger.remove_alert(name):
        raise _unknown(name)


@router.get("/backtest", response_model=BackTested)
def backtest(
    request: Request, serving: Served, asked: Annotated[BackTestAsked, Query()]
) -> Response:
    """Return what a search would have caught, were it saved so many days ago."""
    until = asked.until or serving.clock.now().date()
    since = asked.since or until - timedelta(days=asked.days)
    search = SavedSearch("", "", asked.q, _filters(asked))
    found = back_test(serving.index, search, since, until)
    return answer(
        request,
        BackTested(
            since=since.isoformat(),
            until=until.isoformat(),
            stories=found.stories,
            articles=found.articles,
            hits=[_hit(one) for one in found.hits],
        ),
    )


@feeds.get("/alerts/{alert_id}.atom")
def feed(request: Request, serving: Served, alert_id: str) -> Response:
    """Return the hits of a saved search as an Atom feed."""
    search = next((one for one in serving.ledger.alerts() if one.alert_id == alert_id), None)
    # Those who guess share one allowance: nobody can make us remember as many as they like.
    refuse_too_many(request.app.state.limits, f"alert-{search.alert_id if search else ''}")
    if search is None:
        raise _unknown("of this address")
    hits = serving.ledger.hits(search.alert_id, limit=_FEED_HITS)
    body = atom(search, hits, str(request.url))
    return Response(body, media_type="application/atom+xml")


def _filters(asked: Narrowed) -> dict[str, tuple[str, ...]]:
    chosen = {name: tuple(getattr(asked, name)) for name in FILTERS}
    return {name: values for name, values in chosen.items() if values}


def _named(serving: Serving, name: str) -> SavedSearch:
    found = next((one for one in serving.ledger.alerts() if one.name == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "not_found", f"There is no alert {name!r}.")


def _shown(one: SavedSearch) -> Alert:
    return Alert(
        name=one.name,
        q=one.text,
        filters={name: list(values) for name, values in one.filters.items()},
        webhook=one.webhook,
        every_s=one.every_s,
        created_at=one.created_at,
        feed=f"/alerts/{one.alert_id}.atom",
    )


def _hit(one: AlertHit) -> AlertHitShown:
    return AlertHitShown(
        key=one.key, story_id=one.story_id, article_id=one.article_id, title=one.title,
        url=one.url, outlet=one.outlet, published_at=one.published_at, matched=list(one.matched),
        found_at=one.found_at, delivered_at=one.delivered_at, failed_reason=one.failed_reason,
    )  # fmt: skip
