"""Reads config/places.toml: the words around places, by language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.enrich.config_files import read_toml
from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import LANGUAGES
from pipeline.enrich.matching import OPEN_END
from pipeline.errors import ConfigError, Fault

_FALLBACK = "en"  # whose words serve for a language without lists of its own
DIRECTIONS = ("north", "south", "east", "west", "north-east", "north-west", "south-east",
              "south-west", "central")  # fmt: skip


class _ByLanguage(BaseModel):
    """One list of words for each language."""

    model_config = ConfigDict(extra="forbid")

    en: list[str]
    tr: list[str] = []
    ar: list[str] = []
    de: list[str] = []
    fr: list[str] = []

    def folded(self, language: str) -> frozenset[str]:
        return frozenset(map(fold_key, getattr(self, language)))


class _Directions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    en: dict[str, list[str]]
    tr: dict[str, list[str]] = {}
    ar: dict[str, list[str]] = {}
    de: dict[str, list[str]] = {}
    fr: dict[str, list[str]] = {}


class _Alone(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[str]


class _PlacesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    abbreviations: dict[str, list[str]]
    alone: _Alone
    before: _ByLanguage
    typed: _ByLanguage
    organisations: _ByLanguage
    neighbours: _ByLanguage
    common: _ByLanguage
    directions: _Directions
    events: _ByLanguage


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. All folded."""

    before: frozenset[str]  # a place may follow: "in"
    typed: frozenset[str]  # say beside a name that it is a place: "village"
    organisations: frozenset[str]  # make a name with a place in it an organisation: "university"
    neighbours: frozenset[str]  # with a capital beside a place, and no part of its name: "Monday"
    common: frozenset[str]  # names of small towns that are other words nearly always
    directions: Mapping[str, str]  # word → one of DIRECTIONS, longest words first
    events: re.Pattern[str]  # what happens


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """The whole file."""

    by_language: Mapping[str, Words]
    abbreviations: Mapping[str, tuple[tuple[str, str], ...]]  # folded → (as written, region code)
    alone: frozenset[str]  # as written

    @classmethod
    def load(cls, path: Path) -> "PlaceWords":
        """Read and check the file; ConfigError names every fault."""
        faults: list[Fault] = []
        read = read_toml(path, _PlacesFile, faults)
        if read:
            faults += [
                Fault(str(path), f"directions.{language}", f"{found!r} is no direction of ours")
                for language in LANGUAGES
                for found in getattr(read.directions, language).keys() - {*DIRECTIONS}
            ]
        if faults or read is None:
            raise ConfigError(faults)
        abbreviations: dict[str, list[tuple[str, str]]] = {}
        for code, several in read.abbreviations.items():
            for written in several:
                key = fold_key(written).removesuffix(".")
                abbreviations.setdefault(key, []).append((written, code))
        return cls(
            {language: _words(read, language) for language in LANGUAGES},
            {key: tuple(several) for key, several in abbreviations.items()},
            frozenset(read.alone.names),
        )

    def of(self, language: str | None) -> Words:
        """Return the words of a language."""
        return self.by_language.get(language or "", self.by_language[_FALLBACK])


def _words(read: _PlacesFile, language: str) -> Words:
    written = getattr(read.directions, language)
    directions = {fold_key(word): name for name, several in written.items() for word in several}
    return Words(
        read.before.folded(language),
        read.typed.folded(language),
        read.organisations.folded(language),
        read.neighbours.folded(language),
        read.common.folded(language) | read.common.folded(_FALLBACK),
        dict(sorted(directions.items(), key=lambda one: -len(one[0]))),
        _any_of(getattr(read.events, language), anywhere=language == "ar"),
    )


def _any_of(phrases: list[str], *, anywhere: bool) -> re.Pattern[str]:
    """Return a pattern for phrases as whole words; in Arabic clitics may stand around them."""
    edge = "" if anywhere else r"\b"
    alternatives = "|".join(
        re.escape(fold_key(one.removesuffix(OPEN_END))) + ("" if one.endswith(OPEN_END) else edge)
        for one in sorted(phrases, key=len, reverse=True)
    )
    return re.compile(f"{edge}(?:{alternatives})")
