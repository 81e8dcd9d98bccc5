"""Marks what a query found in a text, by the same words that the index is searched by. Pure.

An engine's stemmer comes in as a function, so that a mark stands exactly where the engine matched.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.index.analysis import Word, exact_forms, words
from pipeline.index.parse_query import Clause, Kind, Term

#: Brackets that no news text uses; « » are quotation marks in French, Arabic and Turkish.
MARK_OPEN, MARK_CLOSE = "⟦", "⟧"
ELLIPSIS = "…"
MAX_FRAGMENT_CHARS = 160  # marks and ellipses included
MAX_FRAGMENTS = 3
_EDGE_CHARS = 3  # punctuation before the first and after the last word that is shown with it
_MAX_SCANNED_CHARS = 200_000  # bounds the time that one giant text costs; news has 5,000

#: Words as written → their stems in the language of the document that is marked.
Stemmer = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A run of words that a term of the query matched."""

    first: int  # index of the first word
    last: int  # index of the last word, inclusive
    term: int  # which term: fragments that show several come first


def highlight(
    title: str, text: str, clauses: Sequence[Clause], stem: Stemmer | None
) -> dict[str, tuple[str, ...]]:
    """Return marked fragments of "title" and "text"; a part without a match is left out."""
    terms, anywhere = _wanted(clauses)
    found = {"title": _fragments(title, terms, stem), "text": _fragments(text, anywhere, stem)}
    return {part: fragments for part, fragments in found.items() if fragments}


def matches(
    title: str, text: str, clauses: Sequence[Clause], stem: Stemmer | None
) -> dict[str, list[tuple[int, int]]]:
    """Return where title and text match, as (start, end) in code points, in order."""
    terms, anywhere = _wanted(clauses)
    return {"title": _matched(title, terms, stem), "text": _matched(text, anywhere, stem)}


def _wanted(clauses: Sequence[Clause]) -> tuple[list[Term], list[Term]]:
    """Return the terms to be marked in a title, and those of them to be marked in a text."""
    terms = [term for clause in clauses if not clause.excluded for term in clause.alternatives]
    return terms, [term for term in terms if not term.title_only]


def _matched(text: str, terms: Sequence[Term], stem: Stemmer | None) -> list[tuple[int, int]]:
    places = words(text[:_MAX_SCANNED_CHARS])
    marks = _find_marks(places, terms, stem)
    return [(places[mark.first].start, places[mark.last].end) for mark in marks]


def _fragments(text: str, terms: Sequence[Term], stem: Stemmer | None) -> tuple[str, ...]:
    """Return the fragments that show most, in the order of the text."""
    text = text[:_MAX_SCANNED_CHARS]
    places = words(text)
    marked = _Marked(text, places, _find_marks(places, terms, stem))
    windows: list[tuple[int, int, int]] = []  # distinct terms shown (negative), first, last word
    covered = -1
    for mark in marked.marks:
        if mark.first > covered:
            first, covered = marked.window(mark, after=covered)
            shown = {one.term for one in marked.inside(first, covered)}
            windows.append((-len(shown), first, covered))
    best = sorted(windows)[:MAX_FRAGMENTS]
    return tuple(
        marked.render(first, last) for _, first, last in sorted(best, key=lambda one: one[1])
    )


def _find_marks(places: Sequence[Word], terms: Sequence[Term], stem: Stemmer | None) -> list[_Mark]:
    """Return non-overlapping marks in text order; of two that begin together the longer."""
    if not places or not terms:
        return []
    written = [word.surface for word in places]
    exact = exact_forms(written)
    stems = list(stem(written)) if stem else []
    found: list[_Mark] = []
    for number, term in enumerate(terms):
        found += (_Mark(*run, number) for run in _runs(term, exact, stems, stem))
    kept: list[_Mark] = []
    for mark in sorted(set(found), key=lambda one: (one.first, -one.last, one.term)):
        if not kept or mark.first > kept[-1].last:
            kept.append(mark)
    return kept


def _runs(
    term: Term, exact: list[str], stems: list[str], stem: Stemmer | None
) -> Iterator[tuple[int, int]]:
    wanted = exact_forms(term.words)
    if term.kind is Kind.PREFIX:
        yield from ((i, i) for i, form in enumerate(exact) if form.startswith(wanted[0]))
        return
    yield from _sequence(wanted, exact)
    if term.kind is Kind.WORD and stem:
        yield from _sequence(list(stem(term.words)), stems)


def _sequence(wanted: list[str], forms: list[str]) -> Iterator[tuple[int, int]]:
    length, at = len(wanted), -1
    while True:
        try:
            at = forms.index(wanted[0], at + 1)
        except ValueError:
            return
        if forms[at : at + length] == wanted:
            yield at, at + length - 1


class _Marked:
    """A text with its words and the marks on them."""

    def __init__(self, text: str, places: Sequence[Word], marks: Sequence[_Mark]) -> None:
        self.marks = marks
        self._text = text
        self._places = places
        self._firsts = [mark.first for mark in marks]
        self._lasts = [mark.last for mark in marks]

    def inside(self, first: int, last: int) -> Sequence[_Mark]:
        """Return the marks that lie wholly within the words first..last."""
        return self.marks[bisect_left(self._firsts, first) : bisect_right(self._lasts, last)]

    def window(self, mark: _Mark, *, after: int) -> tuple[int, int]:
        """Grow a window of words around a mark, evenly, while the fragment stays short enough.

        It never reaches back to the word `after`, where the previous fragment ends.
        """
        first, last = mark.first, mark.last
        left = right = True
        while left or right:
            right = right and last + 1 < len(self._places) and self._fits(first, last + 1)
            last += right
            left = left and first - 1 > after and self._fits(first - 1, last)
            first -= left
        return first, last

    def _fits(self, first: int, last: int) -> bool:
        start, end = self._span(first, last)
        marks = len(self.inside(first, last)) * len(MARK_OPEN + MARK_CLOSE)
        return end - start + marks + 2 * len(ELLIPSIS) <= MAX_FRAGMENT_CHARS

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """Return the code points of some words, with a little punctuation at the text's edges."""
        start, end = self._places[first].start, self._places[last].end
        if start <= _EDGE_CHARS:
            start = 0
        if len(self._text) - end <= _EDGE_CHARS:
            end = len(self._text)
        return start, end

    def render(self, first: int, last: int) -> str:
        """Return the words first..last with marks, on one line."""
        start, end = self._span(first, last)
        pieces, at = [], start
        for mark in self.inside(first, last):
            opens, closes = self._places[mark.first].start, self._places[mark.last].end
            pieces += [self._text[at:opens], MARK_OPEN, self._text[opens:closes], MARK_CLOSE]
            at = closes
        pieces.append(self._text[at:end])
        body = " ".join("".join(pieces).split())
        before = ELLIPSIS if start else ""
        body = _cut(body, MAX_FRAGMENT_CHARS - 2 * len(ELLIPSIS))
        return before + body + (ELLIPSIS if end < len(self._text) else "")


def _cut(text: str, limit: int) -> str:
    """Cut what is too long (one giant word) without parting a letter from its accents."""
    if len(text) <= limit:
        return text
    end = limit - len(MARK_CLOSE)
    while end > limit // 2 and unicodedata.combining(text[end]):
        end -= 1
    unclosed = text.count(MARK_OPEN, 0, end) > text.count(MARK_CLOSE, 0, end)
    return text[:end] + (MARK_CLOSE if unclosed else "")
