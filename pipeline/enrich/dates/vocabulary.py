"""Reads vocabulary.toml: which folded words open a date, by language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.enrich.dates.calendar import DAY, MONTH, WEEK, YEAR
from pipeline.enrich.folding import fold_key

_FALLBACK = "en"  # whose words serve for a language without lists of its own
_MONTH_NAME, _WEEKDAY_NAME, _RELATIVE = "month_name", "weekday_name", "relative"
_UNITS = (DAY, WEEK, MONTH, YEAR)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a phrase means, and the words of it that follow the first."""

    kind: str  # "month_name" | "weekday_name" | "relative"
    rest: tuple[str, ...]
    number: int  # of the month from 1, of the weekday from 0, steps from publication
    unit: str = ""  # of something relative


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language, folded."""

    openings: Mapping[str, tuple[Opening, ...]]  # first word → longest phrase first
    units: Mapping[str, str]  # word → unit
    numbers: Mapping[str, int]
    words: Mapping[str, frozenset[str]]  # the other lists, by their name in the file
    capital: bool = False  # months and weekdays are written with a capital
    small: bool = False  # ... or never
    future_after: bool = False  # the verb that says so stands behind

    def has(self, name: str, word: str) -> bool:
        """Tell whether a word is in one of the lists."""
        return word in self.words[name]


_LISTS = ("ago_after", "ago_before", "ago_opens", "next", "last", "future", "said", "month_in",
          "month_after", "year_in", "year_after", "links", "weekday_needs", "weekday_needs_before",
          "weekday_plain")  # fmt: skip


def vocabulary_of(language: str | None) -> Vocabulary:
    """Return the words of a language."""
    return _all().get(language or "", _all()[_FALLBACK])


@lru_cache(maxsize=1)
def _all() -> dict[str, Vocabulary]:
    read = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text("utf-8"))
    return {language: _vocabulary(lists) for language, lists in read.items()}


def _vocabulary(lists: Mapping[str, Any]) -> Vocabulary:
    openings: dict[str, list[Opening]] = {}
    for phrase, opening in _phrases(lists):
        first, *rest = _words(phrase)
        openings.setdefault(first, []).append(
            Opening(opening.kind, tuple(rest), opening.number, opening.unit)
        )
    return Vocabulary(
        openings={
            first: tuple(sorted(several, key=lambda one: -len(one.rest)))
            for first, several in openings.items()
        },
        units={
            word: unit
            for unit, group in zip(_UNITS, lists["units"].split(), strict=True)
            for word in _alternatives(group)
        },
        numbers={
            word: number
            for number, group in enumerate(lists["numbers"].split(), start=1)
            for word in _alternatives(group)
        },
        words={name: frozenset(_words(lists.get(name, ""))) for name in _LISTS},
        capital=lists.get("capital", False),
        small=lists.get("small", False),
        future_after=lists.get("future_after", False),
    )


def _phrases(lists: Mapping[str, Any]) -> list[tuple[str, Opening]]:
    found = []
    for number, group in enumerate(lists["months"].split(), start=1):
        names = group.replace("_", " ").split("|")
        endings = ["", *lists.get("endings", "").split()]
        found += [
            (name + ending, Opening(_MONTH_NAME, (), number))
            for name in names
            for ending in endings
        ]
        if lists.get("clitics"):
            found += [
                (clitic + name, Opening(_MONTH_NAME, (), number))
                for name in names
                for clitic in "وبلف"
            ]
    for number, group in enumerate(lists["weekdays"].split()):
        found += [(name, Opening(_WEEKDAY_NAME, (), number)) for name in group.split("|")]
    for phrase, meaning in lists["relative"].items():
        steps, unit = meaning.split()
        found.append((phrase, Opening(_RELATIVE, (), int(steps), unit)))
    return found


def _alternatives(group: str) -> list[str]:
    return [fold_key(word) for word in group.split("|")]


def _words(phrase: str) -> list[str]:
    """Return the folded words of a phrase, apostrophes apart as in a text."""
    return fold_key(phrase).replace("'", " ").split()
