"""How the API answers: JSON with an ETag, so that nobody loads twice what has not changed."""

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from pipeline.serve.problems import Problem

_NOT_MODIFIED = 304
_DIGEST_BYTES = 16
#: Kept by the caller alone, and asked about before it is used again.
CACHED = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}

_PROBLEM = {
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    }
}
_SAID = {
    304: "It is what the ETag in If-None-Match stands for.",
    400: "The question is one that is not answered: `detail` says why.",
    401: "There is no API key, or it is not known.",
    403: "The key lacks the scope that is needed.",
    422: "A parameter cannot be read.",
    429: "Too many requests: ask again after Retry-After seconds.",
    503: "The ledger or the index does not answer at this moment.",
}
#: What every route may answer besides, for the OpenAPI file.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, **(_PROBLEM if status != _NOT_MODIFIED else {})}
    for status, said in _SAID.items()
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such thing.", **_PROBLEM}
}
MOVED: dict[int | str, dict[str, Any]] = {
    308: {"description": "It goes by another id now: see Location."}
}


def answer(request: Request, content: BaseModel | dict[str, Any]) -> Response:
    """Return an answer, or that the caller has it already."""
    return answered(request, as_json(content))


def as_json(content: BaseModel | dict[str, Any]) -> bytes:
    """Return the bytes of an answer; times as RFC 3339 with Z."""
    if isinstance(content, BaseModel):
        content = content.model_dump()
    return orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def answered(request: Request, body: bytes) -> Response:
    """Return a body as JSON, or 304."""
    etag = f'"{hashlib.blake2s(body, digest_size=_DIGEST_BYTES).hexdigest()}"'
    headers = {"ETag": etag, **CACHED}
    if _holds(request.headers.get("if-none-match", ""), etag):
        return Response(None, _NOT_MODIFIED, headers)
    return Response(body, headers=headers, media_type="application/json")


def _holds(given: str, etag: str) -> bool:
    """Tell whether an If-None-Match names an answer (weakly compared, as RFC 9110 says)."""
    named = [one.strip().removeprefix("W/") for one in given.split(",")]
    return etag in named or named == ["*"]


def components() -> dict[str, Any]:
    """Return the schemas that answers are described by and no route returns as a model."""
    return {"Problem": Problem.model_json_schema(ref_template="#/components/schemas/{model}")}
