"""Days, weeks, months and years as spans of days, and which of several a writer means."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

DAY, WEEK, MONTH, YEAR = "day", "week", "month", "year"
#: A date without a year is more likely past: a day ahead weighs as much as this many days back.
_AHEAD = 2.8
_MONTHS = 12
_FIRST_YEAR, _LAST_YEAR = 1000, 2999


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days with its name in ISO 8601."""

    value: str
    precision: str
    first: date
    last: date


def day_of(year: int, month: int, day: int) -> Span | None:
    """Return a day, None when the calendar has none such."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return as_day(date(year, month, day))
    except ValueError:
        return None


def as_day(day: date) -> Span:
    """Return a day as a span."""
    return Span(day.isoformat(), DAY, day, day)


def month_of(year: int, month: int) -> Span | None:
    """Return a month, None when it lies beyond what calendars have."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    _, days = calendar.monthrange(year, month)
    return Span(f"{year:04}-{month:02}", MONTH, date(year, month, 1), date(year, month, days))


def year_of(year: int) -> Span:
    """Return a year."""
    return Span(f"{year:04}", YEAR, date(year, 1, 1), date(year, 12, 31))


def moved(unit: str, steps: int, published: date) -> Span | None:
    """Return the day, week, month or year that lies so many of them after publication."""
    try:
        if unit == DAY:
            return as_day(published + timedelta(days=steps))
        if unit == WEEK:
            inside = published + timedelta(weeks=steps)
            monday = inside - timedelta(days=inside.weekday())
            year, week, _ = inside.isocalendar()
            return Span(f"{year:04}-W{week:02}", WEEK, monday, monday + timedelta(days=6))
        if unit == MONTH:
            year, month = divmod(published.year * _MONTHS + published.month - 1 + steps, _MONTHS)
            return month_of(year, month + 1)
        return year_of(published.year + steps)
    except (OverflowError, ValueError):
        return None


def weekday(number: int, published: date, which: int | None) -> Span | None:
    """Return a weekday (Monday is 0): -1 before publication, 1 after, None on it or before."""
    back = (published.weekday() - number) % 7
    steps = 7 - back if which == 1 else -(back or (7 if which == -1 else 0))
    return moved(DAY, steps, published)


def nearest_day(month: int, day: int, published: date, *, ahead: bool) -> Span | None:
    """Return the day of a month that is meant when no year stands with it."""
    years = (published.year - 1, published.year, published.year + 1)
    days = [span for year in years if (span := day_of(year, month, day))]
    if ahead:
        days = [span for span in days if span.first >= published] or days
    return min(days, key=lambda span: _distance(span.first, published), default=None)


def nearest_month(month: int, published: date) -> Span | None:
    """Return the month that is meant when no year stands with it."""
    years = (published.year - 1, published.year, published.year + 1)
    months = [span for year in years if (span := month_of(year, month))]
    return min(months, key=lambda span: _distance(span.first, published), default=None)


def _distance(day: date, published: date) -> float:
    days = (day - published).days
    return days * _AHEAD if days > 0 else float(-days)
