"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), forgiving about wrong types."""

import json
from typing import Any

from pipeline.errors import Permanent
from pipeline.feeds.draft import Draft, RichText
from pipeline.feeds.syndication import Document

_VERSION = "https://jsonfeed.org/version/"


def read_jsonfeed(text: str, *, max_items: int) -> tuple[Document, int]:
    """Return what the document says and how many items it lists.

    Raises Permanent("not_a_feed") for other JSON and Permanent("parse_error") for none.
    """
    try:
        # Numbers stay as written: an id 3.1415 is "3.1415", and 1e999 is no infinity.
        feed = json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    except RecursionError:
        raise Permanent("too_deep", "JSON nested too deeply") from None
    except ValueError as error:
        raise Permanent("parse_error", f"JSON: {error}"[:500]) from None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise Permanent("not_a_feed", "JSON, but not a JSON Feed")
    if not str(feed.get("version", "")).replace("http://", "https://").startswith(_VERSION):
        raise Permanent("not_a_feed", "JSON without the version of a JSON Feed")
    dropped: dict[str, int] = {}
    drafts = []
    for item in feed["items"][:max_items]:
        if not isinstance(item, dict) or not _id(item.get("id")):
            dropped["no_id"] = dropped.get("no_id", 0) + 1
            continue
        drafts.append(_draft(item, feed))
    document = Document(
        kind="json",
        drafts=drafts,
        title=RichText(_text(feed.get("title")), is_html=False),
        site_link=_text(feed.get("home_page_url")) or None,
        language=_text(feed.get("language")) or None,
        hub=next((_text(hub.get("url")) or None for hub in _dicts(feed.get("hubs"))), None),
        dropped=dropped,
    )
    return document, len(feed["items"])


def _draft(item: dict[str, Any], feed: dict[str, Any]) -> Draft:
    """Take from one item what we keep, unread."""
    html, text = _text(item.get("content_html")), _text(item.get("content_text"))
    published, updated = _text(item.get("date_published")), _text(item.get("date_modified"))
    authors = _authors(item) or _authors(feed)
    media: list[tuple[str, str | None, str | None]] = [
        (url, _text(part.get("mime_type")) or None, _id(part.get("size_in_bytes")) or None)
        for part in _dicts(item.get("attachments"))
        if (url := _text(part.get("url")))
    ]
    images = (_text(item.get(name)) for name in ("image", "banner_image"))
    media += [(url, None, None) for url in images if url]
    tags = item.get("tags")
    return Draft(
        guid=_id(item["id"]),
        link=_text(item.get("url")) or _text(item.get("external_url")) or None,
        title=RichText(_text(item.get("title")), is_html=False),
        summary=RichText(_text(item.get("summary")), is_html=False),
        content=RichText(html) if html else RichText(text, is_html=False),
        authors=authors,
        published=(published, "date_published") if published else None,
        updated=(updated, "date_modified") if updated else None,
        language=_text(item.get("language")) or None,
        tags=[_text(tag) for tag in tags if _text(tag)] if isinstance(tags, list) else [],
        media=media,
    )


def _authors(holder: dict[str, Any]) -> list[str]:
    """Return names of version 1.1 (`authors`) and 1.0 (`author`)."""
    found = [*_dicts(holder.get("authors")), *_dicts([holder.get("author")])]
    return [name for author in found if (name := _text(author.get("name")))]


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """Return a text, "" for anything that is none."""
    return value if isinstance(value, str) and not isinstance(value, _Number) else ""


def _id(value: object) -> str:
    """Return a text or a number as text: many feeds write an id without quotes."""
    return str(value) if isinstance(value, str) else ""
