"""Plain text: what may stand in a title, a paragraph and a name. Also how texts are compared."""

import re
import unicodedata

#: C0 (but tab and newline), DEL, C1, lone surrogates, and the two non-characters.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Marks that turn or hide text. In running Arabic or Hebrew they are right; in a title they let a
#: page write over its neighbours in a list.
_BIDI = re.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")  # soft hyphen, zero-width space, joiner
_SPACE = re.compile(r"[^\S\n]+")
_ANY_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")


def one_line(text: str) -> str:
    """Return text for one line: NFC, no control, bidi or invisible characters, single spaces."""
    text = _INVISIBLE.sub("", _BIDI.sub("", _CONTROLS.sub(" ", text)))
    return unicodedata.normalize("NFC", _ANY_SPACE.sub(" ", text).strip())


def clean_lines(text: str) -> list[str]:
    """Return the lines of a text that hold something, NFC and without control characters."""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", _CONTROLS.sub("", text)))
    return [line for raw in text.splitlines() if (line := _SPACE.sub(" ", raw).strip())]


def words(text: str) -> list[str]:
    """Return the words of a text, case folded."""
    return _WORD.findall(text.casefold())


def folded(text: str) -> str:
    """Return what two lines must share to be the same line: their letters and digits."""
    return " ".join(words(text))
