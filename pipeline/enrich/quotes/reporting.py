"""The words around quotations: verbs of saying, prepositions, pronouns; from reporting.toml."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.enrich.folding import fold_key

_FALLBACK = "en"  # whose words serve for a language without lists of its own


@dataclass(frozen=True, slots=True)
class Reporting:
    """The words of one language, folded."""

    said: frozenset[str]
    after: frozenset[str]  # words of saying whose subject follows
    citing: frozenset[str]  # "according" of "according to"
    oblique: frozenset[str]  # before a name that is no subject
    spoken: frozenset[str]  # nouns for one who speaks for the name that follows
    thing: frozenset[str]  # nouns for what has said something before: "the statement"
    roles: frozenset[str]  # before a name and no part of it
    person: frozenset[str]  # pronouns
    thing_pronoun: frozenset[str]
    loose: frozenset[str]  # may stand between a verb and its subject


def reporting_of(language: str | None) -> Reporting:
    """Return the words of a language."""
    return _all().get(language or "", _all()[_FALLBACK])


@lru_cache(maxsize=1)
def _all() -> dict[str, Reporting]:
    read = tomllib.loads(Path(__file__).with_name("reporting.toml").read_text("utf-8"))
    return {language: _reporting(lists) for language, lists in read.items()}


def _reporting(lists: dict[str, str]) -> Reporting:
    def words(name: str) -> frozenset[str]:
        return frozenset(key for word in lists.get(name, "").split() for key in _keys(word))

    after = words("after")
    return Reporting(
        said=words("said") | after,
        after=after,
        citing=words("citing") - words("oblique"),
        oblique=words("oblique"),
        spoken=words("spoken"),
        thing=words("thing"),
        roles=words("roles"),
        person=words("person"),
        thing_pronoun=words("thing_pronoun"),
        loose=words("loose"),
    )


def _keys(word: str) -> list[str]:
    """Return the folded words of an entry; "t-il" is two."""
    return fold_key(word).split()[-1:]
