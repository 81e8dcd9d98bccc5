"""Rows ↔ records. What the ledger never searches by is kept as JSON in one column."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from pipeline.adapters.ledger.columns import Unstorable
from pipeline.adapters.ledger.engine import Row
from pipeline.model import ArchivePlace, Enrichment, Entry, Evidence, Extraction, Feed
from pipeline.work import FeedState, PageRecord, Sighting

_FEED: TypeAdapter[Feed] = TypeAdapter(Feed)
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_EXTRACTION: TypeAdapter[Extraction] = TypeAdapter(Extraction)
_ENRICHMENT: TypeAdapter[Enrichment] = TypeAdapter(Enrichment)
_REASONS: TypeAdapter[dict[str, Evidence]] = TypeAdapter(dict[str, Evidence])
_HEADERS: TypeAdapter[tuple[tuple[str, str], ...]] = TypeAdapter(tuple[tuple[str, str], ...])

_STATE_COLUMNS = tuple(field.name for field in fields(FeedState) if field.name != "feed")


def to_json(value: Any) -> str:  # noqa: ANN401 - any record
    """Return a record as JSON. Raises Unstorable for text that no ledger keeps."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError as error:
        if "surrogates" not in str(error) and "UTF-8" not in str(error):
            raise
        raise Unstorable(f"a text of the {type(value).__name__} holds a lone surrogate") from None
    # A backslash in a text is written as two: an odd one before u0000 is the escape itself.
    if "\\u0000" in text.replace("\\\\", ""):
        raise Unstorable(f"a text of the {type(value).__name__} holds U+0000")
    return text


def entry_of(text: str) -> Entry:
    """Read an entry back."""
    return _ENTRY.validate_json(text)


def extraction_of(text: str) -> Extraction:
    """Read an extraction back."""
    return _EXTRACTION.validate_json(text)


def enrichment_of(text: str) -> Enrichment:
    """Read an enrichment back."""
    return _ENRICHMENT.validate_json(text)


def reasons_of(text: str) -> dict[str, Evidence]:
    """Read back why an article is in its groups: field → evidence."""
    return _REASONS.validate_json(text)


@lru_cache(maxsize=2_000)
def feed_of(text: str) -> Feed:
    """Read a feed back; every sighting of it shares one record."""
    return _FEED.validate_json(text)


def state_row(state: FeedState) -> dict[str, Any]:
    """Return the row of a feed."""
    feed = state.feed
    return {
        "feed_id": feed.feed_id,
        "publisher": feed.publisher,
        "feed": to_json(feed),
        **{name: getattr(state, name) for name in _STATE_COLUMNS},
    }


def state_of(row: Row) -> FeedState:
    """Return the state that a row of `feeds` holds."""
    return FeedState(feed=feed_of(row["feed"]), **{name: row[name] for name in _STATE_COLUMNS})


def content_hash(extraction: Extraction) -> str:
    """Return what two revisions are compared by: title and text, however they are spaced.

    And the extractor's version: what a better one finds in the same page must reach the index. And
    the publisher's wishes: who asks to be left out afterwards must not wait for another edit.
    """
    wishes = f"{extraction.noindex} {extraction.tdm_reserved}"
    said = (extraction.version, extraction.title, extraction.text, wishes)
    words = "\n".join(" ".join(part.split()) for part in said)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def place_of(row: Row) -> ArchivePlace | None:
    """Return the place that a row joined with `places` names; None if its bytes were removed."""
    if not row["segment"]:
        return None
    return ArchivePlace(row["segment"], row["offset"], row["length"], row["sha256"])


def page_of(row: Row) -> PageRecord:
    """Return the page that a row of `pages`, joined with `places`, holds."""
    return PageRecord(
        url=row["url"],
        final_url=row["final_url"],
        status=row["status"],
        headers=headers_of(row["headers"]),
        fetched_at=row["fetched_at"],
        place=place_of(row),
    )


def headers_of(text: str) -> tuple[tuple[str, str], ...]:
    """Read header pairs back."""
    return _HEADERS.validate_json(text)


def header(pairs: Sequence[tuple[str, str]], name: str) -> str | None:
    """Return the first value of a header, names compared without case."""
    return next((value for key, value in pairs if key.lower() == name), None)


def sighting_of(row: Row) -> Sighting:
    """Return the sighting that a row of `sightings`, joined with its feed, holds."""
    entry = entry_of(row["entry"])
    feed = feed_of(row["feed"])
    if feed.publisher != row["publisher"]:  # the catalogue changed since; who said it did not
        feed = replace(feed, publisher=row["publisher"])
    return Sighting(
        feed=feed,
        entry_key=row["entry_key"],
        title=entry.title,
        link=entry.link,
        summary=entry.summary,
        content=entry.content,
        published_at=entry.published_at,
        seen_at=row["seen_at"],
    )
