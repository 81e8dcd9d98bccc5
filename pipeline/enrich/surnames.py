"""Follows people whose full name an article gives to where it uses the surname alone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipeline.enrich.folding import fold_key
from pipeline.enrich.linking import SURNAME, SURNAME_SCORE, Linker, Span
from pipeline.enrich.matching import find_word
from pipeline.enrich.taken import Taken

_MIN_CHARS = 3  # "Li" and "Oz" are too many other words


def add_surnames(linker: Linker, spans: Sequence[Span]) -> list[Span]:
    """Return the spans with bare surnames linked to the person who was named in full.

    If two people of one surname were named before, the bare surname is linked to neither. One that
    comes before any full name, as in a headline, needs to have only one bearer in the article.
    """
    bearers = _bearers(linker, spans)
    kept = [_unless_shared(linker, span, bearers) for span in spans]
    taken = Taken(linker.parts, kept)
    for surname, named in bearers.items():
        if len(surname) >= _MIN_CHARS:
            kept += _bare(linker, surname, named, taken)
    return kept


#: Person → (number of the part, offset) where an article first gives the full name.
_Named = dict[str, tuple[int, int]]


def _place(linker: Linker, span: Span) -> tuple[int, int]:
    return list(linker.parts).index(span.part), span.start


def _bearers(linker: Linker, spans: Sequence[Span]) -> dict[str, _Named]:
    """Return surname → its bearers whom the article names in full."""
    bearers: defaultdict[str, _Named] = defaultdict(dict)
    for span in sorted(spans, key=lambda one: _place(linker, one)):
        surname = linker.gazetteer.names[span.entity].surname if span.full_name else ""
        if surname:  # and as the alias that was used has it, e.g. in Arabic
            for one in {fold_key(surname), fold_key(span.spelling.split()[-1])}:
                bearers[one].setdefault(span.entity, _place(linker, span))
    return bearers


def _people(linker: Linker, named: _Named, at: Span) -> set[str]:
    """Return whom a surname at this place may mean: those named before, else all."""
    here = _place(linker, at)
    return {person for person, first in named.items() if first < here} or set(named)


def _unless_shared(linker: Linker, span: Span, bearers: dict[str, _Named]) -> Span:
    """Unlink a well-known surname when somebody else of that surname was named before."""
    if not span.entity or span.full_name:
        return span
    named = bearers.get(linker.parts[span.part].text[span.start : span.end])
    if named and _people(linker, named, span) - {span.entity}:
        return replace(span, entity="")
    return span


def _bare(linker: Linker, surname: str, named: _Named, taken: Taken) -> list[Span]:
    found = []
    for part, folded in linker.parts.items():
        for start, end in find_word(surname, folded, linker.language):
            span = Span(part, start, end, "")
            people = _people(linker, named, span)
            if (
                len(people) == 1
                and not folded.original[folded.starts[start]].islower()
                and not taken.overlap(part, start, end)
                and not linker.another_first_name(span, taken)
            ):
                found.append(replace(span, entity=people.pop(), score=SURNAME_SCORE, why=SURNAME))
    taken.add(found)
    return found
