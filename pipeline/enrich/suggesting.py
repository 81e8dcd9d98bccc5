"""What the lists could learn from articles: names that no list has, and spellings of those it has.

Names come from a model (docs/entities.md); without one there is nothing to suggest from. A name is
taken for a spelling of a listed person or organisation when the words of one are all among those of
the other and the last one is the same: "Mevlut K. Cavusoglu" and "Mevlüt Çavuşoğlu". People decide.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import PLACE, Gazetteer, Name
from pipeline.model import Entity

_EXAMPLES = 3
_PREFIX = "named-"
_CONTEXT_CHARS = 40


@dataclass(slots=True)
class Unlisted:
    """A name that no list has."""

    name: str
    type: str
    articles: int = 0
    examples: list[str] = field(default_factory=list)  # with some words around
    spelling_of: str | None = None  # id of the listed name that it may be


class Suggestions:
    """Gathers what articles name and the lists do not."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._found: dict[tuple[str, str], Unlisted] = {}
        self._spellings: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._listed: defaultdict[tuple[str, str], list[tuple[frozenset[str], Name]]]
        self._listed = defaultdict(list)
        for name in gazetteer.names.values():
            if name.type != PLACE:
                for words in {tuple(fold_key(one).split()) for _, one in name.spellings()}:
                    if len(words) > 1:
                        self._listed[name.type, words[-1]].append((frozenset(words), name))

    def add(self, entities: Iterable[Entity], title: str, text: str) -> None:
        """Take in what one article names."""
        for entity in entities:
            if not entity.id.startswith(_PREFIX):
                continue
            key = (entity.type, fold_key(entity.name))
            one = self._found.setdefault(key, Unlisted(entity.name, entity.type))
            self._spellings[key][entity.name] += 1
            one.articles += 1
            if len(one.examples) < _EXAMPLES:
                first = entity.mentions[0]
                whole = title if first.part == "title" else text
                around = whole[max(0, first.start - _CONTEXT_CHARS) : first.end + _CONTEXT_CHARS]
                one.examples.append(" ".join(around.split()))

    def most(self, limit: int, *, least: int = 1) -> list[Unlisted]:
        """Return those that most articles name, at least so many; each as it is spelt most."""
        chosen = [one for one in self._found.items() if one[1].articles >= least]
        chosen.sort(key=lambda one: (-one[1].articles, one[0]))
        for key, one in chosen[:limit]:
            one.name = self._spellings[key].most_common(1)[0][0]
            one.spelling_of = self._spelling_of(key)
        return [one for _, one in chosen[:limit]]

    def _spelling_of(self, key: tuple[str, str]) -> str | None:
        kind, name = key
        words = frozenset(name.split())
        near = {
            listed.id
            for known, listed in self._listed.get((kind, name.split()[-1]), ())
            if len(words & known) > 1 and (words <= known or known <= words)
        }
        return next(iter(near)) if len(near) == 1 else None


def as_toml(one: Unlisted) -> str:
    """Return the lines to paste into config/gazetteer: a new entity, or an alias and whose."""
    name = one.name.replace("\\", "\\\\").replace('"', '\\"')
    if one.spelling_of:
        return f'# of id = "{one.spelling_of}":\naliases.en = ["{name}"]'
    slug = "-".join("".join(c if c.isalnum() else " " for c in fold_key(one.name)).split())
    return f'[[entity]]\nid = "{slug}"\ntype = "{one.type}"\nname = "{name}"'
