"""An Extraction as one JSON object: what `newsline extract` prints."""

from typing import Any

from pipeline.errors import ItemError
from pipeline.extract.dates import in_own_zone
from pipeline.model import DateClaim, Evidence, Extraction, Result


def as_answer(item_id: object, extraction: Extraction) -> dict[str, Any]:
    """Return every field; dropped pages keep what was found in them.

    Times carry the offset that the publisher wrote, so that their date is the publisher's date.
    """
    return {
        "id": item_id,
        "outcome": str(extraction.result),
        "reason": extraction.reason,
        "title": extraction.title,
        "text": extraction.text,
        "authors": list(extraction.authors),
        "published_at": _time(extraction.published_at),
        "published_precision": extraction.published_at.precision
        if extraction.published_at
        else None,
        "modified_at": _time(extraction.modified_at),
        "language": extraction.language,
        "canonical_url": extraction.canonical_url,
        "image": extraction.image,
        "section": extraction.section,
        "keywords": list(extraction.keywords),
        "description": extraction.description,
        "site_name": extraction.site_name,
        "paywalled": extraction.paywalled,
        "noindex": extraction.noindex,
        "tdm_reserved": extraction.tdm_reserved,
        "quality": dict(extraction.quality),
        "flags": list(extraction.flags),
        "evidence": {name: _evidence(item) for name, item in extraction.evidence.items()},
    }


def as_failure(item_id: object, error: ItemError) -> dict[str, Any]:
    """Return the answer for an item that could not be read at all, or that killed its worker."""
    return {
        "id": item_id,
        "outcome": str(Result.DEAD),
        "reason": error.reason,
        "detail": error.detail,
        "title": "",
        "text": "",
        "authors": [],
        "published_at": None,
        "modified_at": None,
        "language": None,
        "canonical_url": None,
        "evidence": {},
    }


def _time(claim: DateClaim | None) -> str | None:
    return in_own_zone(claim).isoformat() if claim else None


def _evidence(item: Evidence) -> dict[str, Any]:
    return {
        "signal": item.signal,
        "value": item.value,
        "rivals": [{"signal": signal, "value": value} for signal, value in item.rivals],
    }
