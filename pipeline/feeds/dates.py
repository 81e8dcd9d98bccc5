"""Publication times from what feeds write: the instant, how precise it is, and who said so.

The forms of the standards and their common misspellings are read here, because feedparser reads
zone names as UTC and invents dates (`1568113500` becomes the year 1568). What remains, in words
that `months` does not know, goes to dateparser, strictly. A time is never made up: what cannot be
read, or lies outside the window, is no date.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from pipeline.feeds.months import find_month
from pipeline.feeds.zones import find_zone, read_zone
from pipeline.model import DateClaim

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(hours=48)
#: Clocks differ; more than this ahead of us is a wrong zone, not a fast clock.
TOLERATED_AHEAD = timedelta(minutes=15)
MAX_CHARS = 128

_TIME = (r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2})(?:[.,]\d{1,9})?)?"
         r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?")  # fmt: skip
_ZONE = (r"\s*(?P<zone>(?:(?:GMT|UTC|UT)\s*)?[+-]\d{1,2}(?::?\d{2})?|[A-Za-zİ]{1,5}\b"
         r"|[A-Z][a-z]+/[A-Za-z_/]+)?(?:\s*\(.*\))?")  # fmt: skip
_TAIL = rf"(?:[\s,-]*(?:um|at|saat|à|a las|alle|om|kl|в|الساعة)?\s*{_TIME}(?:{_ZONE})?)?\W*"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-?(?P<month>\d{{2}})-?(?P<day>\d{{2}})(?:[T\s]+{_TIME}{_ZONE})?\W*"
)
_ISO_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(.*)")
_WORD = r"[^\W\d_]+(?:\s(?:الثاني|الأول|الاول|الأوّل|paşîn))?"
_DAY_FIRST = re.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º)?[.\s-]*(?:de\s+)?(?P<name>{_WORD})[.,\s-]*(?:de\s+)?"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_NAME_FIRST = re.compile(
    rf"(?P<name>{_WORD})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TAIL}"
)
_ASCTIME = re.compile(
    rf"(?P<name>{_WORD})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+"
    r"(?P<zone>[A-Z]{2,5}\s+|[+-]\d{4}\s+)?(?P<year>\d{4})"
)
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[./-])(?P<second_>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_TAIL}"
)
_NUMERIC_YEAR = re.compile(
    rf"(?P<year>\d{{4}})[./](?P<month>\d{{1,2}})[./](?P<day>\d{{1,2}}){_TAIL}"
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d{1,9})?")
_WEEKDAY = re.compile(
    r"^[^\W\d_]{2,12}\.?\s*,\s*|^(?:[^\W\d_]{2,12}\.?)\s+(?=[^\W\d_]{3,}\.?\s+\d{1,2}|\d{1,2}[.\s-])"
)


def read_date(
    raw: str | None,
    *,
    source: str,
    fetched_at: datetime,
    timezone: str | None = None,
    language: str | None = None,
) -> tuple[DateClaim | None, str | None]:
    """Return (claim, fault): fault is None, "bad_date", "no_zone", "date_out_of_range" or
    "date_future" (the claim is then clamped to `fetched_at` and flagged `future`).
    """  # noqa: D205 - the two values are one sentence
    if not raw or not raw.strip():
        return None, None
    claim, fault = read_unclamped(raw, source=source, timezone=timezone, language=language)
    if claim is None:
        return None, fault
    if not EARLIEST <= claim.at <= fetched_at + LATEST_AHEAD:
        return None, "date_out_of_range"
    if claim.at > fetched_at + TOLERATED_AHEAD:
        flags = (*claim.flags, "future")
        return DateClaim(fetched_at, claim.precision, source, claim.raw, flags), "date_future"
    return claim, None


def read_unclamped(
    raw: str, *, source: str, timezone: str | None = None, language: str | None = None
) -> tuple[DateClaim | None, str | None]:
    """Return (claim, fault) for a text, whatever the time is now."""
    raw = " ".join(raw.split())[:MAX_CHARS]
    text = _digits(raw)
    zone = find_zone(timezone)
    try:
        found = _epoch(text) or _standard(text, zone) or _free(text, zone, language)
        if found is None:
            found = _other_language(text, zone, language)
    except (ValueError, OverflowError):
        return None, "bad_date"
    if isinstance(found, str) or found is None:
        return None, found or "bad_date"
    at, precision, flags = found
    try:
        return DateClaim(at.astimezone(UTC), precision, source, raw, flags), None
    except (ValueError, OverflowError):
        return None, "bad_date"


_Found = tuple[datetime, str, tuple[str, ...]]


def _digits(text: str) -> str:
    """Write digits of all scripts as ASCII, and the various dashes as one."""
    text = text.replace("\u2212", "-").replace("\u060c", ",").removesuffix(" Uhr")
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() and not char.isascii() else char
        for char in text
    )


def _epoch(text: str) -> _Found | None:
    """Read seconds or milliseconds since 1970."""
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC), "second", ()  # noqa: PLR2004 - 1e11 s is the year 5138


def _standard(text: str, zone: ZoneInfo | None) -> _Found | str | None:
    """Read ISO 8601 / W3C and RFC 822 dates; a missing zone is the feed's, else UTC, flagged."""
    basic = _ISO_BASIC.fullmatch(text)
    if basic:
        y, m, d, h, mi, s, z = basic.groups()
        text = f"{y}-{m}-{d}T{h}:{mi}:{s}{z}"
    found = _ISO.fullmatch(text)
    if found:
        return _build(found, int(found["month"]), int(found["day"]), zone, standard=True)
    found = _DAY_FIRST.fullmatch(_WEEKDAY.sub("", text))
    if found and found["name"].isascii():
        month = find_month(found["name"])
        return _build(found, month, int(found["day"]), zone, standard=True) if month else None
    return None


def _free(text: str, zone: ZoneInfo | None, language: str | None) -> _Found | str | None:
    """Read the other orders, numeric dates and month names of other languages.

    No standard says what a missing zone means here: it is the feed's, or the date is no date.
    """
    text = _WEEKDAY.sub("", text)
    for pattern in (_DAY_FIRST, _NAME_FIRST, _ASCTIME):
        found = pattern.fullmatch(text)
        month = find_month(found["name"]) if found else None
        if found and month:
            return _build(found, month, int(found["day"]), zone)
    found = _NUMERIC_YEAR.fullmatch(text)
    if found:
        return _build(found, int(found["month"]), int(found["day"]), zone)
    found = _NUMERIC.fullmatch(text)
    if found:
        first, second = int(found["first"]), int(found["second_"])
        month_first = second > 12 or (  # noqa: PLR2004 - no thirteenth month
            found["mark"] == "/" and language == "en" and str(zone or "").startswith("America")
        )
        day, month = (second, first) if month_first else (first, second)
        return _build(found, month, day, zone)
    return None


def _build(
    found: re.Match[str], month: int, day: int, zone: ZoneInfo | None, *, standard: bool = False
) -> _Found | str | None:
    """Make a time of the parts of a match. Raises ValueError when there is no such time."""
    year = int(found["year"])
    if len(found["year"]) == 2:  # noqa: PLR2004 - two digits, as RFC 822 had them
        year += 2000 if year < 69 else 1900  # noqa: PLR2004 - as POSIX reads them
    if found["hour"] is None:
        local = datetime(year, month, day)  # noqa: DTZ001 - its zone is found below
        return local.replace(tzinfo=zone or UTC), "day", () if zone else ("zone_assumed",)
    hour = int(found["hour"])
    half = (found["half"] or "").lower()[:1]
    if half and hour <= 12:  # noqa: PLR2004 - "14:02:33 PM" says the same thing twice
        hour = hour % 12 + (12 if half == "p" else 0)
    second = min(int(found["second"] or 0), 59)  # a leap second
    local = datetime(year, month, day, hour, int(found["minute"]), second)  # noqa: DTZ001
    named = (found["zone"] or "").strip()
    precision = "second" if found["second"] else "minute"
    if named:
        written: tzinfo | None = read_zone(named, local, zone)
        return (local.replace(tzinfo=written), precision, ()) if written else "bad_date"
    if zone is None and not standard:
        return "no_zone"
    return local.replace(tzinfo=zone or UTC), precision, ("zone_assumed",)


def _other_language(text: str, zone: ZoneInfo | None, language: str | None) -> _Found | str | None:
    """Let dateparser try the words of a language that we have no table for."""
    if not language or text.isascii():
        return None
    import dateparser  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to load, seldom used

    settings = {"STRICT_PARSING": True, "PARSERS": ["absolute-time"], "DATE_ORDER": "DMY"}
    try:
        at = dateparser.parse(text, languages=[language[:2]], settings=settings)
    except ValueError:  # a language that it does not know
        return None
    if at is None:
        return None
    if at.tzinfo is None:
        if zone is None:
            return "no_zone"
        at = at.replace(tzinfo=zone)
    return at, "minute" if at.hour or at.minute else "day", ()
