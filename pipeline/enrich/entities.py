"""Finds the people, organisations and places that an article names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.enrich.definitions import apply_definitions
from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import Gazetteer, Name
from pipeline.enrich.linking import Linker, Span
from pipeline.enrich.surnames import add_surnames
from pipeline.model import Entity, Mention

VERSION = "3"


def find_entities(
    gazetteer: Gazetteer, parts: Mapping[str, Folded], language: str | None
) -> tuple[Entity, ...]:
    """Return the entities in order of first mention; `parts` are "title" and "text", folded."""
    return as_entities(gazetteer.names, parts, link_names(Linker(gazetteer, parts, language)))


def link_names(linker: Linker) -> list[Span]:
    """Return the stretches of an article that are names of ours, or known to be none."""
    return apply_definitions(linker, add_surnames(linker, linker.link()))


def as_entities(
    names: Mapping[str, Name], parts: Mapping[str, Folded], spans: Sequence[Span]
) -> tuple[Entity, ...]:
    """Return the entities of linked spans in order of first mention."""
    order = {part: number for number, part in enumerate(parts)}
    mentions: defaultdict[str, list[Mention]] = defaultdict(list)
    engines: dict[str, str] = {}
    for span in sorted(spans, key=lambda one: (order[one.part], one.start)):
        if span.entity:
            found = mention(parts, span.part, span.start, span.end)
            mentions[span.entity].append(replace(found, score=span.score, why=span.why))
            engines.setdefault(span.entity, span.engine)
    return tuple(
        Entity(name.id, name.name, name.type, tuple(mentions[name.id]), engines[name.id],
               name.location)
        for name in map(names.__getitem__, mentions)
    )  # fmt: skip


def mention(parts: Mapping[str, Folded], part: str, start: int, end: int) -> Mention:
    """Return a stretch of folded text as a mention in the original."""
    folded = parts[part]
    first, last = folded.span(start, end)
    return Mention(first, last, folded.original[first:last], part)
