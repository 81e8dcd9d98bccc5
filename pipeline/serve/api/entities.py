"""`GET /v1/entities/…`: people, organisations and places; how often, when and with whom."""

from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.index.bounds import MAX_FACET_SIZE
from pipeline.keys import KeyScope
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import MOVED, NOT_FOUND, REFUSALS, answer
from pipeline.serve.api.asked import Narrowed
from pipeline.serve.api.search import Count, counted
from pipeline.serve.pages.entities import EntityReport, entity_report
from pipeline.serve.problems import Refused

Kind = Literal["person", "organisation", "place"]
#: The longest name that is indexed as one.
_MAX_NAME_CHARS = 2_048

router = APIRouter(
    prefix="/v1/entities",
    tags=["entities"],
    dependencies=[Depends(requires(KeyScope.SEARCH))],
    responses=REFUSALS,
)


class EntitiesAsked(Narrowed):
    """Which entities are listed: those that the chosen articles name."""

    kind: Kind
    size: int = Field(20, ge=1, le=MAX_FACET_SIZE)


class EntityList(BaseModel):
    """Entities of one kind, most articles first."""

    kind: Kind
    entities: list[Count]


class MentionDay(BaseModel):
    """Articles of one day that name an entity."""

    day: date
    articles: int


class Entity(BaseModel):
    """A person, organisation or place."""

    kind: str
    name: str = Field(description="canonical name: the value of the facet of this kind")
    ids: list[str] = Field(description="as in `entities` of articles, most frequent first")
    role: str | None = Field(description="who or what it is, where the lists say so")
    aliases: list[str] = Field(description="names that the lists know")
    spellings: list[Count] = Field(description="as the newest articles write it")
    wikidata: str | None
    geonames: int | None
    location: tuple[float, float] | None = Field(description="degrees north and east")
    articles: int
    stories: int | None
    days: list[MentionDay] = Field(description="of publication, oldest first")
    together: dict[str, list[Count]] = Field(description="whom and what the same articles name")


@router.get("", response_model=EntityList)
def entities(
    request: Request, serving: Served, asked: Annotated[EntitiesAsked, Query()]
) -> Response:
    """List the entities of one kind that the chosen articles name, most articles first."""
    query = replace(
        asked.query(), facets=(asked.kind,), facet_size=asked.size, size=1, highlight=False
    )
    counts = serving.index.search(query).facets[asked.kind]
    return answer(request, EntityList(kind=asked.kind, entities=counted(counts)))


@router.get("/{kind}/{name:path}", response_model=Entity, responses=NOT_FOUND)
def entity(
    request: Request,
    serving: Served,
    kind: Kind,
    name: Annotated[str, Path(min_length=1, max_length=_MAX_NAME_CHARS)],
) -> Response:
    """Return what is known of an entity, by its kind and canonical name."""
    report = entity_report(serving.index, serving.names(), kind, name)
    if report is None:
        detail = f"No list has a {kind} {name!r}, and no article names it."
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", detail)
    return answer(request, _entity(report))


@router.get(
    "/{entity_id}",
    status_code=HTTPStatus.PERMANENT_REDIRECT,
    response_class=RedirectResponse,
    responses={**NOT_FOUND, **MOVED},
)
def entity_by_id(
    serving: Served, entity_id: Annotated[str, Path(min_length=1, max_length=200)]
) -> Response:
    """Lead from an id of the lists to the entity's kind and name."""
    known = serving.names().names.get(entity_id)
    if known is None:
        detail = "No list has this id; of what only articles have, ask by kind and name."
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", detail)
    place = f"/v1/entities/{known.type}/{quote(known.name, safe='')}"
    return RedirectResponse(place, HTTPStatus.PERMANENT_REDIRECT)


def _entity(report: EntityReport) -> Entity:
    known = report.known
    ids = [*([known.id] if known else []), *(id_ for id_, _ in report.ids)]
    return Entity(
        kind=report.kind,
        name=report.name,
        ids=list(dict.fromkeys(ids)),
        role=known.role or None if known else None,
        aliases=sorted({alias for _, alias in known.aliases}) if known else [],
        spellings=counted(report.spellings),
        wikidata=known.wikidata if known else None,
        geonames=report.geonames,
        location=report.location,
        articles=report.page.total,
        stories=report.page.stories,
        days=[MentionDay(day=day, articles=n) for day, n in sorted(report.days.items())],
        together={facet: counted(values) for facet, values in report.together.items()},
    )
