"""What stands around a name: whether it speaks for a place, for another thing, or for nothing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import Words as NameWords
from pipeline.enrich.linking import in_title_case
from pipeline.enrich.matching import word_before, word_rest
from pipeline.enrich.places.words import Words
from pipeline.enrich.taken import Taken

#: Between a word for a kind of place or organisation and the name: "city of", "Banque de".
_OF = frozenset({"of", "de", "du", "d", "von", "the", "la", "l", "der"})
#: Turkish endings of "where", "whence" and "whither" after the apostrophe.
_TURKISH_PLACE = re.compile(r"'(?:n?[dt][ea](?:n|ki\w*)?|[yn]?[ea])(?!\w)")
_ARABIC_IN = "ب"  # it is written together with the word after it, as are the other clitics
_ARABIC_CLITICS = ("و", "ف", "ب", "ل", "ك")
_QUALIFIED = re.compile(r"(?:, | \()")
#: Titles that only people have, unlike "President" and "Governor".
_PERSONAL = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "sen", "rep", "gen", "col", "lt", "sgt", "capt", "maj", "herr",
    "frau", "mme", "m", "monsieur", "madame", "sayin", "sir", "lord", "lady", "miss", "judge",
    "professor", "sheikh", "سيد", "السيد", "الشيخ",
})  # fmt: skip
_LIST = re.compile(r"(?:,| and| ve| und| et| و)(?: the)? ?$")
_SENTENCE_ENDS = '.!?:\n“"«؟'


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the words beside a name say."""

    foreign: str = ""  # why it is no place: "person" or "organisation"; "" when nothing says so
    located: bool = False  # after a word like "in", or with such an ending
    typed: str = ""  # the word like "village" that it stands beside
    listed: bool = False  # one of several: after a comma or "and"
    crowded: bool = False  # another word with a capital stands right beside it
    opens: bool = False  # it is the first word of a sentence
    qualifier_at: int = -1  # where the Y of "X, Y" or "X (Y)" would stand


class Reading:
    """Reads around names in one part of an article."""

    def __init__(
        self,
        part: str,
        folded: Folded,
        *,
        taken: Taken,
        words: Words,
        names: NameWords,
        language: str | None,
    ) -> None:
        self._folded, self._part, self._taken = folded, part, taken
        self._words, self._names, self._language = words, names, language

    def around(self, start: int, end: int) -> Surroundings:
        """Return what stands around folded[start:end]."""
        text = self._folded.text
        first, before = self._word_before(start)
        attached = start > 0 and text[start - 1] == _ARABIC_IN
        _, second = self._word_before(first) if before in _OF else (first, before)
        after_at = end + 1 if text[end : end + 1] == " " else len(text)
        after = word_rest(text, after_at)
        qualified = _QUALIFIED.match(text, end)
        return Surroundings(
            self._foreign(before, second, after, first, after_at),
            attached or self._located(before, text[end : end + 8]),
            next((one for one in (after, before, second) if one in self._words.typed), ""),
            _LIST.search(text, max(0, start - 6), start) is not None,
            self._crowded(before, first) or self._crowded(after, after_at),
            start == 0 or text[max(0, start - 2) : start].strip()[-1:] in _SENTENCE_ENDS
            or text[start - 1] == "\n",
            qualified.end() if qualified else -1,
        )  # fmt: skip

    def _word_before(self, position: int) -> tuple[int, str]:
        """Return start and text of the word before, if a space or an apostrophe is between."""
        text = self._folded.text
        if text[max(0, position - 2) : position] == ". ":  # "Dr. Ivins"
            word = word_before(text, position - 2)
            return (position - 2 - len(word), word) if word in _PERSONAL else (position, "")
        if position < 1 or text[position - 1] not in " '":
            return position, ""
        word = word_before(text, position - 1)
        start = position - 1 - len(word)
        if word[:1] in _ARABIC_CLITICS and not self._speaks(word) and self._speaks(word[1:]):
            return start, word[1:]
        return start, word

    def _speaks(self, word: str) -> bool:
        words = self._words
        return word in words.typed or word in words.organisations or word in words.before

    def _located(self, before: str, after: str) -> bool:
        if before in self._words.before:
            return True
        return self._language == "tr" and _TURKISH_PLACE.match(after) is not None

    def _foreign(self, before: str, second: str, after: str, first: int, after_at: int) -> str:
        organisations = self._words.organisations
        if second in organisations or (after in organisations and self._stands_out(after_at)):
            return "organisation"
        if before in _PERSONAL and self._stands_out(first):
            return "person"
        if before in self._names.given_names and self._stands_out(first):
            return "" if self._taken.overlap(self._part, first, first + len(before)) else "person"
        return ""

    def _crowded(self, word: str, at: int) -> bool:
        """Tell whether a word makes the name a part of a longer one that nobody knows."""
        return (
            bool(word)
            and self._language not in ("ar", "de")  # capitals there tell no names from nouns
            and self._stands_out(at)
            and not self._known(word)
            and not self._taken.overlap(self._part, at, at + len(word))
            and not in_title_case(self._folded, at)
        )

    def _known(self, word: str) -> bool:
        lists: Iterable[frozenset[str]] = (
            self._words.neighbours, self._words.typed, self._words.before,
            self._names.titles, self._names.function_words,
        )  # fmt: skip
        return any(word in several for several in lists)

    def _stands_out(self, at: int) -> bool:
        """Tell whether a word begins with a capital; in Arabic script every word might."""
        char = self._folded.original[self._folded.starts[at]] if at < len(self._folded.text) else ""
        return bool(char) and (char.isupper() or "\u0621" <= char <= "\u064a")
