"""Dates written in digits: 2019-09-10, 10.09.2019, 10/9/2019; in the United States 9/10/2019."""

import re
from collections.abc import Iterator

from pipeline.enrich.dates.calendar import Span, day_of
from pipeline.enrich.dates.finding import Found
from pipeline.enrich.folding import Folded

#: Hyphens are folded to spaces, so those are looked for in the original.
_ISO = re.compile(r"(?<![\d.,/-])(\d{4})-(\d\d)-(\d\d)(?![\d/-])")
_SLASHED = re.compile(r"(?<![\d.,/-])(\d{1,2})([./])(\d{1,2})\2((?:19|20)\d\d)(?![\d/-])")
_MONTH_FIRST = frozenset({"US"})
_MONTHS = 12


def numeric_dates(folded: Folded, limit_chars: int, country: str | None) -> Iterator[Found]:
    """Yield the dates in digits; offsets are into the original text."""
    text = folded.original
    for match in _ISO.finditer(text, 0, limit_chars):
        year, month, day = map(int, match.groups())
        yield from _found(match, day_of(year, month, day))
    for match in _SLASHED.finditer(text, 0, limit_chars):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        month_first = match[2] == "/" and country in _MONTH_FIRST
        day, month = (second, first) if month_first else (first, second)
        if month > _MONTHS:
            day, month = month, day
        yield from _found(match, day_of(year, month, day))


def _found(match: re.Match[str], span: Span | None) -> Iterator[Found]:
    if span:
        yield Found(match.start(), match.end(), span, "absolute")
