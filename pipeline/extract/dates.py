"""When an article says that it was published and changed; what cannot be is refused.

What we saw (when the page was fetched) is never given out as a publication time.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml.html import HtmlElement

from pipeline.extract import libraries
from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.model import DateClaim, Evidence

EARLIEST_AT = datetime(1990, 1, 1, tzinfo=UTC)
#: Beyond this a time is refused; outlets that label local time as GMT stay within it.
MAX_AHEAD = timedelta(hours=48)
#: Clocks differ; from here on a time in the future is set to when we fetched, and flagged.
TOLERATED_AHEAD = timedelta(minutes=15)
#: Signals further apart than this contradict each other.
_CONFLICT = timedelta(hours=48)

_MAX_RAW_CHARS = 64
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}\Z")
_ZONE_WORD = re.compile(r"\s*(?:UTC|GMT|Z)\Z", re.IGNORECASE)
_SPACED_OFFSET = re.compile(r"\s+([+-]\d{2}:?\d{2})\Z")
_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}|T\d{6}")


@dataclass(frozen=True, slots=True)
class Dates:
    """The chosen times of one page, with their evidence and what was wrong with others."""

    published_at: DateClaim | None
    modified_at: DateClaim | None
    evidence: dict[str, Evidence]
    flags: tuple[str, ...]


def choose_dates(
    root: HtmlElement,
    head: Head,
    story: Story,
    *,
    url: str,
    fetched_at: datetime,
    sighted_at: DateClaim | None,
    timezone: str | None,
) -> Dates:
    """Choose publication and modification time.

    Order: JSON-LD datePublished, article:published_time, the feed, htmldate on the whole page; but
    one signal alone yields to two others that agree with each other.
    """
    flags: list[str] = []
    claims = _claims(
        [
            ("json-ld:datePublished", story.published),
            ("article:published_time", head.first("article:published_time")),
            ("meta:date", head.first("datepublished", "parsely-pub-date", "pubdate", "dc.date")),
        ],
        fetched_at,
        timezone,
        flags,
    )
    if sighted_at is not None:
        claims.append(sighted_at)
    if not claims and (found := _search(root, url, fetched_at, flags)):
        claims = _claims([("htmldate", found)], fetched_at, timezone, flags)
    if any(_conflict(claims[0], other) for other in claims[1:]):
        flags.append("date_conflict")
        claims = _outvoted(claims)
    modified = _claims(
        [
            ("json-ld:dateModified", story.modified),
            ("article:modified_time", head.first("article:modified_time", "og:updated_time")),
            ("meta:date-modified", head.first("datemodified", "last-modified")),
        ],
        fetched_at,
        timezone,
        flags,
    )
    if claims and (early := [one for one in modified if claims[0].at - one.at > _CONFLICT]):
        flags.append("date_conflict")  # nothing changes before it is published
        modified = [claim for claim in modified if claim not in early]
    evidence = {}
    for name, found_claims in (("published_at", claims), ("modified_at", modified)):
        if found_claims:
            evidence[name] = _evidence(found_claims)
    return Dates(
        claims[0] if claims else None,
        modified[0] if modified else None,
        evidence,
        tuple(dict.fromkeys(flags)),
    )


def read_claim(raw: str, source: str, timezone: str | None) -> DateClaim | None:
    """Read one written time; None when it is not understood.

    A time without zone is read in `timezone` (IANA name), else in UTC, and flagged either way.
    """
    raw = raw.strip()[:_MAX_RAW_CHARS]
    found = _parse(raw)
    if found is None:
        return None
    precision = "day" if _DAY.match(raw) else "second" if _SECONDS.search(raw) else "minute"
    flags = ("zone_assumed",) if found.tzinfo is None else ()
    if found.tzinfo is None:
        found = found.replace(tzinfo=_zone(timezone))
    try:
        return DateClaim(found.astimezone(UTC), precision, source, raw, flags)
    except OverflowError:  # year 1 or 9999 with an offset that leaves the calendar
        return None


def within_window(claim: DateClaim, fetched_at: datetime) -> DateClaim | None:
    """Return the claim if it can be true, clamped and flagged "future" when it is a bit ahead."""
    if not EARLIEST_AT <= claim.at <= fetched_at + MAX_AHEAD:
        return None
    if claim.at > fetched_at + TOLERATED_AHEAD:
        return replace(claim, at=fetched_at, flags=(*claim.flags, "future"))
    return claim


def in_own_zone(claim: DateClaim) -> datetime:
    """Return a claim's time with the offset that the publisher wrote, or in UTC."""
    found = _parse(claim.raw)
    if found is None or found.tzinfo is None or "future" in claim.flags:
        return claim.at
    return claim.at.astimezone(found.tzinfo)


def _claims(
    signals: Iterable[tuple[str, str | None]],
    fetched_at: datetime,
    timezone: str | None,
    flags: list[str],
) -> list[DateClaim]:
    """Return the believable claims, in order; note the refused ones in `flags`."""
    claims = []
    for source, raw in signals:
        if not raw:
            continue
        claim = read_claim(raw, source, timezone)
        if claim is None:
            flags.append("date_unreadable")
        elif (kept := within_window(claim, fetched_at)) is None:
            flags.append("date_refused")
        else:
            claims.append(kept)
            flags.extend("date_future" for flag in kept.flags if flag == "future")
    return claims


def _conflict(one: DateClaim, other: DateClaim) -> bool:
    return abs(one.at - other.at) > _CONFLICT


def _outvoted(claims: list[DateClaim]) -> list[DateClaim]:
    """Return the claims with those first that two signals agree on, if the first stands alone."""
    first, *others = claims
    if not all(_conflict(first, other) for other in others):
        return claims
    for position, one in enumerate(others):
        agreeing = [other for other in others[position:] if not _conflict(one, other)]
        if len(agreeing) > 1:
            return [*agreeing, *(claim for claim in claims if claim not in agreeing)]
    return claims


def _evidence(claims: list[DateClaim]) -> Evidence:
    first, *others = claims
    rivals = tuple((claim.source, claim.raw) for claim in others if claim.at != first.at)
    return Evidence(first.source, first.raw, rivals)


def _parse(raw: str) -> datetime | None:
    """Read ISO 8601 in its common spellings, or RFC 2822."""
    text = _SPACED_OFFSET.sub(r"\1", _ZONE_WORD.sub("+00:00", raw))
    if _DAY.match(raw):
        text = raw
    with suppress(ValueError):  # perhaps it is RFC 2822
        return datetime.fromisoformat(text)
    try:
        return parsedate_to_datetime(raw)
    except (ValueError, TypeError, IndexError):
        return None


def _zone(timezone: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _search(root: HtmlElement, url: str, fetched_at: datetime, flags: list[str]) -> str | None:
    """Ask htmldate for the original date in markup and text, as YYYY-MM-DD."""
    found = libraries.written_date(root, url, EARLIEST_AT, fetched_at + MAX_AHEAD, flags)
    if not found or (found.endswith("-01-01") and not _names_new_year(root, url, found)):
        return None
    return found


def _names_new_year(root: HtmlElement, url: str, found: str) -> bool:
    """Tell whether 1 January is really written; htmldate makes it up where only a year stands."""
    year = found[:4]
    written = re.compile(
        rf"{year}\W?0?1\W?0?1\b|\b0?1\W0?1\W{year}"
        rf"|\b0?1\.?\s\w{{3,12}}\s{year}|\b\w{{3,12}}\s0?1,?\s{year}"
    )
    return bool(written.search(url) or written.search(root.text_content()))
