"""The names that we know, compiled for matching, and rules for those with several meanings."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.enrich.folding import fold_key
from pipeline.enrich.matching import Phrases

PERSON, ORGANISATION, PLACE = TYPES = ("person", "organisation", "place")
ANY_LANGUAGE = "any"  # canonical names, English aliases and acronyms are met in every language
LANGUAGES = ("en", "tr", "ar", "de", "fr")


@dataclass(frozen=True, slots=True)
class Name:
    """A canonical person, organisation or place and every way to write it."""

    id: str  # slug, never reused for another entity
    name: str  # canonical name in English: what a facet shows
    type: str  # one of TYPES
    aliases: tuple[tuple[str, str], ...]  # (language or ANY_LANGUAGE, alias), without `name`
    kind: str = ""  # of a place: country, city, region, water, ...
    role: str = ""  # what a person or organisation is, for people
    country: str | None = None  # ISO 3166-1 alpha-2
    location: tuple[float, float] | None = None  # degrees north and east, for places
    wikidata: str | None = None
    geonames: int | None = None
    surname: str = ""  # of a person: what later sentences use; "" if there is none

    def spellings(self) -> Iterable[tuple[str, str]]:
        """Yield (language, spelling) of the name and its aliases."""
        yield ANY_LANGUAGE, self.name
        yield from self.aliases


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alias means this entity. Words are folded; one that ends in `*` takes any ending.

    `needs`: at least one of these must stand somewhere in the article. `not_with`: none of these.
    """

    entity: str
    aliases: frozenset[str]  # folded; empty: every alias of the entity
    needs: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """Words around names that decide what a name is. All folded."""

    given_names: frozenset[str]  # "Michael" before "Jordan" makes it no country
    titles: frozenset[str]  # "President" before a surname does not make it another person
    function_words: frozenset[
        str
    ]  # "But" before a surname at the beginning of a sentence, likewise
    capital_words: frozenset[str]  # acronyms that are words in a line of capitals: US, IS, WHO


@dataclass(frozen=True, slots=True)
class Alias:
    """One spelling of one entity, ready to be checked against what stands in a text."""

    entity: str  # id; "" for a phrase that is known to be no entity
    language: str
    spelling: str
    capitals: tuple[int, ...]  # which words of the spelling must begin with a capital
    acronym: bool  # every letter must be a capital
    full_name: bool  # of a person: more than one word

    def fits(self, surface: str) -> bool:
        """Tell whether the capitals of the surface are those of the spelling."""
        if self.acronym:
            return surface == surface.upper() != surface.lower()
        if not self.capitals:
            return True
        words = _words(surface)
        return all(at < len(words) and not words[at][0].islower() for at in self.capitals)


class Gazetteer:
    """Everything needed to find names in a text. Immutable once built."""

    def __init__(
        self, names: Iterable[Name], rules: Iterable[Rule], masks: Iterable[str], words: Words
    ) -> None:
        self.names = {name.id: name for name in names}
        self.words = words
        self.rules: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self.rules[rule.entity].append(rule)
        aliases = [alias for name in self.names.values() for alias in _aliases(name)]
        aliases += [_alias("", ANY_LANGUAGE, mask, full_name=False) for mask in masks]
        self.phrases = Phrases((alias.spelling, alias) for alias in aliases)

    def rule_for(self, entity: str, spelling: str) -> Rule | None:
        """Return the rule that governs one spelling of an entity; one that names it goes first."""
        rules = self.rules.get(entity, ())
        key = fold_key(spelling)
        named = next((rule for rule in rules if key in rule.aliases), None)
        return named or next((rule for rule in rules if not rule.aliases), None)


def _aliases(name: Name) -> Iterable[Alias]:
    seen = set()
    for language, spelling in name.spellings():
        if (language, spelling) not in seen:
            seen.add((language, spelling))
            full_name = name.type == PERSON and len(_words(spelling)) > 1
            yield _alias(name.id, language, spelling, full_name=full_name)


def _alias(entity: str, language: str, spelling: str, *, full_name: bool) -> Alias:
    words = _words(spelling)
    letters = [char for char in spelling if char.isalpha()]
    acronym = len(words) == 1 and len(letters) > 1 and all(char.isupper() for char in letters)
    capitals = tuple(at for at, word in enumerate(words) if word[0].isupper())
    return Alias(entity, language, spelling, capitals, acronym, full_name)


_WORD = re.compile(r"[^\W_](?:[^\W_]|[.’'\u0300-\u036f])*")


def _words(text: str) -> list[str]:
    return _WORD.findall(text)
