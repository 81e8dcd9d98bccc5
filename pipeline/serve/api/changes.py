"""`GET /v1/changes`: what changed in the index, line by line, and the same as a stream."""

import threading
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Annotated

import anyio
import structlog
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pipeline.changes.following import FOLLOWED, Filters
from pipeline.changes.reading import CHUNK, Page, as_json, read_page
from pipeline.changes.tokens import MAX_CHARS, Place, TokenOutdated, as_token, read_token
from pipeline.errors import StoreUnavailable
from pipeline.index.bounds import MAX_FILTER_VALUES, MAX_VALUE_CHARS
from pipeline.keys import KeyScope
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import REFUSALS
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving

log = structlog.get_logger()

MAX_LINES = 1_000
#: How often a stream looks for new lines. The index stage numbers them batch by batch.
_LOOK_EVERY_S = 1.0
_RETRY_S = 30
NEXT, MORE = "Newsline-Next", "Newsline-More"

_Value = Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS)]
_Values = Annotated[list[_Value], Field(max_length=MAX_FILTER_VALUES)]
_None: list[str] = []

router = APIRouter(
    prefix="/v1/changes",
    tags=["changes"],
    dependencies=[Depends(requires(KeyScope.CHANGES))],
    responses={
        **REFUSALS,
        410: {
            "description": "Lines after the token are gone: empty your copy and begin at 0.",
            **REFUSALS[400],
        },
    },
)


class Followed(BaseModel):
    """From where, and which articles. Values of one filter are alternatives, filters add up."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(
        "0", min_length=1, max_length=MAX_CHARS, description="The last `token`; 0: from the start."
    )
    topic: _Values = _None
    iptc: _Values = _None
    person: _Values = _None
    organisation: _Values = _None
    place: _Values = _None
    outlet: _Values = _None
    language: _Values = _None

    def filters(self) -> Filters:
        """Return the filters that have values."""
        return {name: values for name in FOLLOWED if (values := getattr(self, name))}


class ChangesAsked(Followed):
    """The same, some lines at a time."""

    limit: int = Field(100, ge=1, le=MAX_LINES, description="Lines of this answer, at most.")


@router.get(
    "",
    response_class=Response,
    responses={
        200: {
            "description": f"One JSON object a line (change.schema.json). {NEXT} is the token to"
            f" go on after, also when no line concerns you; {MORE} says whether to ask at once.",
            "content": {"application/x-ndjson": {}},
        }
    },
)
def changes(serving: Served, asked: Annotated[ChangesAsked, Query()]) -> Response:
    """Return the next changes: inserts, updates and retractions, in the order of the log."""
    page = _page(serving, read_token(asked.after), asked.filters(), asked.limit)
    return Response(
        b"".join(as_json(line) + b"\n" for line in page.lines),
        headers={NEXT: as_token(page.next), MORE: "true" if page.has_more else "false"},
        media_type="application/x-ndjson",
    )


class Streams:
    """How many streams are open in one server process, and a bound on it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Open one more; False: there are enough."""
        with self._lock:
            if self._open >= self.most:
                return False
            self._open += 1
            return True

    def give_back(self) -> None:
        """Close one."""
        with self._lock:
            self._open -= 1


def _stream_slot(request: Request) -> Iterator[None]:
    streams: Streams = request.app.state.streams
    if not streams.take():
        raise Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_streams",
            f"{streams.most} streams are open, the most of this server ([serve] streams);"
            f" ask for /v1/changes instead, or again in {_RETRY_S} s.",
            {"Retry-After": str(_RETRY_S)},
        )
    try:
        yield
    finally:
        streams.give_back()


def _begin(
    serving: Served,
    asked: Annotated[Followed, Query()],
    last_event_id: Annotated[str | None, Header(max_length=MAX_CHARS)] = None,
) -> tuple[Place, Filters]:
    """Find the place to begin at, before the answer has begun."""
    place = read_token(last_event_id or asked.after)
    _page(serving, place, asked.filters(), 1)
    return place, asked.filters()


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    status_code=HTTPStatus.OK,
    dependencies=[Depends(_stream_slot)],
)
async def stream(
    serving: Served, begun: Annotated[tuple[Place, Filters], Depends(_begin)]
) -> AsyncIterator[ServerSentEvent]:
    """Send the same lines as server-sent events, and each new one as it comes.

    An event's id is its token: a browser resumes by itself, with Last-Event-ID.
    """
    place, filters = begun
    while True:
        try:
            page = await run_in_threadpool(_page, serving, place, filters, CHUNK)
        except (Refused, StoreUnavailable) as error:
            log.warning("stream_ended", error=str(error))
            return  # whoever reconnects is told why
        for line in page.lines:
            yield ServerSentEvent(event=line.kind, id=line.token, raw_data=as_json(line).decode())
        if page.next != place and not page.lines:
            yield ServerSentEvent(id=as_token(page.next), comment="nothing of these concerns you")
        place = page.next
        if not page.has_more:
            await anyio.sleep(_LOOK_EVERY_S)


def _page(serving: Serving, place: Place, filters: Filters, limit: int) -> Page:
    """Return the next lines that concern a follower. Raises Refused for a token that is too old."""
    rights = serving.config.rights
    try:
        return read_page(serving.ledger, serving.index, rights, place, filters, limit=limit)
    except TokenOutdated as error:
        detail = f"{error}; empty your copy and begin at after=0"
        raise Refused(HTTPStatus.GONE, "token_outdated", detail) from None
