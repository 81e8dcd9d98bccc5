"""Tells where it happened from where else is named.

    dateline        the article begins with the place and a dash: 0.5, it may be the reporter's desk
    lead            in the first sentence, after a word like "in": 0.5; else 0.2
    title           in the headline: 0.3
    event_sentence  in a sentence that says what happens: 0.5 after a word like "in", else 0.15

A place's score is how likely it is that one of these is right, were they independent; it happened
at the places that have THRESHOLD or more.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from pipeline.enrich.folding import Folded
from pipeline.enrich.places.words import Words

THRESHOLD = 0.5
_DATELINE, _LEAD, _TITLE = 0.5, 0.5, 0.3
_LEAD_ONLY_NAMED, _EVENT, _EVENT_ONLY_NAMED = 0.2, 0.5, 0.15
_HEAD_CHARS = 90  # in which a dateline ends
_DATELINE_WORDS = 8  # at most; one of them may begin with a small letter
#: The end of a sentence; the words that a dateline shortens are no longer: "Calif.", "Sept."
_NO_DATELINE = re.compile(r"[!?؟]|[^\W\d_A-Z]{5}\.\s")
_WORD = re.compile(r"[^\W\d_]+")
#: What ends a dateline of places, a date, an agency: a dash, or a bracket with an agency.
_DATELINE_END = re.compile(r"\s[-–—]{1,2}\s|[–—]|\((?:[A-Z]{2,4}|[^()\n]{2,20})\)(?:\s*[-–—:.]?)")
_SENTENCE_END = re.compile(r"[.!?؟]['\"»”)]*\s|\n")
#: Full stops after these end no sentence.
_SHORTENED = re.compile(r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|St|Gen|Lt|Col|Sgt|Gov|Sen|Rep|No|vs))\.$")


class Scenes:
    """Sentences and dateline of one article."""

    def __init__(self, parts: Mapping[str, Folded], words: Words) -> None:
        self._parts = parts
        self._words = words
        self.head = _dateline_end(parts["text"].original)
        self._ends = _sentence_ends(parts["text"].original, self.head)
        self._happens: dict[int, bool] = {}

    def is_dateline(self, part: str, start: int) -> bool:
        """Tell whether a place in the folded text stands in the dateline."""
        return part == "text" and self._parts[part].starts[start] < self.head

    def reason(self, part: str, start: int, *, located: bool) -> Iterator[tuple[str, float]]:
        """Yield what a mention says for its place, with how likely it is right."""
        if part == "title":
            yield "title", _TITLE
            return
        folded = self._parts[part]
        at = folded.starts[start]
        if at < self.head:
            yield "dateline", _DATELINE
            return
        number = bisect_right(self._ends, at)
        if number == 0:
            yield "lead", _LEAD if located else _LEAD_ONLY_NAMED
        if self._tells_event(number):
            yield "event_sentence", _EVENT if located else _EVENT_ONLY_NAMED

    def _tells_event(self, number: int) -> bool:
        if number not in self._happens:
            folded = self._parts["text"]
            begin = self._ends[number - 1] if number else self.head
            end = self._ends[number] if number < len(self._ends) else len(folded.original)
            first = bisect_left(folded.starts, begin)
            last = bisect_left(folded.starts, end)
            found = self._words.events.search(folded.text, first, last)
            self._happens[number] = found is not None
        return self._happens[number]


def together(chances: Mapping[str, float]) -> float:
    """Return how likely it is that one of several reasons is right."""
    wrong = 1.0
    for chance in chances.values():
        wrong *= 1 - chance
    return round(1 - wrong, 3)


def _dateline_end(text: str) -> int:
    """Return where the dateline ends, 0 if there is none."""
    line = text[:_HEAD_CHARS].split("\n", maxsplit=1)[0]
    for found in _DATELINE_END.finditer(line):
        head = line[: found.start()]
        words: list[str] = _WORD.findall(head)
        if not words or words[0][0].islower():
            return 0
        small = sum(word[0].islower() for word in words)
        if small <= 1 and len(words) <= _DATELINE_WORDS and not _NO_DATELINE.search(head):
            return found.end()
    return 0


def _sentence_ends(text: str, begin: int) -> list[int]:
    return [
        found.end()
        for found in _SENTENCE_END.finditer(text, begin)
        if not _SHORTENED.search(text, max(0, found.start() - 8), found.start() + 1)
    ]
