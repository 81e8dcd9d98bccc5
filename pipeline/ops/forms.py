"""Reads a form as our own pages send it; anything else is refused."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from pipeline.ops.asked import storable

Form = Mapping[str, str]

#: A form of ours holds a token, an address and a note; nobody needs more.
MAX_FORM_BYTES = 16_384
_MAX_FIELDS = 10
_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request, *, max_fields: int = _MAX_FIELDS) -> Form:
    """Return name → value. Raises HTTPException for what no page of ours has sent."""
    length, kind = (request.headers.get(name, "") for name in ("content-length", "content-type"))
    is_short = length.isascii() and length.isdigit() and int(length) <= MAX_FORM_BYTES
    if not is_short or kind.partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "That is no form of ours.")
    try:
        body = (await request.body()).decode("ascii")
        pairs = parse_qsl(body, max_num_fields=max_fields, errors="strict")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "That is no form of ours.") from None
    return {name: storable(value).strip() for name, value in pairs}
