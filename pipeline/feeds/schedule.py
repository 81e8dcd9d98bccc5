"""When to ask a feed again: by what it brought, by what its server said, never past the bounds.

The interval follows the overlap of two polls on time (after Media Cloud's rss-fetcher): the share
of the document that was known before. Little overlap means that entries may fall between two polls,
none at all means that some probably did. The starting value is the feed's own weekly rate.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline.config import PollSettings
from pipeline.model import Entry, Page
from pipeline.work import FeedState

DAY_S = 86_400.0
DEFAULT_INTERVAL_S = 3_600.0
#: A server may ask us to come less often, but not to forget a news feed.
MAX_SERVER_DELAY_S = DAY_S
MAX_RETRY_AFTER_S = 2 * DAY_S
MIN_RETRY_AFTER_S = 60.0
MAX_BACKOFF_S = DAY_S

_LITTLE, _MUCH = 1 / 3, 2 / 3
_LENGTHEN_S = 600.0
_LENGTHEN_SILENT_S = 3_600.0
_SILENT_S = 31 * DAY_S
_JITTER = 0.1
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NOT_CACHED = re.compile(r"(?:^|,)\s*(?:no-cache|no-store)\s*(?:,|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What every decision about one poll depends on beside the feed itself."""

    now: datetime
    settings: PollSettings
    jitter: float  # in [0, 1)


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Whether a poll came when it was planned: only then does its overlap say anything."""

    early: bool
    late: bool


def punctuality(state: FeedState, now: datetime) -> Punctuality:
    """Compare a poll with its plan. A feed that failed in between is late whatever was planned."""
    if state.last_success_at is None:
        return Punctuality(early=False, late=False)
    elapsed_s = (now - state.last_success_at).total_seconds()
    planned_s = state.interval_s
    if state.next_poll_at is not None and state.last_poll_at is not None:
        planned_s = max(planned_s, (state.next_poll_at - state.last_poll_at).total_seconds())
    return Punctuality(
        early=elapsed_s < 0.9 * state.interval_s,
        late=state.failures > 0 or elapsed_s > 1.5 * planned_s,
    )


def first_interval_s(entries: Sequence[Entry], poll: Occasion) -> float:
    """Return the time in which one entry is to be expected, by the dates of the last seven days."""
    week = poll.now - timedelta(days=7)
    times = [e.published_at.at for e in entries if e.published_at and e.published_at.at >= week]
    if not times:
        return _bounded(DEFAULT_INTERVAL_S, poll.settings)
    # A document that reaches back one day only says how much comes in a day.
    span_s = max((poll.now - min(times)).total_seconds(), 1.0)
    return _bounded(span_s / len(times), poll.settings)


def adapted_interval_s(state: FeedState, overlap: float, poll: Occasion) -> float:
    """Return the next interval after a poll with this overlap (0 nothing known, 1 all known).

    An early poll may not lengthen it and a late one not shorten it: both measure our own clock.
    """
    when = punctuality(state, poll.now)
    interval_s = state.interval_s
    if overlap < _LITTLE and not when.late:
        interval_s = interval_s / 2
    elif overlap >= _MUCH and (state.overlap or 0.0) >= _MUCH and not when.early:
        since = state.last_new_at or state.last_success_at
        silent = since is not None and (poll.now - since).total_seconds() > _SILENT_S
        interval_s += _LENGTHEN_SILENT_S if silent else _LENGTHEN_S
    return _bounded(interval_s, poll.settings)


def next_delay_s(
    interval_s: float, ttl_s: float | None, page: Page | None, poll: Occasion
) -> float:
    """Return how long to wait after a good poll; the feed's and the server's wishes are floors."""
    wished_s = _bounded(max(interval_s, ttl_s or 0.0), poll.settings)
    delay_s = max(wished_s, server_delay_s(page) or 0.0)
    return with_jitter(delay_s, poll.jitter)


def backoff_s(state: FeedState, failures: float, settings: PollSettings) -> float:
    """Return how long to wait after a failure; grows with their weight, never beyond a day."""
    interval_s = max(state.interval_s, settings.min_interval_s)
    return min(interval_s * max(1.0, failures), MAX_BACKOFF_S)


def with_jitter(delay_s: float, jitter: float) -> float:
    """Add 0..10 %, so that feeds that were asked together are not asked together for ever."""
    return delay_s * (1 + _JITTER * jitter)


def server_delay_s(page: Page | None) -> float | None:
    """Return for how long the server says its answer is fresh (RFC 9111), None if it does not."""
    if page is None:
        return None
    control = page.header("cache-control") or ""
    if _NOT_CACHED.search(control):
        return None
    age_s = _seconds(page.header("age")) or 0.0
    found = _MAX_AGE.search(control)
    if found:
        fresh_s = float(found[1])
    else:
        expires = _http_date(page.header("expires"))
        if expires is None:
            return None
        sent_at = _http_date(page.header("date")) or page.fetched_at
        fresh_s = (expires - sent_at).total_seconds()
    left_s = fresh_s - age_s
    return min(left_s, MAX_SERVER_DELAY_S) if left_s > 0 else None


def retry_after_s(page: Page, now: datetime) -> float | None:
    """Return what Retry-After asks for (seconds or a date), within a minute and two days."""
    text = page.header("retry-after")
    wished_s = _seconds(text)
    if wished_s is None:
        at = _http_date(text)
        if at is None:
            return None
        wished_s = (at - now).total_seconds()
    return min(max(wished_s, MIN_RETRY_AFTER_S), MAX_RETRY_AFTER_S)


def _bounded(interval_s: float, settings: PollSettings) -> float:
    return min(max(interval_s, settings.min_interval_s), settings.max_interval_s)


def _seconds(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None  # noqa: PLR2004 - 30 million years


def _http_date(text: str | None) -> datetime | None:
    """Read an HTTP date; None for "0" and other junk."""
    try:
        at = parsedate_to_datetime((text or "").strip()[:64])
    except (ValueError, TypeError, OverflowError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
