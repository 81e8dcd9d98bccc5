"""The words of a folded text, with where they stand."""

import re
from typing import NamedTuple

from pipeline.enrich.folding import Folded

_WORD = re.compile(r"[^\W_]+")


class Word(NamedTuple):
    """One run of letters and digits; offsets into the folded text."""

    text: str
    start: int
    end: int


def words_of(folded: Folded, limit_chars: int) -> list[Word]:
    """Return the words of the first code points of a text, in order."""
    return [
        Word(match[0], match.start(), match.end())
        for match in _WORD.finditer(folded.text, 0, limit_chars)
    ]
