"""Finds what may be the name of a place: words with capitals that a gazetteer lists.

No list of names is held here: the words of an article are looked up, a few dozen of them. In Arabic
script, which has no capitals, every word is, with and without the clitics before it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipeline.enrich.folding import Folded
from pipeline.enrich.places.listed import Listed, PlaceNames
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.taken import Taken

_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile(r"[\u0621-\u064a]")
_ARABIC_CLITICS = re.compile(r"[وف]?[بلك]|[وف]")
_ARABIC_MIN_CHARS = 3  # of a name after its clitics
_MAX_WORDS = 6
#: What stands between the words of one name. A full stop only after these: "St. Louis".
_JOINTS = frozenset({" ", "'"})
_SHORTENED = frozenset({"st", "ste", "mt", "ft"})
_GENITIVE_MIN_CHARS = 5  # "Berlins", but not "Es"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of folded text that may name one of several places."""

    part: str
    start: int
    end: int
    key: str
    listed: tuple[Listed, ...]
    entity: str = ""  # the hand-written place that it names otherwise


class Finding:
    """Looks up the words of one article; every word once."""

    def __init__(
        self,
        names: PlaceNames,
        words: PlaceWords,
        parts: Mapping[str, Folded],
        language: str | None,
    ) -> None:
        self._parts = parts
        self._words = words
        self._language = language
        self.named = lru_cache(maxsize=None)(names.named)
        self.region = lru_cache(maxsize=None)(names.region)
        self._longest = lru_cache(maxsize=None)(names.longest)

    def candidates(self, taken: Taken) -> Iterator[Candidate]:
        """Yield the longest names outside of what is taken; they do not overlap."""
        for part, folded in self._parts.items():
            original, starts = folded.original, folded.starts
            line = _Line(part, folded, taken, [w.span() for w in _WORD.finditer(folded.text)])
            reached = 0
            for at, (start, _) in enumerate(line.words):
                if start < reached or original[starts[start]].islower():
                    continue
                found = self._at(line, at)
                if found:
                    yield found
                    reached = found.end

    def abbreviation(self, part: str, position: int) -> Listed | None:
        """Return the region whose abbreviation stands at a place: "Md." after "Rockville, "."""
        folded = self._parts[part]
        found = _WORD.match(folded.text, position)
        if found is None:
            return None
        original = folded.starts[position]
        for written, code in self._words.abbreviations.get(found.group(), ()):
            after = folded.original[original + len(written) :][:1]
            if folded.original.startswith(written, original) and not after.isalnum():
                return self.region(code)
        return None

    def _at(self, line: "_Line", at: int) -> Candidate | None:
        start, end = line.words[at]
        folded = line.folded
        if _ARABIC.match(folded.text, start):
            return self._arabic(line, at)
        if not line.begins_with_capital(start) or not folded.cuts(start):
            return None
        if line.taken.overlap(line.part, start, end):
            return None
        word = folded.text[start:end]
        if word in self._words.abbreviations and line.surface(start, end) in self._words.alone:
            region = self.abbreviation(line.part, start)
            return Candidate(line.part, start, end, word, (region,)) if region else None
        return self._longest_name(line, at, start) or self._genitive(line, start, end)

    def _genitive(self, line: "_Line", start: int, end: int) -> Candidate | None:
        """Return a German name with the ending of the genitive: "Wuppertals"."""
        key = line.folded.text[start : end - 1]
        if self._language != "de" or line.folded.text[end - 1] != "s":
            return None
        listed = self.named(key) if len(key) >= _GENITIVE_MIN_CHARS else ()
        return Candidate(line.part, start, end - 1, key, listed) if listed else None

    def _longest_name(self, line: "_Line", at: int, start: int) -> Candidate | None:
        text = line.folded.text
        most = min(self._longest(text[start : line.words[at][1]]), _MAX_WORDS)
        last = at
        while last + 1 < min(len(line.words), at + most) and _joined(text, line.words, last):
            last += 1
        for final in range(last, at - 1 if most else at, -1):
            first, end = line.words[final]
            if line.is_small(first) or line.taken.overlap(line.part, start, end):
                continue
            key = text[start:end]
            listed = self.named(key) if line.folded.cuts(end) else ()
            if listed:
                return Candidate(line.part, start, end, key, listed)
        return None

    def _arabic(self, line: "_Line", at: int) -> Candidate | None:
        start, end = line.words[at]
        clitics = _ARABIC_CLITICS.match(line.folded.text, start)
        for begin in dict.fromkeys((start, clitics.end() if clitics else start)):
            if end - begin < _ARABIC_MIN_CHARS or line.taken.overlap(line.part, begin, end):
                continue
            if found := self._longest_name(line, at, begin):
                return found
        return None


@dataclass(frozen=True, slots=True)
class _Line:
    """One part of an article, cut into words."""

    part: str
    folded: Folded
    taken: Taken
    words: list[tuple[int, int]]

    def begins_with_capital(self, start: int) -> bool:
        return self.folded.original[self.folded.starts[start]].isupper()

    def is_small(self, start: int) -> bool:
        return self.folded.original[self.folded.starts[start]].islower()

    def surface(self, start: int, end: int) -> str:
        first, last = self.folded.span(start, end)
        return self.folded.original[first:last]


def _joined(text: str, words: list[tuple[int, int]], at: int) -> bool:
    """Tell whether a word and the next may belong to one name."""
    (start, end), (after, _) = words[at], words[at + 1]
    between = text[end:after]
    return between in _JOINTS or (between == ". " and text[start:end] in _SHORTENED)
