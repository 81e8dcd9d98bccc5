"""How a bulk request is put together and how its answer is read, item by item. Pure.

An HTTP status of 200 says nothing about the items: each has a status of its own, and an answer that
is short, out of order or no answer at all acknowledges nothing that it does not name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

#: Elasticsearch recommends 5 to 15 MB a request; larger ones only cost it memory.
MAX_BATCH_BYTES = 5 * 1024 * 1024
#: A second bound, so that a refused or lost batch redoes little.
MAX_BATCH_ITEMS = 500
_DETAIL_CHARS = 500

#: Elasticsearch refuses the whole request, neighbours and all, for an id or a version beyond these.
MAX_ID_BYTES = 512
MAX_VERSION = 2**63 - 1

_OK = range(200, 300)
_NEWER = 409  # it holds this version or a later one: what we wanted is there
_BUSY = frozenset({408, 429})
_SERVER_ERRORS = 500
#: A gateway that gave up, a shard that is not there: of a cluster that is not well, not of an item.
_OF_THE_CLUSTER = frozenset({502, 503, 504})
_BAD_REQUEST, _FORBIDDEN = 400, 403
#: A 400 that is not the document's fault: its index was closed, the alias leads to several, or the
#: index has an ingest pipeline that is not there.
_CLOSED = "index_closed_exception"
_NOT_OF_THE_DOCUMENT = ("no write index is defined for alias", "pipeline with id [")
_NOT_WITH_THIS_KEY = "security_exception"


@dataclass(frozen=True, slots=True)
class Item:
    """One document or tombstone, serialised."""

    article_id: str
    lines: bytes  # the action and its source, each with its line feed


class Verdict(StrEnum):
    """What an answer means for one item."""

    OK = "ok"
    NEWER = "newer"
    REFUSED = "refused"  # never with this content
    AGAIN = "again"  # not now
    FAILED = "failed"  # the cluster failed at it: its own doing, if others were taken
    DENIED = "denied"  # not with this key


Verdicts = Mapping[str, tuple[Verdict, str]]


def item(
    article_id: str, version: int, source: Mapping[str, Any], *, replace_equal: bool = False
) -> Item:
    """Serialise one write; `replace_equal` lets it replace a document of the same version.

    Raises ValueError for what the cluster could not read: text that is no valid Unicode, an id or a
    version that it does not take. Numbers must be finite (schema.problems sees to that): JSON has
    no others, and orjson writes null for them.
    """
    if not 0 < len(article_id.encode()) <= MAX_ID_BYTES:
        raise ValueError(f"article_id: empty or over {MAX_ID_BYTES} bytes")
    if not 0 <= version <= MAX_VERSION:
        raise ValueError(f"doc_version: {version} is below 0 or over 63 bits")
    how = "external_gte" if replace_equal else "external"
    action = {"index": {"_id": article_id, "version": version, "version_type": how}}
    try:
        lines = orjson.dumps(action) + b"\n" + orjson.dumps(source) + b"\n"
    except TypeError as error:
        raise ValueError(str(error)) from None
    return Item(article_id, lines)


def batches(
    items: Sequence[Item], *, max_bytes: int = MAX_BATCH_BYTES, max_items: int = MAX_BATCH_ITEMS
) -> Iterator[Sequence[Item]]:
    """Cut items into requests; one that is too large alone still gets a request of its own."""
    start = size = 0
    for position, one in enumerate(items):
        full = position - start >= max_items or size + len(one.lines) > max_bytes
        if position > start and full:
            yield items[start:position]
            start, size = position, 0
        size += len(one.lines)
    if items[start:]:
        yield items[start:]


def halves(batch: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Cut a request that was too large in two."""
    middle = len(batch) // 2
    return batch[:middle], batch[middle:]


def read_answer(batch: Sequence[Item], answer: object) -> Verdicts:
    """Return article_id → verdict for exactly those items that the answer speaks of.

    The n-th entry must name the n-th item; from the first that does not on, nothing is believed.
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("errors"), bool):
        return {}
    entries = answer.get("items")
    if not isinstance(entries, list):
        return {}
    verdicts: dict[str, tuple[Verdict, str]] = {}
    for one, entry in zip(batch, entries, strict=False):
        result = entry.get("index") if isinstance(entry, Mapping) else None
        if not isinstance(result, Mapping) or result.get("_id") != one.article_id:
            break
        verdicts[one.article_id] = _verdict(result)
    return verdicts


def _verdict(result: Mapping[str, Any]) -> tuple[Verdict, str]:
    status, error = result.get("status"), result.get("error")
    if not isinstance(status, int):
        return Verdict.AGAIN, "an answer without a status"
    if status in _OK:
        return Verdict.OK, ""
    detail = describe(error)
    if status == _NEWER:
        return Verdict.NEWER, detail
    kind, reason = (
        (error.get("type"), error.get("reason")) if isinstance(error, Mapping) else ("", "")
    )
    innocent = kind == _CLOSED or str(reason).startswith(_NOT_OF_THE_DOCUMENT)
    if status == _BAD_REQUEST and not innocent:
        return Verdict.REFUSED, detail
    if status == _FORBIDDEN and kind == _NOT_WITH_THIS_KEY:
        return Verdict.DENIED, detail
    own = status >= _SERVER_ERRORS and status not in _OF_THE_CLUSTER
    return Verdict.FAILED if own else Verdict.AGAIN, f"{status}: {detail}"


def is_busy(status: int) -> bool:
    """Tell whether a whole request was turned away for the moment."""
    return status in _BUSY or status >= _SERVER_ERRORS


def describe(error: object) -> str:
    """Return Elasticsearch's reason, and its cause if it has one, in one line."""
    if not isinstance(error, Mapping):
        return str(error)[:_DETAIL_CHARS]
    parts = [f"{error.get('type')}: {error.get('reason')}"]
    cause = error.get("caused_by")
    if isinstance(cause, Mapping):
        parts.append(f"{cause.get('type')}: {cause.get('reason')}")
    return " <- ".join(parts)[:_DETAIL_CHARS]
