"""Finds the people, organisations and places that an article names."""

from collections import defaultdict
from collections.abc import Mapping

from pipeline.enrich.definitions import apply_definitions
from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import Gazetteer
from pipeline.enrich.linking import Linker
from pipeline.enrich.surnames import add_surnames
from pipeline.model import Entity, Mention

VERSION = "1"


def find_entities(
    gazetteer: Gazetteer, parts: Mapping[str, Folded], language: str | None
) -> tuple[Entity, ...]:
    """Return the entities in order of first mention; `parts` are "title" and "text", folded."""
    linker = Linker(gazetteer, parts, language)
    spans = apply_definitions(linker, add_surnames(linker, linker.link()))
    order = {part: number for number, part in enumerate(parts)}
    mentions: defaultdict[str, list[Mention]] = defaultdict(list)
    for span in sorted(spans, key=lambda one: (order[one.part], one.start)):
        if span.entity:
            mentions[span.entity].append(mention(parts, span.part, span.start, span.end))
    return tuple(
        Entity(name.id, name.name, name.type, tuple(mentions[name.id]), location=name.location)
        for name in map(gazetteer.names.__getitem__, mentions)
    )


def mention(parts: Mapping[str, Folded], part: str, start: int, end: int) -> Mention:
    """Return a stretch of folded text as a mention in the original."""
    folded = parts[part]
    first, last = folded.span(start, end)
    return Mention(first, last, folded.original[first:last], part)
