"""Looks at every name of an article that may be a place, with what stands around it.

Hand-written places are looked at once more, since other places may have their names, or a longer
name may stand around them. What names a person, an organisation or an acronym is left out.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import PLACE, Gazetteer
from pipeline.enrich.linking import Span
from pipeline.enrich.places.choosing import Sight
from pipeline.enrich.places.finding import Candidate, Finding
from pipeline.enrich.places.listed import COUNTRY, REGION
from pipeline.enrich.places.scenes import Scenes
from pipeline.enrich.places.surroundings import Reading
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.taken import Taken

#: Names of an article that are looked at: a real one has a hundred, and a list of a million words
#: must not cost a worker its life.
_MAX_SIGHTS = 2000
_ACRONYM_CHARS = 6  # a longer word in capitals is a place in a headline


class Seeing:
    """The names of one article."""

    def __init__(
        self,
        parts: Mapping[str, Folded],
        spans: Sequence[Span],
        *,
        finding: Finding,
        scenes: Scenes,
        gazetteer: Gazetteer,
        words: PlaceWords,
        language: str | None,
    ) -> None:
        self._parts, self._spans = parts, spans
        self._finding, self._scenes = finding, scenes
        self._known = gazetteer.names
        self._given_names = gazetteer.words.given_names
        self._words, self._abbreviations = words.of(language), words.abbreviations
        taken = Taken(parts, spans)
        self.reading = {
            part: Reading(
                part, folded, taken=taken, words=self._words, names=gazetteer.words,
                language=language,
            )
            for part, folded in parts.items()
        }  # fmt: skip

    def look(self) -> tuple[list[Span], dict[Sight, tuple[Span, ...]]]:
        """Return the spans that stay, and what is to be decided, with the spans it now has."""
        kept = [*self._spans[_MAX_SIGHTS:]]
        sights: dict[Sight, tuple[Span, ...]] = {}
        found = self._found()
        longer = self._longer(found)
        for span in self._spans[:_MAX_SIGHTS]:
            sight = longer.get(id(span)) or self._again(span)
            if sight is None:
                kept.append(span)
            elif sight.around.foreign == "organisation" and self._is_town(span):
                kept.append(replace(span, entity=""))
            else:
                sights[sight] = (*sights.get(sight, ()), span)
        for sight in found:
            sights.setdefault(sight, ())
        return kept, sights

    def _found(self) -> list[Sight]:
        """Return what the gazetteer has beside the hand-written names or around shorter ones."""
        places = [span for span in self._spans if self._is_place(span)]
        others = Taken(self._parts, (span for span in self._spans if not self._is_place(span)))
        short = Taken(self._parts, places)
        candidates = islice(self._finding.candidates(others), _MAX_SIGHTS)
        found = [self.sight(one) for one in candidates]
        covering = {id(sight) for sight in self._longer(found).values()}
        found = [
            sight for sight in found if id(sight) in covering or not short.overlap(*_stretch(sight))
        ]
        people = {one.candidate.key for one in found if one.around.foreign == "person"}
        return [
            sight
            for sight in found
            if not sight.around.foreign
            and (sight.candidate.key not in people or sight.around.qualifier_at >= 0)
            and not self._is_acronym(sight)
        ]

    def _longer(self, found: Sequence[Sight]) -> dict[int, Sight]:
        """Return id of a span → the longer name around it: "Panama City" around Panama."""
        starts: dict[str, list[tuple[int, Sight]]] = {part: [] for part in self._parts}
        for sight in found:
            starts[sight.candidate.part].append((sight.candidate.start, sight))
        longer = {}
        for span in filter(self._is_place, self._spans):
            several = starts[span.part]
            at = bisect_right(several, span.start, key=lambda one: one[0]) - 1
            if at >= 0 and _covers(several[at][1].candidate, span):
                longer[id(span)] = several[at][1]
        return longer

    def _is_place(self, span: Span) -> bool:
        return bool(span.entity) and self._known[span.entity].type == PLACE

    def _is_acronym(self, sight: Sight) -> bool:
        """Tell whether all letters are capitals in a text that does not write everything so."""
        if sight.dateline or sight.candidate.key in self._abbreviations:
            return False
        folded = self._parts[sight.candidate.part]
        first, last = folded.span(sight.candidate.start, sight.candidate.end)
        surface = folded.original[first:last]
        return surface.isupper() and surface.lower() != surface and len(surface) <= _ACRONYM_CHARS

    def _again(self, span: Span) -> Sight | None:
        """Look once more at a hand-written place whose name other places have, too."""
        name = self._known.get(span.entity)
        folded = self._parts[span.part]
        key = folded.text[span.start : span.end]
        if name is not None and name.type == PLACE:
            listed = self._finding.named(key)
            return self.sight(Candidate(span.part, span.start, span.end, key, listed, name.id))
        if not span.entity and " " in key and name is None:
            listed = tuple(one for one in self._finding.named(key) if one.kind in (COUNTRY, REGION))
            if listed:
                return self.sight(Candidate(span.part, span.start, span.end, key, listed))
        return None

    def sight(self, candidate: Candidate) -> Sight:
        """Return a candidate with its surroundings."""
        around = self.reading[candidate.part].around(candidate.start, candidate.end)
        common = not candidate.entity and (
            candidate.key in self._words.common or candidate.key in self._given_names
        )
        dateline = self._scenes.is_dateline(candidate.part, candidate.start)
        return Sight(candidate, around, common, dateline)

    def _is_town(self, span: Span) -> bool:
        name = self._known.get(span.entity)
        return name is not None and name.kind != COUNTRY


def _covers(candidate: Candidate, span: Span) -> bool:
    """Tell whether a name of the gazetteer is longer than one of ours inside it: "Panama City"."""
    return (
        candidate.part == span.part
        and candidate.start <= span.start
        and candidate.end >= span.end
        and candidate.end - candidate.start > span.end - span.start + 1
        and any(one.by_name for one in candidate.listed)
    )


def _stretch(sight: Sight) -> tuple[str, int, int]:
    return sight.candidate.part, sight.candidate.start, sight.candidate.end
