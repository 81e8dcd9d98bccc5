"""Recognises parts of a place: "northern Syria", "kuzey Suriye", "Nordsyrien"."""

import re
from collections.abc import Iterator, Mapping

from pipeline.enrich.folding import Folded, fold_key
from pipeline.enrich.gazetteer import ANY_LANGUAGE, Name
from pipeline.enrich.linking import Span
from pipeline.enrich.places.listed import COUNTRY
from pipeline.enrich.places.words import Words
from pipeline.enrich.taken import Taken

_ADJECTIVES = {
    "north": "northern", "south": "southern", "east": "eastern", "west": "western",
    "north-east": "northeastern", "north-west": "northwestern", "south-east": "southeastern",
    "south-west": "southwestern", "central": "central",
}  # fmt: skip
_BEFORE_CHARS = 40  # in which the words for a direction stand
#: Between a noun for a direction and the name.
_OF = r"(?: of the| of| von| de la| de l'| des| de| du| d')?"
_AFTER = re.compile(r"'(?:n?[iu]n|s) (?P<words>\w+(?: \w+)?)")
_TURKISH_ENDING = re.compile(r"(?:s?[iu])?(?:n?[dt]?[ea]n?|n[iu]n?|nd[ea]ki\w*)?")


class Directions:
    """The words for directions of one language."""

    def __init__(self, words: Words, names: Mapping[str, Name], language: str | None) -> None:
        self._words = words.directions
        self._language = language
        self._spellings: dict[str, set[str]] = {}  # of names that were asked about
        either = "|".join(map(re.escape, self._words))
        self._before = re.compile(rf"(?<!\w)(?:[وبفل]?)(?P<words>{either}){_OF} ?$")
        self._begin = re.compile(rf"(?P<words>{either}){_OF} ?")
        self._compound = re.compile(rf"(?P<words>{either})(?P<rest>\w+)")
        self._countries = _german_countries(names) if language == "de" else {}

    def direction(self, folded: Folded, start: int, end: int, name: Name) -> str:
        """Return which part of the place at folded[start:end] is meant, "" for all of it."""
        text = folded.text
        before = self._before.search(text, max(0, start - _BEFORE_CHARS), start)
        before = before or self._inside(text[start:end], name)
        if before:
            return self._words[before["words"]]
        after = _AFTER.match(text, end)
        return self._stem(after["words"]) if after else ""

    def _inside(self, surface: str, name: Name) -> re.Match[str] | None:
        """Tell the words for a direction in a name of the whole: "Nordsyrien" is no own place."""
        found = self._begin.match(surface)
        if found is None:
            return None
        rest = surface[found.end() :]
        if name.id not in self._spellings:
            self._spellings[name.id] = {fold_key(spelling) for _, spelling in name.spellings()}
        spellings = self._spellings[name.id]
        return found if rest in spellings or rest.removesuffix("s") in spellings else None

    def compounds(self, parts: Mapping[str, Folded], taken: Taken) -> Iterator[Span]:
        """Yield the German compounds of a country: "Ostukraine"."""
        if not self._countries:
            return
        for part, folded in parts.items():
            for found in self._compound.finditer(folded.text):
                start = found.start()
                if start and folded.text[start - 1].isalnum():
                    continue
                rest = found["rest"]
                entity = self._countries.get(rest) or self._countries.get(rest.removesuffix("s"))
                if entity and not taken.overlap(part, start, found.end()):
                    end = found.end() - (rest not in self._countries)
                    yield Span(part, start, end, entity, why="direction")

    def _stem(self, words: str) -> str:
        """Return the direction of "kuzeydogusunda" and "north east", "" if it is none."""
        for one, direction in self._words.items():
            if words == one or words.startswith(f"{one} "):
                return direction
            first = words.split(" ", maxsplit=1)[0]
            if self._language == "tr" and first.startswith(one):
                return direction if _TURKISH_ENDING.fullmatch(first[len(one) :]) else ""
        return ""


def part_name(name: str, direction: str) -> str:
    """Return what a part is called."""
    return f"{_ADJECTIVES[direction]} {name}"


def _german_countries(names: Mapping[str, Name]) -> dict[str, str]:
    return {
        fold_key(spelling): name.id
        for name in names.values()
        if name.kind == COUNTRY
        for language, spelling in name.spellings()
        if language in (ANY_LANGUAGE, "de") and " " not in spelling and not spelling.isupper()
    }
