"""Finds what stands between quotation marks, in the styles of six languages. Linear in the text.

Marks are paired by a stack: “ ”, „ “, « », » «, ‹ ›, ‘ ’, ‚ ‘, ” ” and " ". A quotation inside
another belongs to it. None crosses a paragraph, unless the next one begins with the mark again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: A quotation of more is a page that lost a mark.
MAX_CHARS = 3000
#: Marks that may be open at once; what is opened deeper is not looked at.
_MAX_DEPTH = 8
_MARK = re.compile('[“”„‟″"«»‹›‘’‚]|\n[ \t]*\n')
#: Opening mark → what may close it.
_CLOSERS = {
    "“": '”"',
    "„": '“”"',
    "‟": "”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "›": "‹",
    "‘": "’",
    "‚": "‘’",
    "”": "”“",
    '"': '"',
    "″": "″",
}
_ALWAYS_OPEN = frozenset("“„«‹‚‟")
_BEFORE_OPEN = frozenset("([{—–-/:،,;")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is quoted, without space at its ends, and where its marks stand."""

    start: int
    end: int
    opened: int
    closed: int  # where the paragraph ends, when it goes on
    goes_on: bool = False  # the paragraph ended without a closing mark, and the next one opens anew


@dataclass(slots=True)
class _Open:
    mark: str
    at: int


def quoted(text: str) -> list[Quoted]:
    """Return what is quoted, outermost marks only, in order."""
    found: list[Quoted] = []
    opened: list[_Open] = []
    pairs: list[Quoted] = []
    for match in _MARK.finditer(text):
        if len(match[0]) == 1:
            _take(text, match.start(), opened, pairs)
            continue
        if opened and text[match.end() : match.end() + 1] == opened[0].mark:
            pairs.append(_quoted(text, opened[0].at, match.start(), goes_on=True))
        found += _outermost(pairs)
        opened, pairs = [], []
    return found + list(_outermost(pairs))


def _take(text: str, at: int, opened: list[_Open], pairs: list[Quoted]) -> None:
    """Open or close a quotation by the mark at `at`, or do nothing."""
    mark = text[at]
    if mark in "’‘" and _is_apostrophe(text, at):
        return
    if not _opens_rather(text, at):
        for depth in range(len(opened) - 1, -1, -1):
            if mark in _CLOSERS[opened[depth].mark]:
                pairs.append(_quoted(text, opened[depth].at, at))
                del opened[depth:]
                return
    if _may_open(text, at) and len(opened) < _MAX_DEPTH:
        opened.append(_Open(mark, at))


def _quoted(text: str, opened: int, closed: int, *, goes_on: bool = False) -> Quoted:
    """Return what stands between two marks; what is too long is not looked at."""
    if closed - opened > MAX_CHARS:
        return Quoted(opened + 1, closed, opened, closed, goes_on)
    inside = text[opened + 1 : closed]
    start = opened + 1 + len(inside) - len(inside.lstrip())
    return Quoted(start, start + len(inside.strip()), opened, closed, goes_on)


def _is_apostrophe(text: str, at: int) -> bool:
    """Tell whether a letter stands on both sides: don’t, Ankara’da."""
    return 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()


def _opens_rather(text: str, at: int) -> bool:
    """Tell whether a mark that both opens and closes stands like one that opens."""
    return text[at] in '"″' and _may_open(text, at)


def _follows_text(text: str, at: int) -> bool:
    return at > 0 and not text[at - 1].isspace() and text[at - 1] not in _BEFORE_OPEN


def _may_open(text: str, at: int) -> bool:
    if text[at] == "’":
        return False
    stands = at + 1 < len(text) and (not text[at + 1].isspace() or text[at] == "«")
    return stands and (text[at] in _ALWAYS_OPEN or not _follows_text(text, at))


def _outermost(pairs: list[Quoted]) -> Iterator[Quoted]:
    """Yield the pairs that lie in no other one, hold anything and are not too long."""
    until = -1
    for pair in sorted(pairs, key=lambda one: one.opened):
        if pair.opened >= until:
            until = pair.closed
            if pair.end - pair.start > 0 and pair.closed - pair.opened <= MAX_CHARS:
                yield pair
