"""Times, spans, numbers and foreign text as they are shown. Pure."""

import re
import unicodedata
from datetime import UTC, datetime

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
#: A page shows that much of a text from outside; the rest is in the ledger.
MAX_TEXT_CHARS = 500
_SHORT_CHARS = 90
_SPACES = re.compile(r"\s+")
#: Shown as what they are: they would turn the text around them, or hide some of it.
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_HARMLESS = frozenset("\u200c\u200d")  # joiners: without them Persian and Hindi are misspelt
_MARK = "\ufffd"


def text(value: object, limit: int = MAX_TEXT_CHARS) -> str:
    """Return text from outside on one line, with everything that hides or reorders made visible."""
    found = _SPACES.sub(" ", str(value)[: limit + 1]).strip()
    plain = "".join(_visible(char) for char in found)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _visible(char: str) -> str:
    if char in _HARMLESS or unicodedata.category(char) not in _HIDING:
        return char
    return _MARK


def short(value: object, limit: int = _SHORT_CHARS) -> str:
    """Return a long address or name without its middle: both ends tell most."""
    found = text(value, 2 * MAX_TEXT_CHARS)
    if len(found) <= limit:
        return found
    head = limit * 2 // 3
    return f"{found[:head]}…{found[head + 1 - limit :]}"


def number(value: float) -> str:
    """Return a number with thousands apart."""
    return f"{value:,.0f}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent; never 100 % or 0 % when something is missing or there."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if part and percent < 1:
        return "<1 %"
    if part < whole and percent > 99:  # noqa: PLR2004 - would be rounded to all of it
        return ">99 %"
    return f"{percent:.0f} %"


def span(seconds: float) -> str:
    """Return a duration in the unit in which one speaks of it."""
    s = abs(seconds)
    for unit_s, name, below_s in (
        (1, "s", 2 * _MINUTE_S),
        (_MINUTE_S, "min", 2 * _HOUR_S),
        (_HOUR_S, "h", 2 * _DAY_S),
    ):
        if s < below_s:
            places = 1 if s < 10 * unit_s and s % unit_s else 0
            return f"{s / unit_s:.{places}f}".removesuffix(".0") + f" {name}"
    return f"{s / _DAY_S:.0f} days"


def moment(at: datetime) -> str:
    """Return a time to the second, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def since(at: datetime, now: datetime) -> str:
    """Return how far a time lies in the past or the future."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(seconds)}"
