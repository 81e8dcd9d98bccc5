"""Reads what an article says its acronyms mean: "Long Form (ACR)" and "Long Form [ACR]".

An acronym belongs to the words before its bracket when its letters can be found in them from the
end to the beginning, the first at the beginning of a word (Schwartz and Hearst 2003).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import PERSON
from pipeline.enrich.linking import DEFINITION, Linker, Span
from pipeline.enrich.matching import find_word
from pipeline.enrich.taken import Taken

_BRACKETED = re.compile(r"[(\[](?P<acronym>[^\W\d_][^\W_]{1,9})[)\]]")
_MAX_WORDS_MORE = 5  # a long form has at most as many words as the acronym letters, and these
_MAX_CHARS = 300  # before the bracket, in which a long form must begin
_MAX_DEFINITIONS = 50  # of an article; real ones have a handful


@dataclass(frozen=True, slots=True)
class Definition:
    """An acronym and the stretch of the original part that it abbreviates."""

    acronym: str
    part: str
    start: int
    end: int


def apply_definitions(linker: Linker, spans: Sequence[Span]) -> list[Span]:
    """Return the spans with every acronym meaning what this article says it means.

    A long form that we know gives its entity to the acronym everywhere in the article. One that we
    do not know takes away what the acronym would mean elsewhere.
    """
    kept = list(spans)
    first: dict[str, Definition] = {}  # a later definition of the same acronym changes nothing
    for definition in (one for part in linker.parts for one in find_definitions(linker, part)):
        first.setdefault(fold_key(definition.acronym), definition)
    for acronym, definition in islice(first.items(), _MAX_DEFINITIONS):
        meanings = [span for span in kept if _text(linker, span) == acronym]
        known = {span.entity for span in meanings if span.entity}
        within = {span.entity for span in kept if _inside(linker, span, definition)}
        if known & within:
            continue  # the article agrees with the gazetteer
        whole = next((s.entity for s in kept if _covers(linker, s, definition)), "")
        changed = set(meanings)
        kept = [
            replace(span, entity=whole, score=1.0, why=DEFINITION) if span in changed else span
            for span in kept
        ]
        if whole:
            kept += find_acronym(linker, acronym, whole, kept)
    return kept


def find_definitions(linker: Linker, part: str) -> Iterator[Definition]:
    """Yield what one part of the article says its acronyms mean."""
    text = linker.parts[part].original
    for found in _BRACKETED.finditer(text):
        acronym = found["acronym"]
        if not acronym.isupper():
            continue
        begin = max(0, found.start() - _MAX_CHARS)
        before = text[begin : found.start()].rstrip()
        start = _long_form(before, acronym)
        if start is not None:
            yield Definition(acronym, part, begin + start, begin + len(before))


def _long_form(before: str, acronym: str) -> int | None:
    """Return where the long form begins in the text before the bracket."""
    words = list(re.finditer(r"\S+", before))[-(len(acronym) + _MAX_WORDS_MORE) :]
    if not words:
        return None
    first = words[0].start()
    at = len(before) - 1
    for position, letter in reversed(list(enumerate(fold_key(acronym)))):
        while at >= first and not (
            fold_key(before[at]) == letter
            and (position > 0 or at == 0 or not before[at - 1].isalnum())
        ):
            at -= 1
        if at < first:
            return None
        at -= 1
    start = at + 1
    return start if before[start].isupper() else None


def _original(linker: Linker, span: Span) -> tuple[int, int]:
    return linker.parts[span.part].span(span.start, span.end)


def _text(linker: Linker, span: Span) -> str:
    return linker.parts[span.part].text[span.start : span.end]


def _inside(linker: Linker, span: Span, definition: Definition) -> bool:
    start, end = _original(linker, span)
    return span.part == definition.part and start < definition.end and end > definition.start


def _covers(linker: Linker, span: Span, definition: Definition) -> bool:
    """Tell whether a linked span is the whole long form, but for an ending of its last word."""
    start, end = _original(linker, span)
    name = linker.gazetteer.names.get(span.entity)
    return (
        name is not None
        and name.type != PERSON
        and span.part == definition.part
        and start <= definition.start < end
        and " " not in linker.parts[span.part].original[end : definition.end]
    )


def find_acronym(linker: Linker, acronym: str, entity: str, taken: Sequence[Span]) -> list[Span]:
    """Return where a folded acronym stands in capitals and nothing is taken, as an entity."""
    found = []
    covered = Taken(linker.parts, taken)
    for part, folded in linker.parts.items():
        for start, end in find_word(acronym, folded, linker.language):
            first, last = folded.span(start, end)
            surface = folded.original[first:last]
            if surface.isupper() and not covered.overlap(part, start, end):
                found.append(Span(part, start, end, entity, why=DEFINITION))
    return found
