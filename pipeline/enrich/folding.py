"""Folds text so that spellings of one name become equal, and keeps the way back.

Folded away: case, accents and vowel signs (ğ, é, Arabic tashkeel), tatweel, the Turkish dot of i,
ligatures, the variants of alif, ya, ta marbuta and hamza seats, kinds of apostrophe, hyphens (read
as spaces), runs of space, the dots of U.S. and the like. Folded text is for keys only: everything
that is shown or stored is cut from the original by offset.
"""

import unicodedata
from dataclasses import dataclass

#: Letters whose compatibility decomposition keeps what a reader would leave out.
_LETTERS = {
    "ı": "i",
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",  # Persian ya, met in Arabic text typed on other keyboards
    "ک": "ك",
    "ة": "ه",
    "ـ": "",
}
_APOSTROPHES = "'’‘ʼ`´′ʹ＇"
_HYPHENS = "-‐‑﹣－"
PARAGRAPH = "\n"  # what a blank line folds to: no name goes across one

_folded_chars: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; its code point `i` comes from `original[starts[i]:ends[i]]`."""

    original: str
    text: str
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where folded[start:end] stands in the original; `end` is exclusive."""
        return self.starts[start], self.ends[end - 1]

    def cuts(self, position: int) -> bool:
        """Tell whether a cut before `position` falls between two code points of the original."""
        if position in (0, len(self.text)):
            return True
        return self.starts[position] != self.starts[position - 1]


def fold(text: str) -> Folded:
    """Return the folded text with the way back to the code points of `text`."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(text):
        folded = _folded_chars.get(char)
        if folded is None:
            folded = _folded_chars[char] = _fold_char(char)
        if not folded:
            if ends and unicodedata.category(char).startswith("M") and ends[-1] == at:
                ends[-1] = at + 1  # an accent belongs to the letter before it
        elif folded == " " and out and out[-1] in " \n":
            if char == "\n" and out[-1] != PARAGRAPH and "\n" in text[starts[-1] : at]:
                out[-1] = PARAGRAPH
            ends[-1] = at + 1
        elif char == "." and ends and ends[-1] == at and _letter_alone(text, at - 1):
            ends[-1] = at + 1
        else:
            for one in folded:
                out.append(one)
                starts.append(at)
                ends.append(at + 1)
    return Folded(text, "".join(out), starts, ends)


def fold_key(text: str) -> str:
    """Return only the folded text, without space at its ends."""
    return fold(text).text.strip()


def _fold_char(char: str) -> str:
    if char in _APOSTROPHES:
        return "'"
    if char in _HYPHENS or char.isspace():
        return " "
    kept = []
    for part in unicodedata.normalize("NFKD", char).casefold():
        if unicodedata.category(part)[0] == "M" or unicodedata.category(part) == "Cf":
            continue
        kept.append(_LETTERS.get(part, part))
    folded = "".join(kept)
    return " " if folded.isspace() else folded


def _letter_alone(text: str, at: int) -> bool:
    """Tell whether a letter stands alone, so that a dot after it is part of it: U.S., Stephen M."""
    return text[at].isalpha() and (at == 0 or not text[at - 1].isalnum())
