"""Opaque cursors: where a page of an answer ended, bound to the query that it answers.

Guarantee that every index gives with them: sorted by newest or oldest, a walk over all pages shows
each document that was there all the time exactly once, whatever is written meanwhile (documents
added behind the cursor are missed, those ahead of it are shown). Sorted by relevance that holds as
long as nothing is written; a write shifts scores a little, so one near the page's edge may be
missed or come twice.

The check digest tells damaged and borrowed cursors; it is no secret. A forged one that passes can
do nothing but name another place in the same answer.
"""

import base64
import hashlib

import orjson

from pipeline.errors import UsageError
from pipeline.index.query import Query

_FORMAT = 1
_CHECK_BYTES = 8
_MAX_CHARS = 6_000  # holds the longest article_id as hexadecimal digits
_MAX_NUMBER = 2**63  # engines count in 64 bits; of what is below -2**63 orjson makes a float


def encode_cursor(query: Query, position: list[str | int | float]) -> str:
    """Return the cursor for what follows `position` in the answer to `query`."""
    payload = orjson.dumps(position)
    return base64.urlsafe_b64encode(_check(query, payload) + payload).rstrip(b"=").decode()


def decode_cursor(query: Query, kinds: tuple[type, ...]) -> list[str | int | float] | None:
    """Return the position in a query's cursor, None if it has none.

    `kinds` are the types that the position must have. Raises UsageError for any cursor that was
    not made by `encode_cursor` for the same query (page size and highlighting may differ).
    """
    if query.cursor is None:
        return None
    wrong = UsageError("the cursor does not belong to this query; start again without it")
    if len(query.cursor) > _MAX_CHARS or not query.cursor.isascii():
        raise wrong
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        check, payload = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        position = orjson.loads(payload)
    except ValueError:
        raise wrong from None
    if check != _check(query, payload) or not isinstance(position, list):
        raise wrong
    if tuple(type(part) for part in position) != kinds:
        raise wrong
    if any(type(part) is int and part >= _MAX_NUMBER for part in position):
        raise wrong
    return position


def _check(query: Query, payload: bytes) -> bytes:
    """Digest a position together with what decides the order and content of the answer."""
    identity = orjson.dumps(
        [
            _FORMAT,
            query.text,
            sorted((name, sorted(values)) for name, values in query.filters.items()),
            sorted((name, sorted(values)) for name, values in query.within.items()),
            query.among,
            query.since,
            query.until,
            query.sort,
            query.collapse,
            query.vector,
        ]
    )
    return hashlib.blake2s(identity + payload, digest_size=_CHECK_BYTES).digest()
