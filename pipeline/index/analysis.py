"""From text to the words that are indexed and searched: one rule for documents and queries.

Every word has two forms. The *exact* form is lower case without diacritics, the same whatever the
language ("Erdoğan" and "erdogan", "İSTANBUL" and "istanbul", "U.S." and "us" are one). The *stem
input* is lower case by the rules of its language with diacritics kept, for an engine's stemmer.
The engines split what they are given at spaces only, so that no tokeniser of theirs has a say.
"""

# Letters that look like others are what this module is about.

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

#: A longer word is cut: no name is that long, and engines limit the bytes of a term.
MAX_WORD_CHARS = 128

#: Letters whose case pair differs: I ↔ ı and İ ↔ i.
_DOTLESS_LANGUAGES = frozenset({"tr", "az"})

#: What is written in or between letters and dropped by folding, so that it begins no word: accents,
#: Hebrew and Arabic vowel signs, kashida, soft hyphen, zero-width (non-)joiner.
FOLDED_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u00ad\u200c\u200d"
)
#: Marks that carry meaning: the Indic and South-East Asian blocks, whose vowels are marks.
_KEPT_MARKS = "\u0488\u0489\u0900-\u0963\u0966-\u109f"
MARKS = FOLDED_MARKS + _KEPT_MARKS
#: Scripts written without spaces: each character is a word, a run of them is matched as a phrase.
IDEOGRAPHS = (
    "\u3038-\u303a\u3040-\u30ff\u3192-\u3195\u3220-\u3229\u3280-\u3289\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
_LETTER = rf"[^\W\d_{FOLDED_MARKS}{IDEOGRAPHS}]"
_IN_WORD = rf"[^\W_{IDEOGRAPHS}]"
_ACRONYM = rf"(?<![\w{MARKS}]){_LETTER}(?:\.{_LETTER})+(?![\w{MARKS}])\.?"  # U.S., u.s
_POSSESSIVE = r"(?<=\w)['’]s(?!\w)"  # the English one is no word
_PLAIN = (
    rf"[{IDEOGRAPHS}]"
    rf"|(?:[^\W_{FOLDED_MARKS}{IDEOGRAPHS}]|[{_KEPT_MARKS}])"
    rf"{_IN_WORD}*+(?:[{MARKS}]++{_IN_WORD}*+)*+"
)
_ANY_WORD = re.compile(rf"(?P<acronym>{_ACRONYM})|{_POSSESSIVE}|(?P<plain>{_PLAIN})")
#: The same two from what is rare in a text: the search skips all but a dot, all but an apostrophe.
_DOT_OF_ACRONYM = re.compile(
    rf"\.(?:(?<=[^\w{MARKS}]{_LETTER}\.)|(?<=\A{_LETTER}\.))(?={_LETTER}(?![\w{MARKS}]))"
)
_POSSESSIVES = re.compile(r"['’](?<=\w['’])s(?!\w)")
_PLAIN_WORDS, _ASCII_WORDS = re.compile(_PLAIN), re.compile("[A-Za-z0-9]+")

_FOLDED_AWAY = re.compile(rf"[{FOLDED_MARKS}]")
_NOT_IN_WORDS = re.compile(rf"(?![{MARKS}\u2044])[\W_]")  # the full stop of "⒈", brackets of "⑴"
_MANY_WORDS = re.compile(rf"\u2044|.[{IDEOGRAPHS}]|[{IDEOGRAPHS}].")  # "½", "ヿ": left as they are
#: What compatibility decomposition does not reach: letters of their own, Arabic spelling variants.
_FOLDED_LETTERS = {
    "ı": "i", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "ħ": "h", "ŋ": "n", "ς": "σ", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "й": "й",
}  # fmt: skip


class _Folding(dict[int, str]):
    """A table for str.translate that works out each character once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _FOLDED_LETTERS.get(char)
        if folded is None:
            parts = _FOLDED_AWAY.sub("", unicodedata.normalize("NFKD", char))
            folded = "".join(_FOLDED_LETTERS.get(part, part) for part in parts)
            folded = unicodedata.normalize("NFC", _western_digits(folded)).lower()
            folded = _NOT_IN_WORDS.sub("", folded)
            if _MANY_WORDS.search(folded) or not (folded or _FOLDED_AWAY.match(char)):
                folded = char
        self[code] = folded
        return folded


def _western_digits(text: str) -> str:
    return "".join(
        str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char
        for char in text
    )


#: The space separates the words of a line that is folded in one go, so it stays.
_FOLDING = _Folding({ord(" "): " "})


class Word(NamedTuple):
    """One word of a text. Offsets are code points, end exclusive."""

    start: int
    end: int
    surface: str  # as written, without the dots of an acronym, cut to MAX_WORD_CHARS


def words(text: str) -> list[Word]:
    """Split a text into words with their places."""
    return [
        Word(*match.span(), _surface(match)[:MAX_WORD_CHARS])
        for match in _ANY_WORD.finditer(text)
        if match.lastgroup
    ]


def _surface(match: re.Match[str]) -> str:
    text = match.group()
    return text.replace(".", "") if match.lastgroup == "acronym" else text


def surfaces(text: str) -> list[str]:
    """Split a text into words as written: the surfaces of `words`, three times as fast."""
    text = _POSSESSIVES.sub(" ", text)
    text = _DOT_OF_ACRONYM.sub("", text)
    found: list[str] = (_ASCII_WORDS if text.isascii() else _PLAIN_WORDS).findall(text)
    if found and len(max(found, key=len)) > MAX_WORD_CHARS:
        return [word[:MAX_WORD_CHARS] for word in found]
    return found


def exact_forms(written: Sequence[str]) -> list[str]:
    """Return the exact form of each word, in order."""
    if not written:
        return []
    # One translate over the joined words is several times faster than one call per word.
    return " ".join(written).replace("İ", "i").lower().translate(_FOLDING).split(" ")


def stem_inputs(written: Sequence[str], language: str) -> list[str]:
    """Return what a stemmer of this language is given for each word, in order."""
    if not written:
        return []
    line = " ".join(written).replace("İ", "i")
    if language in _DOTLESS_LANGUAGES:
        line = line.replace("I", "ı")
    return line.lower().split(" ")


def base_language(tag: str | None) -> str | None:
    """Return the ISO 639-1 code of a language tag ("pt-BR" → "pt"), None for none."""
    return tag.replace("_", "-").split("-")[0].lower() or None if tag else None
