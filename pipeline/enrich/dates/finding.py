"""Finds the words that name a date, and which one: one pass over the words of a text.

A word of the vocabulary opens a date; what it is, is decided by the two or three words around it. A
weekday is the last one before publication (or the day itself) unless words beside it say "next" or
speak of the future; a date without a year is the one that a reader of that day would think of.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.enrich.dates.calendar import (
    Span,
    day_of,
    month_of,
    moved,
    nearest_day,
    nearest_month,
    weekday,
    year_of,
)
from pipeline.enrich.dates.vocabulary import Opening, Vocabulary
from pipeline.enrich.folding import Folded
from pipeline.enrich.words import Word

_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?")
_MAX_DAY = 31
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
#: Between the parts of one date.
_GAP = re.compile(r"[ ,.']{1,3}")
_WORDS_AROUND = 7  # within which a word makes a weekday future
_MAX_AGO = 400
_STOP = frozenset(".!?;\n؟؛")


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of the folded text that names a date."""

    start: int
    end: int
    span: Span
    why: str


class Finder:
    """Reads the dates in the words of one part of one article."""

    def __init__(
        self, folded: Folded, words: Sequence[Word], vocabulary: Vocabulary, published: date | None
    ) -> None:
        self._folded, self._text = folded, folded.text
        self._words, self._vocabulary, self._published = words, vocabulary, published

    def find(self) -> Iterator[Found]:
        """Yield the dates in order; none overlap."""
        until = 0
        for number, word in enumerate(self._words):
            if word.start >= until:
                found = self._at(number, word)
                if found and found.start >= until:
                    until = found.end
                    yield found

    def _at(self, number: int, word: Word) -> Found | None:
        for opening in self._vocabulary.openings.get(word.text, ()):
            end = number + len(opening.rest)
            if self._follows(number, opening.rest):
                return self._opened(opening, number, end)
        if word.text in self._vocabulary.units:
            return self._ago(number)
        if word.text[0].isdigit() and _YEAR.fullmatch(word.text):
            return self._year(number)
        return None

    def _opened(self, opening: Opening, first: int, last: int) -> Found | None:
        if opening.kind == "relative":
            return self._relative(opening, first, last)
        surface = self._folded.original[self._folded.starts[self._words[first].start]]
        if self._vocabulary.capital and not surface.isupper():
            return None
        if opening.kind == "weekday_name":
            small = not (self._vocabulary.small and surface.isupper())
            return self._weekday(opening.number, first) if small else None
        return self._month(opening.number, first, last)

    def _relative(self, opening: Opening, first: int, last: int) -> Found | None:
        if self._published is None or (opening.rest == () and self._is_morning(first)):
            return None
        span = moved(opening.unit, opening.number, self._published)
        return self._found(first, last, span, "relative")

    def _is_morning(self, number: int) -> bool:
        """Tell whether "Morgen" or "mañana" is no day but its first half."""
        word = self._words[number]
        before = self._word(number - 1)
        if word.text == "morgen":
            start = self._folded.starts[word.start]
            opens = number == 0 or self._is_apart(number - 1, number)
            return before == "am" or (self._folded.original[start].isupper() and not opens)
        return word.text == "manana" and before in ("la", "de")

    def _weekday(self, number: int, at: int) -> Found | None:
        words = self._vocabulary
        before, after = self._word(at - 1), self._word(at + 1)
        if self._published is None or self._is_other_word(at):
            return None
        beside = (before, after, self._word(at + 2))
        if any(words.has("next", word) for word in (beside[0], beside[1])):
            return self._found(at, at, weekday(number, self._published, 1), "weekday+next")
        if any(words.has("last", word) for word in (beside[0], beside[1])):
            return self._found(at, at, weekday(number, self._published, -1), "weekday+last")
        if self._is_future(at):
            return self._found(at, at, weekday(number, self._published, 1), "weekday+future")
        return self._found(at, at, weekday(number, self._published, None), "weekday")

    def _is_other_word(self, at: int) -> bool:
        """Tell whether what looks like a weekday may be "market" or "the two"."""
        words = self._vocabulary
        needs_after, needs_before = (
            words.words["weekday_needs"],
            words.words["weekday_needs_before"],
        )
        if needs_after and self._word(at + 1) not in needs_after:
            return True
        plain = words.has("weekday_plain", self._word(at))
        return bool(needs_before) and not plain and self._word(at - 1) not in needs_before

    def _month(self, month: int, first: int, last: int) -> Found | None:
        """Read "7 August 2019", "Aug. 7, 2019", "August 2019", "in August"."""
        before = first - 1
        if (
            self._vocabulary.has("links", self._word(before))
            and self._word(before - 1)[:1].isdigit()
        ):
            before -= 1
        day = self._day(before) if self._is_joined(before, first) else None
        if day:
            year, end = self._year_after(last)
            return self._dated(month, day, year, (before, end))
        day = self._day(last + 1) if self._is_joined(last, last + 1) else None
        if day and not self._is_part_of_number(last + 1):
            year, end = self._year_after(last + 1)
            return self._dated(month, day, year, (first, end))
        year, end = self._year_after(last)
        if year:
            return self._found(first, end, month_of(year, month), "absolute")
        alone = self._vocabulary.has("month_in", self._word(first - 1)) or self._vocabulary.has(
            "month_after", self._word(last + 1)
        )
        if not alone or self._published is None:
            return None
        return self._found(first, last, nearest_month(month, self._published), "month+year_assumed")

    def _dated(self, month: int, day: int, year: int, span: tuple[int, int]) -> Found | None:
        if year:
            return self._found(*span, day_of(year, month, day), "absolute")
        if self._published is None:
            return None
        ahead = self._is_future(span[0])
        found = nearest_day(month, day, self._published, ahead=ahead)
        return self._found(*span, found, "absolute+year_assumed")

    def _ago(self, number: int) -> Found | None:
        """Read "three weeks ago", "vor drei Wochen"."""
        words = self._vocabulary
        count = words.numbers.get(self._word(number - 1)) or _number(self._word(number - 1))
        if not count or count > _MAX_AGO or self._published is None:
            return None
        unit = words.units[self._words[number].text]
        if words.has("ago_after", self._word(number + 1)):
            span = (number - 1, number + 1)
        elif words.has("ago_before", self._word(number - 2)):
            first = number - 2
            while words.has("ago_opens", self._word(first - 1)):
                first -= 1
            if number - 2 - first != len(words.words["ago_opens"]):
                return None
            span = (first, number)
        else:
            return None
        return self._found(*span, moved(unit, -count, self._published), "relative")

    def _year(self, number: int) -> Found | None:
        words = self._vocabulary
        named = words.has("year_in", self._word(number - 1))
        named = named or words.has("year_after", self._word(number + 1))
        if not named or self._is_part_of_number(number):
            return None
        return self._found(number, number, year_of(int(self._words[number].text)), "absolute")

    def _year_after(self, number: int) -> tuple[int, int]:
        """Return the year that stands behind a word and where it ends; 0 and the word if none."""
        at = number + 1
        if self._vocabulary.has("links", self._word(at)):
            at += 1
        if _YEAR.fullmatch(self._word(at)) and self._is_joined(at - 1, at):
            return int(self._word(at)), at
        return 0, number

    def _day(self, number: int) -> int:
        match = _DAY.fullmatch(self._word(number))
        day = int(match[1]) if match else 0
        return day if day <= _MAX_DAY else 0

    def _is_future(self, number: int) -> bool:
        """Tell whether a word of the same sentence near a date speaks of what is to come."""
        words = self._vocabulary
        step, count = (1, _WORDS_AROUND) if words.future_after else (-1, _WORDS_AROUND)
        at = number
        for _ in range(count):
            at += step
            word = self._word(at)
            if not word or self._is_apart(min(at, at - step), max(at, at - step)):
                return False
            if words.has("said", word):
                return False
            if words.has("future", word):
                return True
        return False

    def _follows(self, number: int, rest: Sequence[str]) -> bool:
        return all(self._word(number + at) == word for at, word in enumerate(rest, start=1))

    def _word(self, number: int) -> str:
        return self._words[number].text if 0 <= number < len(self._words) else ""

    def _is_joined(self, first: int, second: int) -> bool:
        """Tell whether nothing but space, comma or full stop stands between two words."""
        if first < 0 or second >= len(self._words):
            return False
        between = self._text[self._words[first].end : self._words[second].start]
        return _GAP.fullmatch(between) is not None or self._vocabulary.has(
            "links", self._word(first + 1)
        )

    def _is_apart(self, first: int, second: int) -> bool:
        return not _STOP.isdisjoint(self._text[self._words[first].end : self._words[second].start])

    def _is_part_of_number(self, number: int) -> bool:
        """Tell whether digits go on behind a mark: 3,000."""
        end = self._words[number].end
        return self._text[end : end + 1] in (".", ",") and self._text[end + 1 : end + 2].isdigit()

    def _found(self, first: int, last: int, span: Span | None, why: str) -> Found | None:
        if span is None:
            return None
        return Found(self._words[first].start, self._words[last].end, span, why)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) <= len(str(_MAX_AGO)) else 0
