"""Time zones as feeds write them: offsets, names, and the feed's own zone."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Minutes east of UTC. Where a name has several meanings (IST, CST, AST, BST) the feed's own zone
#: is asked first; this is the one most feeds mean. feedparser reads EET, EEST and TRT as UTC.
_NAMED = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60,
    "CEST": 120, "MESZ": 120, "MET": 60, "MEST": 120, "EET": 120, "EEST": 180, "TRT": 180,
    "TSI": 180, "TSİ": 180, "MSK": 180, "AST": 180, "IDT": 180, "IRST": 210, "IRDT": 270,
    "GST": 240, "AFT": 270, "PKT": 300, "IST": 330, "ICT": 420, "WIB": 420, "HKT": 480,
    "SGT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "ACDT": 630,
    "AEDT": 660, "NZST": 720, "NZDT": 780, "SAST": 120, "CAT": 120, "EAT": 180, "WAT": 60,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "ADT": -180, "NST": -210, "NDT": -150,
    "BRT": -180, "ART": -180, "CLT": -240, "COT": -300,
}  # fmt: skip
#: What programs write for UTC, in London's summer too, although London calls its winter time so.
_UTC = frozenset({"UTC", "GMT", "UT", "Z"})
_OFFSET = re.compile(r"(?:GMT|UTC|UT)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_MAX_EAST, _MAX_WEST = 14 * 60, 12 * 60


@lru_cache(maxsize=1024)
def find_zone(name: str | None) -> ZoneInfo | None:
    """Return the zone with an IANA name, None when there is none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_zone(text: str, local: datetime, own: ZoneInfo | None) -> tzinfo | None:
    """Return the zone that a text names for a local time. None: it names none that there is."""
    text = text.strip().strip("()[]")
    offset = _OFFSET.fullmatch(text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        east = minutes if offset[1] == "+" else -minutes
        fits = -_MAX_WEST <= east <= _MAX_EAST and int(offset[3] or 0) < 60  # noqa: PLR2004
        return timezone(timedelta(minutes=east)) if fits else None
    name = text.upper()
    if own is not None and name not in _UTC and name in _own_names(own, local.year):
        return own
    if name in _NAMED:
        return timezone(timedelta(minutes=_NAMED[name])) if _NAMED[name] else UTC
    return find_zone(text) if "/" in text else None


@lru_cache(maxsize=1024)
def _own_names(zone: ZoneInfo, year: int) -> frozenset[str]:
    """Return what a zone calls itself in winter and summer; many write one name all year."""
    days = (datetime(year, month, 1, tzinfo=zone) for month in (1, 7))
    return frozenset((day.tzname() or "").upper() for day in days)
