"""What an article's story is recognised by: words of title and lead, names, topics, numbers.

Words are cut to six letters, so that endings do not matter in any language; canonical ids of
entities and topics, and numbers, are the same in every language: they make stories cross-lingual.
A vector of title and lead would go where these terms are held against each other: beside the
cosine of `closeness` in pipeline/enrich/stories.py, as one more part of it.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pipeline.index.analysis import IDEOGRAPHS, exact_forms, surfaces
from pipeline.model import Entity, Topic

VERSION = "1"
_WORD_CHARS = 6
#: Words of the body that count as its lead: the first two sentences of most reports.
_LEAD_WORDS = 60
#: Title words; what is longer is no title.
_TITLE_WORDS = 40
#: Terms kept of an article, heaviest first: a bound on rows and on the cost of a comparison.
_MAX_TERMS = 80
_TITLE, _LEAD, _ENTITY, _LATE_ENTITY, _TOPIC = 1.0, 0.5, 1.0, 0.5, 0.5
#: Code points of the body within which a name counts as one of the lead.
_LEAD_CHARS = 400
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
_YEAR = re.compile(r"(?:19|20)\d\d")


def story_terms(
    title: str, text: str, entities: Iterable[Entity] = (), topics: Iterable[Topic] = ()
) -> dict[str, float]:
    """Return term → weight, heaviest first."""
    found: dict[str, float] = {}
    for word in _words(title, _TITLE_WORDS):
        found[word] = _TITLE
    for word in _words(text, _LEAD_WORDS):
        found.setdefault(word, _LEAD)
    for entity in entities:
        early = any(one.part == "title" or one.start < _LEAD_CHARS for one in entity.mentions)
        found[f"@{entity.id}"] = _ENTITY if early else _LATE_ENTITY
    for topic in topics:
        found[f"%{topic.id}"] = _TOPIC
    kept = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_MAX_TERMS]
    return dict(kept)


def _words(text: str, limit: int) -> list[str]:
    """Return the first words that say something, cut to what endings leave alone."""
    stop = stop_words()
    return [
        word[:_WORD_CHARS]
        for word in exact_forms(surfaces(text[: limit * 40])[:limit])
        if word not in stop and _says_something(word)
    ]


def _says_something(word: str) -> bool:
    """Leave out single letters and years; an ideograph is a word."""
    return (len(word) > 1 and not _YEAR.fullmatch(word)) or bool(_IDEOGRAPH.match(word))


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Return the words of stop_words.toml in their exact form."""
    read: Mapping[str, str] = tomllib.loads(
        Path(__file__).with_name("stop_words.toml").read_text("utf-8")
    )
    return frozenset(exact_forms(" ".join(read.values()).split()))
