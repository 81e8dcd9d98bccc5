"""One listed thing as a format's reader found it, and how it becomes an Entry.

The readers of the formats (syndication, jsonfeed, sitemap) fill in drafts; everything that must be
the same for all formats (limits, plain text, links, dates, identity, hash) is done here, once.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.feeds.dates import read_date, read_unclamped
from pipeline.feeds.identity import Identified, keys
from pipeline.feeds.links import resolve
from pipeline.feeds.text import (
    MAX_CONTENT_CHARS,
    MAX_SUMMARY_CHARS,
    clean_text,
    clean_title,
    plain,
)
from pipeline.model import DateClaim, Entry, Media

MAX_AUTHORS, MAX_TAGS, MAX_MEDIA = 20, 50, 20
MAX_NAME_CHARS = 200
MAX_GUID_CHARS = 65_536
MAX_SIZE_DIGITS = 15  # a petabyte; some enclosures claim 10^24 bytes


@dataclass(frozen=True, slots=True)
class RichText:
    """Text as a feed carries it."""

    text: str
    is_html: bool = True


EMPTY = RichText("")


@dataclass(slots=True)
class Draft:
    """What one item says, before anything is believed."""

    guid: str | None = None
    link: str | None = None
    title: RichText = EMPTY
    summary: RichText = EMPTY
    content: RichText = EMPTY
    authors: list[str] = field(default_factory=list)
    published: tuple[str, str] | None = None  # (raw text, source)
    updated: tuple[str, str] | None = None
    language: str | None = None
    tags: list[str] = field(default_factory=list)
    media: list[tuple[str, str | None, str | None]] = field(default_factory=list)  # url, type, size
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the reading of every entry of a document depends on."""

    url: str  # final address of the feed
    fetched_at: datetime
    timezone: str | None = None
    language: str | None = None


def finish(
    drafts: Sequence[Draft], seen: Circumstances
) -> tuple[tuple[Entry, ...], Mapping[str, int]]:
    """Return the entries in document order, and reason → how many were not kept."""
    dropped: Counter[str] = Counter()
    made = []
    for draft in drafts:
        entry, day = _entry(draft, seen)
        if draft.truncated and not entry.link:
            # Half an item without its link has no identity yet; the whole copy will bring it.
            dropped["truncated"] += 1
        elif not (entry.guid or entry.link or day or entry.title or entry.summary or entry.content):
            dropped["empty_entry"] += 1
        else:
            made.append((entry, day))
    found = keys([Identified(e.guid, e.link, e.title, day, e.content_hash) for e, day in made])
    entries: dict[str, Entry] = {}
    for key, (entry, _) in zip(found, made, strict=True):
        if key in entries:
            dropped["repeated"] += 1
        else:
            entries[key] = _with_key(entry, key)
    return tuple(entries.values()), dict(dropped)


def _entry(draft: Draft, seen: Circumstances) -> tuple[Entry, str]:
    """Return an entry without its key, and the day that it claims."""
    flags: list[str] = ["truncated"] if draft.truncated else []
    title, cut = clean_title(plain(draft.title.text, is_html=draft.title.is_html))
    if cut:
        flags.append("title_cut")
    summary = plain(draft.summary.text, is_html=draft.summary.is_html)[:MAX_SUMMARY_CHARS]
    content = plain(draft.content.text, is_html=draft.content.is_html)[:MAX_CONTENT_CHARS]
    link, fault = resolve(draft.link, seen.url)
    if fault:
        flags.append(fault)
    published = _date(draft.published, seen, flags)
    if published is None:
        flags.append("no_date")
    entry = Entry(
        key="",
        guid=_guid(draft.guid),
        link=link,
        title=title,
        summary=summary,
        content=content,
        authors=_names(draft.authors, MAX_AUTHORS),
        published_at=published,
        updated_at=_date(draft.updated, seen, flags),
        language=_language(draft.language) or _language(seen.language),
        tags=_names(draft.tags, MAX_TAGS),
        media=_media(draft.media, seen.url),
        content_hash=_hash(title, summary, content, "truncated" if draft.truncated else ""),
        flags=tuple(dict.fromkeys(flags)),
    )
    return entry, _day(draft, seen)


def _with_key(entry: Entry, key: str) -> Entry:
    values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    return Entry(**(values | {"key": key}))


def _guid(guid: str | None) -> str | None:
    cleaned = clean_text(guid or "")[:MAX_GUID_CHARS]
    return cleaned or None


def _date(claim: tuple[str, str] | None, seen: Circumstances, flags: list[str]) -> DateClaim | None:
    """Read one date and note what was wrong with it."""
    if claim is None:
        return None
    raw, source = claim
    date, fault = read_date(
        raw,
        source=source,
        fetched_at=seen.fetched_at,
        timezone=seen.timezone,
        language=_language(seen.language),
    )
    if fault:
        flags.append(fault)
    return date


def _day(draft: Draft, seen: Circumstances) -> str:
    """Return the day claimed, as claimed: a clamped one would move with every poll."""
    if draft.published is None:
        return ""
    raw, source = draft.published
    claim, _ = read_unclamped(raw, source=source, timezone=seen.timezone)
    return claim.at.date().isoformat() if claim else ""


def _names(names: list[str], limit: int) -> tuple[str, ...]:
    """Return names as clean lines, each once."""
    cleaned = (clean_text(plain(name))[:MAX_NAME_CHARS] for name in names[: limit * 4])
    return tuple(dict.fromkeys(name for name in cleaned if name))[:limit]


def _media(found: list[tuple[str, str | None, str | None]], base: str) -> tuple[Media, ...]:
    """Return absolute addresses, each once; a size that is no number of bytes is none."""
    media: dict[str, Media] = {}
    for url, kind, size in found[: MAX_MEDIA * 4]:
        absolute, _ = resolve(url, base)
        if absolute is None or absolute in media:
            continue
        number = (size or "").isascii() and (size or "").isdigit()
        length = int(size or 0) if number and len(size or "") <= MAX_SIZE_DIGITS else None
        media[absolute] = Media(
            absolute, clean_text(kind)[:MAX_NAME_CHARS] if kind else None, length
        )
    return tuple(media.values())[:MAX_MEDIA]


def _language(name: str | None) -> str | None:
    """Return the ISO 639-1 code at the start of a language tag."""
    code = (name or "").strip().replace("_", "-").partition("-")[0].lower()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None  # noqa: PLR2004


def _hash(*parts: str) -> str:
    """Hash what a reader would notice; no date, so that a clock alone changes nothing."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
