"""Every refusal in one form: problem+json (RFC 9457) for programs, a page for people.

`reason` is a fixed slug; `detail` says what is wrong and what to do.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.errors import AccessDenied, ConfigError, StoreUnavailable, UsageError
from pipeline.serve.rendering import render

log = structlog.get_logger()

#: What is for programs; everything else is a page.
_FOR_PROGRAMS = ("/v1/", "/metrics", "/health")
_MAX_DETAIL_CHARS = 1_000
#: When to ask again a store that is away.
_RETRY_S = 10


class WrongParameter(BaseModel):
    """One parameter that cannot be used."""

    where: str = Field(description="query, path or body, and the parameter's name")
    problem: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(default="about:blank", description="always about:blank: see `reason`")
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what is wrong and what to do, for people")
    reason: str = Field(description="fixed slug, for programs")
    request_id: str = Field(description="the id of this request in the server's log")
    errors: list[WrongParameter] = Field(
        default_factory=list, description="each parameter that cannot be used"
    )


class Refused(HTTPException):
    """A refusal with its slug."""

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.reason = reason


def install(app: FastAPI) -> None:
    """Let an application refuse in our form."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(UsageError, _wrong_use)
    app.add_exception_handler(AccessDenied, _away)  # the index's key, not the caller's
    app.add_exception_handler(StoreUnavailable, _away)
    app.add_exception_handler(ConfigError, _away)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    reason = error.reason if isinstance(error, Refused) else status.name.lower()
    if status is HTTPStatus.UNAUTHORIZED and not _is_for_program(request) and _reads(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)
    return refusal(request, status, reason, error.detail, headers=error.headers)


async def _wrong_parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [
        WrongParameter(where=".".join(map(str, one["loc"])), problem=str(one["msg"]))
        for one in error.errors()
    ]
    detail = "; ".join(f"{one.where}: {one.problem}" for one in wrong)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return refusal(request, status, "wrong_parameter", detail, errors=wrong)


async def _wrong_use(request: Request, error: Exception) -> Response:
    return refusal(request, HTTPStatus.BAD_REQUEST, "bad_request", str(error))


async def _away(request: Request, error: Exception) -> Response:
    """Say that a store cannot be asked; its operator finds more in the log."""
    log.error("store_unavailable", error=str(error))
    detail = f"{error}" if isinstance(error, StoreUnavailable) else "the server is not set up right"
    headers = {"Retry-After": str(_RETRY_S)}
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return refusal(request, status, "store_unavailable", detail, headers=headers)


def broken(request: Request) -> Response:
    """Return that it is our fault; the frame around has logged what happened."""
    detail = "This should not happen. Tell whoever runs the server the id of this request."
    return refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, "bug", detail)


def refusal(
    request: Request,
    status: HTTPStatus,
    reason: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[WrongParameter] | None = None,
) -> Response:
    """Return a refusal in the form that the caller reads."""
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=detail[:_MAX_DETAIL_CHARS],
        reason=reason,
        request_id=request.scope.get("request_id", ""),
        errors=errors or [],
    )
    if not _is_for_program(request):
        return render("refused", status, headers=headers, problem=problem)
    body = orjson.dumps(problem.model_dump(exclude=None if errors else {"errors"}))
    return Response(body, status, dict(headers or {}), "application/problem+json")


def _is_for_program(request: Request) -> bool:
    return request.url.path.startswith(_FOR_PROGRAMS)


def _reads(request: Request) -> bool:
    return request.method in ("GET", "HEAD")
