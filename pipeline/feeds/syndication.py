"""RSS, Atom and RDF by feedparser, which is given bytes only and never fetches or sanitises."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import feedparser

from pipeline.errors import Permanent
from pipeline.feeds.draft import EMPTY, Draft, RichText
from pipeline.feeds.links import is_web_address
from pipeline.feeds.prescan import Scanned

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_NAMED_ADDRESS = re.compile(r"\S{1,200}@\S{1,200} \(([^()]{1,200})\)")
_PERIODS_S = {
    "always": 3600, "hourly": 3600, "daily": 86_400, "dayly": 86_400, "weekly": 604_800,
    "monthly": 2_592_000, "yearly": 31_536_000,
}  # fmt: skip
_NUMBER = re.compile(r"\d{1,30}(?:\.\d{1,10})?")
_DAY_S = 86_400.0
#: Beyond this the document is not damaged in one place: it is hostile, or we have a bug.
_MAX_LONELY_PARSES = 2_000

_Map = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """What a document says of itself, and its items."""

    kind: str
    drafts: list[Draft]
    title: RichText = EMPTY
    site_link: str | None = None
    language: str | None = None
    hub: str | None = None
    ttl_s: float | None = None
    warnings: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    older: str | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)


def read_syndication(scanned: Scanned) -> Document:
    """Return what RSS, Atom or RDF says. Raises Permanent("not_a_feed" | "parse_error")."""
    warnings: list[str] = []
    dropped: dict[str, int] = {}
    try:
        parsed = _feedparser(scanned.text)
        entries = _maps(parsed, "entries")
    except Permanent:
        parsed, entries, broken = _one_by_one(scanned)
        warnings.append("malformed_xml")
        dropped["parse_error"] = broken
    version = str(parsed.get("version") or "")
    if not version:
        raise Permanent("not_a_feed", "no RSS, Atom or RDF version can be told")
    if parsed.get("bozo"):
        warnings += ["malformed_xml", "parsed_loosely"]
    kind = _kind(version)
    feed = parsed.get("feed", {})
    drafts = [_draft(entry, kind) for entry in entries]
    if scanned.truncated_item and drafts:
        drafts[-1].truncated = True
    return Document(
        kind=kind,
        drafts=drafts,
        title=_rich(feed, "title", kind),
        site_link=_text(feed.get("link")),
        language=_text(feed.get("language")),
        hub=_linked(feed, "hub"),
        ttl_s=_ttl_s(feed),
        warnings=tuple(warnings),
        dropped=dropped,
        older=_linked(feed, "prev-archive") or _linked(feed, "next"),
    )


def _linked(feed: _Map, relation: str) -> str | None:
    """Return where the first link of a relation leads."""
    links = (link for link in _maps(feed, "links") if link.get("rel") == relation)
    return next((_text(link.get("href")) for link in links), None)


def _feedparser(text: str) -> _Map:
    """Parse one document. Raises Permanent("parse_error") for whatever feedparser raises."""
    source = io.BytesIO((_DECLARATION + text).encode("utf-8"))
    try:
        parsed: _Map = feedparser.parse(
            source, response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # fuzzing has made it raise a dozen different kinds
        raise Permanent("parse_error", f"feedparser: {error!r}"[:500]) from error
    return parsed


def _one_by_one(scanned: Scanned) -> tuple[_Map, list[_Map], int]:
    """Parse each item as a document of its own: one item that breaks the parser harms only itself.

    Returns the document without items, the entries, and how many items were lost.
    """
    if len(scanned.items) > _MAX_LONELY_PARSES:
        raise Permanent("parse_error", "a document with this many items broke the parser")
    entries: list[_Map] = []
    broken = 0
    shell = _feedparser(scanned.head + scanned.tail)
    for index in range(len(scanned.items)):
        try:
            entries += _feedparser(scanned.alone(index)).get("entries", [])
        except Permanent:
            broken += 1
    return shell, entries, broken


def _kind(version: str) -> str:
    if version.startswith("atom"):
        return "atom"
    return "rdf" if version in {"rss10", "rss090"} else "rss"


def _draft(entry: _Map, kind: str) -> Draft:
    """Take from one of feedparser's entries what we keep, unread."""
    guid = _text(entry.get("id"))
    published, updated = _dates(entry, kind)
    return Draft(
        guid=guid,
        link=_link(entry, guid),
        title=_rich(entry, "title", kind),
        summary=_rich(entry, "summary", kind),
        content=_content(entry),
        authors=list(_authors(entry)),
        published=published,
        updated=updated,
        tags=[term for tag in _maps(entry, "tags") if (term := _text(tag.get("term")))],
        media=list(_media(entry)),
    )


def _link(entry: _Map, guid: str | None) -> str | None:
    """Return the link of the article itself, never a guid that is no address."""
    original = _text(entry.get("feedburner_origlink"))
    if original and is_web_address(original):
        return original
    link = _text(entry.get("link"))
    if link and link == guid and not is_web_address(link):
        return None
    return link


def _dates(entry: _Map, kind: str) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    """Return (published, updated) as (text, source).

    RSS has no notion of an update: its only other date (dc:date) says when it was published.
    """
    # `in`, because feedparser answers a question for `updated` with `published`.
    published = _text(entry.get("published")) if "published" in entry else None
    updated = _text(dict.get(entry, "updated")) if isinstance(entry, dict) else None
    if kind == "atom":
        return (
            (published, "published") if published else None,
            (updated, "updated") if updated else None,
        )
    if published:
        return (published, "pubDate"), (updated, "updated") if updated else None
    created = _text(entry.get("created")) if "created" in entry else None
    given = updated or created
    return ((given, "dc:date") if given else None), None


def _content(entry: _Map) -> RichText:
    """Return the full text; where there are several, the HTML one is the best kept."""
    contents = _maps(entry, "content")
    html = [content for content in contents if content.get("type") in _HTML_TYPES]
    for content in (*html, *contents):
        value = _text(content.get("value"))
        if value:
            return RichText(value, is_html=content.get("type") != "text/plain")
    return RichText("")


def _rich(holder: _Map, name: str, kind: str) -> RichText:
    """Return a text with its type. Only Atom says which it is; RSS may always mean HTML."""
    detail = holder.get(f"{name}_detail")
    plain = kind == "atom" and isinstance(detail, Mapping) and detail.get("type") == "text/plain"
    return RichText(_text(holder.get(name)) or "", is_html=not plain)


def _authors(entry: _Map) -> Iterator[str]:
    """Yield names; of `ann@example.org (Ann)` the name only."""
    last = _text(entry.get("author")) or ""
    for author in _maps(entry, "authors"):
        name = _text(author.get("name"))
        if name:
            # feedparser cuts addresses whose domain ends in more than four letters in the middle.
            name = last if "@" in last and name in last else name
            found = _NAMED_ADDRESS.fullmatch(name.strip())
            yield found[1] if found else name


def _media(entry: _Map) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (address, type, size) of enclosures and Media RSS."""
    for link in _maps(entry, "links"):
        if link.get("rel") == "enclosure" and _text(link.get("href")):
            yield str(link["href"]), _text(link.get("type")), _text(link.get("length"))
    for name in ("media_content", "media_thumbnail"):
        for item in _maps(entry, name):
            if _text(item.get("url")):
                yield str(item["url"]), _text(item.get("type")), _text(item.get("filesize"))


def _ttl_s(feed: _Map) -> float | None:
    """Return how long the feed says it stays as it is, from ttl and sy:update*."""
    minutes = _number(feed.get("ttl"))
    ttl_s = minutes * 60 if minutes else None
    period_s = _PERIODS_S.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    frequency = _number(feed.get("sy_updatefrequency", "1"))
    sy_s = period_s / frequency if period_s and frequency else None
    said = [s for s in (ttl_s, sy_s) if s]
    return min(max(said), 365 * _DAY_S) if said else None


def _number(text: object) -> float | None:
    """Return a plain decimal number; "inf", "1e20" and the like are none."""
    given = str(text or "").strip()
    return float(given) if _NUMBER.fullmatch(given) else None


def _text(value: object) -> str | None:
    """Return a non-empty text; feedparser puts other things where text belongs."""
    return value if isinstance(value, str) and value.strip() else None


def _maps(holder: _Map, name: str) -> list[_Map]:
    """Return a list of mappings, whatever feedparser put there."""
    value = holder.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
