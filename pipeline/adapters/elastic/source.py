"""What is sent for a document, and the document again from what came back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.index.mapping import LANGUAGES, PARTS
from pipeline.index.schema import FIELDS
from pipeline.model import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LIVE, GONE = "live", "gone"
_OURS = frozenset(field.name for field in FIELDS if field.by_index)


def source(document: Document, at: datetime) -> dict[str, Any]:
    """Return the body sent for a document (which has passed schema.problems)."""
    moment = document.get("published_at") or document["first_seen_at"]
    language = document.get("language")
    found = {
        **document,
        "state": LIVE,
        "indexed_at": _moment(at),
        "sort_at": moment,
        "sort_us": (datetime.fromisoformat(moment) - _EPOCH) // datetime.resolution,
    }
    if language in LANGUAGES:
        found["by_language"] = {language: {part: document[part] for part in PARTS}}
    return found


def tombstone(article_id: str, doc_version: int, at: datetime) -> dict[str, Any]:
    """Return what is left of a retracted article, so that a late write cannot revive it.

    Elasticsearch itself remembers a deletion for a minute only.
    """
    return {
        "article_id": article_id,
        "doc_version": doc_version,
        "state": GONE,
        "indexed_at": _moment(at),
    }


def document(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document as it was written; None for a tombstone."""
    if found.get("state") != LIVE:
        return None
    return {name: value for name, value in found.items() if name not in _OURS}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
