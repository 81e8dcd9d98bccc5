"""Reading Retry-After (RFC 9110, 10.2.3): seconds or a date. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Longer waits are mistakes or spite (1e11 was seen); two days is the longest we believe.
MAX_RETRY_AFTER_S = 48 * 3600.0
#: "Retry-After: 0" is sent by servers that mean nothing by it; it would cost an item all its tries
#: within seconds.
MIN_RETRY_AFTER_S = 60.0
_MAX_DIGITS = 18  # more are clamped anyway; guards int() against megabytes of digits


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the wait asked for, 0 to 48 h; None when nothing sensible was said."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(MAX_RETRY_AFTER_S, float(text[:_MAX_DIGITS]))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(MAX_RETRY_AFTER_S, max(0.0, (at - now).total_seconds()))
