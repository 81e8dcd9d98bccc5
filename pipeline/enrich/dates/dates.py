"""The dates that one article speaks of."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.enrich.dates.finding import Finder
from pipeline.enrich.dates.numeric import numeric_dates
from pipeline.enrich.dates.vocabulary import vocabulary_of
from pipeline.enrich.folding import Folded
from pipeline.enrich.words import Word
from pipeline.model import DateClaim, MentionedDate

VERSION = "1"
#: A text with more is a calendar; the rest is left out.
MAX_DATES = 300


def local_day(claim: DateClaim | None, timezone: str | None) -> date | None:
    """Return the day on which readers of an outlet saw it published; None if nobody claims one.

    A claim of a day is midnight somewhere: half a day later it is that day in UTC.
    """
    if claim is None:
        return None
    if claim.precision == "day":
        return (claim.at + timedelta(hours=12)).astimezone(UTC).date()
    try:
        return claim.at.astimezone(ZoneInfo(timezone or "UTC")).date()
    except (ZoneInfoNotFoundError, ValueError):
        return claim.at.astimezone(UTC).date()


def find_dates(
    parts: Mapping[str, Folded],
    words: Mapping[str, Sequence[Word]],
    language: str | None,
    *,
    published: date | None,
    country: str | None,
) -> tuple[MentionedDate, ...]:
    """Return the dates in order. Without a day of publication only what names its year is one."""
    found: list[MentionedDate] = []
    vocabulary = vocabulary_of(language)
    for part, folded in parts.items():
        finder = Finder(folded, words[part], vocabulary, published)
        spans = [(*folded.span(one.start, one.end), one) for one in finder.find()]
        limit = folded.ends[words[part][-1].end - 1] if words[part] else 0
        spans += [(one.start, one.end, one) for one in numeric_dates(folded, limit, country)]
        until = 0
        for start, end, one in sorted(spans, key=lambda item: (item[0], -item[1])):
            if start < until or len(found) == MAX_DATES:
                continue
            until, span = end, one.span
            found.append(
                MentionedDate(
                    start, end, folded.original[start:end], part, span.value, span.precision,
                    span.first.isoformat(), span.last.isoformat(), one.why,
                )
            )  # fmt: skip
    return tuple(found)
