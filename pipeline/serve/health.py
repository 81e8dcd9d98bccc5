"""`GET /health`: whether the server can answer, and what is degraded. Open to all, without details.

The details, a sentence for each thing that is wrong, are for who has the scope `ops`.
"""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from pipeline.errors import NewslineError, StoreUnavailable
from pipeline.index.query import Query
from pipeline.keys import KeyScope
from pipeline.ops.reports import overview
from pipeline.serve.access import Bearer, Served, find_caller
from pipeline.serve.api.answers import REFUSALS, as_json
from pipeline.serve.serving import Serving

log = structlog.get_logger()

#: Looked at again at most so often, whoever asks.
_FRESH_S = 10.0
_WINDOW = "1h"

router = APIRouter(tags=["operations"])


class HealthStatus(StrEnum):
    """How something is."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Check(BaseModel):
    """One thing that was looked at."""

    name: str = Field(description="ledger, index or pipeline")
    status: HealthStatus
    problems: list[str] = Field(description="in words; only for keys with the scope ops")


class Health(BaseModel):
    """Down: the server cannot answer. Degraded: it does, but something needs somebody."""

    status: HealthStatus
    checks: list[Check]


class Doctor:
    """Looks at the doors now and then, not for every one who asks."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._lock = threading.Lock()
        self._seen: Health | None = None
        self._at_s = 0.0

    def look(self) -> Health:
        """Return how things are, or were a moment ago."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._at_s > _FRESH_S:
                self._seen = self._examine()
                self._at_s = time.monotonic()
            return self._seen

    def _examine(self) -> Health:
        index = _check("index", self._ask_index, HealthStatus.DOWN)
        pipeline = _check("pipeline", self._ask_pipeline, HealthStatus.DEGRADED)
        ledger = Check(name="ledger", status=HealthStatus.OK, problems=[])
        if pipeline.status is HealthStatus.DOWN:  # it is the ledger that knows of the pipeline
            ledger = Check(name="ledger", status=HealthStatus.DOWN, problems=pipeline.problems)
        checks = [ledger, index, pipeline]
        worst = max(checks, key=lambda check: list(HealthStatus).index(check.status))
        return Health(status=worst.status, checks=checks)

    def _ask_index(self) -> list[str]:
        self._serving.index.search(Query(size=1, highlight=False))
        return []

    def _ask_pipeline(self) -> list[str]:
        serving = self._serving
        seen = overview(serving.ledger, serving.config, serving.clock.now(), _WINDOW)
        return [notice.sentence for notice in seen.notices if notice.is_bad]


def _check(name: str, ask: Callable[[], list[str]], ill: HealthStatus) -> Check:
    try:
        problems = ask()
    except NewslineError as error:
        log.error("health_check_failed", check=name, error=str(error))  # noqa: TRY400 - no bug
        words = "it does not answer; the server's log says why"
        return Check(name=name, status=HealthStatus.DOWN, problems=[words])
    return Check(name=name, status=ill if problems else HealthStatus.OK, problems=problems)


@router.get(
    "/health",
    response_model=Health,
    openapi_extra={"security": [{}, {"key": []}]},  # with a key or without
    responses={
        401: REFUSALS[401],
        503: {"description": "It is down: see `checks`.", "model": Health},
    },
)
def health(request: Request, serving: Served, credentials: Bearer) -> Response:
    """Say whether the server can answer, and what is degraded."""
    doctor: Doctor = request.app.state.doctor
    seen = doctor.look()
    try:
        caller = find_caller(request, serving, credentials)
    except StoreUnavailable:
        caller = None
    if caller is None or not caller.may(KeyScope.OPS):
        checks = [check.model_copy(update={"problems": []}) for check in seen.checks]
        seen = seen.model_copy(update={"checks": checks})
    is_down = seen.status is HealthStatus.DOWN
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.OK
    return Response(as_json(seen), status, media_type="application/json")
