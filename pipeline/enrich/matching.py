"""Finds thousands of phrases in one pass and keeps those that stand as words.

Aho-Corasick over folded text (Aho and Corasick 1975), then per hit: does it begin where a word
begins, and end where one ends? Turkish case endings, a German genitive -s and the Arabic clitics
و ف ب ل ك and ال may be attached; the span reported is the phrase without them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import ahocorasick

from pipeline.enrich.folding import Folded, fold_key

Payload = TypeVar("Payload")

#: What a Turkish noun may carry without an apostrophe, folded: case, plural possessive's n, -ki.
_TURKISH = re.compile(
    r"(n|y|s)?(in|un|i|u|e|a)|n?[dt][ea](n|ki)?|n?[dt]ekiler(i)?|y?l[ea]|[cs]a|lari(n|nin)?|leri(n|nin)?"
)
#: language → how long a name must be to take an ending unmarked, and the endings. Turkish marks the
#: ending of a name with an apostrophe, so an unmarked one is rare: "Çine" is no form of Çin.
_ENDINGS = {"tr": (6, _TURKISH), "de": (4, re.compile(r"s"))}
#: و and ف ("and", "so") before ب ل ك ("in", "to", "like"), each at most once.
_CLITICS = re.compile(r"[وف]?[بلك]?")
_ARTICLE, _ARTICLE_AFTER_LAM = "ال", "لل"  # the preposition ل swallows the alif
_AMERICA = ("امريك", "اميرك")  # both are usual for America and American
MAX_WORD_CHARS = 60  # a longer run is no word; guards against text without a single space
OPEN_END = "*"  # at the end of a phrase: any ending of the word will do


@dataclass(frozen=True, slots=True)
class Hit(Generic[Payload]):
    """One phrase in a text; `start` and `end` are offsets into the folded text."""

    start: int
    end: int
    payloads: tuple[Payload, ...]


@dataclass(slots=True)
class _Form(Generic[Payload]):
    """One folded spelling and what it stands for."""

    chars: int
    closed: list[Payload]  # of phrases that must end here, but for an ending
    open: list[Payload]  # of phrases written with OPEN_END


class Phrases(Generic[Payload]):
    """A fixed set of phrases, each with payloads. Built once, then only read."""

    def __init__(self, phrases: Iterable[tuple[str, Payload]]) -> None:
        forms: defaultdict[str, _Form[Payload]] = defaultdict(lambda: _Form(0, [], []))
        for phrase, payload in phrases:
            key = fold_key(phrase.removesuffix(OPEN_END))
            for spelling in _spellings(key):
                form = forms[spelling]
                (form.open if phrase.endswith(OPEN_END) else form.closed).append(payload)
        self._automaton = ahocorasick.Automaton()
        for spelling, form in forms.items():
            form.chars = len(spelling)
            self._automaton.add_word(spelling, form)
        self._automaton.make_automaton()
        self._empty = not forms

    def find(self, folded: Folded, language: str | None) -> Iterator[Hit[Payload]]:
        """Yield every phrase that stands as a word in the text, also those inside longer ones."""
        if self._empty:
            return
        text = folded.text
        for last, form in self._automaton.iter(text):
            end = last + 1
            start = end - form.chars
            if not (folded.cuts(start) and folded.cuts(end) and _begins(text, start)):
                continue
            rest = word_rest(text, end)
            if form.open:
                yield Hit(start, end + len(rest), tuple(form.open))
            if form.closed and (not rest or _may_end(form.chars, rest, language)):
                yield Hit(start, end, tuple(form.closed))


def find_word(word: str, folded: Folded, language: str | None) -> Iterator[tuple[int, int]]:
    """Yield where one folded word stands, by the same rules as the phrases."""
    start = folded.text.find(word)
    while start >= 0:
        end = start + len(word)
        rest = word_rest(folded.text, end)
        ends = not rest or _may_end(len(word), rest, language)
        if ends and folded.cuts(start) and folded.cuts(end) and _begins(folded.text, start):
            yield start, end
        start = folded.text.find(word, end)


def word_rest(text: str, position: int) -> str:
    """Return the letters and digits that follow without a break, at most MAX_WORD_CHARS."""
    end, last = position, min(len(text), position + MAX_WORD_CHARS)
    while end < last and text[end].isalnum():
        end += 1
    return text[position:end]


def word_before(text: str, position: int) -> str:
    """Return the letters and digits that stand before without a break, at most MAX_WORD_CHARS."""
    start, first = position, max(0, position - MAX_WORD_CHARS)
    while start > first and text[start - 1].isalnum():
        start -= 1
    return text[start:position]


def _spellings(key: str) -> tuple[str, ...]:
    """Return the folded spellings of a phrase: those that Arabic has two of, and the key itself."""
    one, other = _AMERICA
    keys = {key, key.replace(one, other), key.replace(other, one)} - {""}
    after_lam = {
        _ARTICLE_AFTER_LAM + spelling.removeprefix(_ARTICLE)
        for spelling in keys
        if spelling.startswith(_ARTICLE)
    }
    return tuple(sorted(keys | after_lam))


def _begins(text: str, start: int) -> bool:
    if start == 0 or not text[start - 1].isalnum():
        return True
    return _CLITICS.fullmatch(word_before(text, start)) is not None


def _may_end(chars: int, rest: str, language: str | None) -> bool:
    min_chars, endings = _ENDINGS.get(language or "", (0, None))
    return endings is not None and chars >= min_chars and endings.fullmatch(rest) is not None
