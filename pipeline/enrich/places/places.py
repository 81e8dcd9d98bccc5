"""All about the places of one article: which they are, parts of them, where it happened."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.enrich.entities import mention
from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import LANGUAGES, PLACE, Gazetteer, Name
from pipeline.enrich.linking import Span
from pipeline.enrich.places.choosing import Choice, Choosing, Sight, Votes
from pipeline.enrich.places.directions import Directions, part_name
from pipeline.enrich.places.finding import Candidate, Finding
from pipeline.enrich.places.listed import COUNTRY, REGION, Listed, PlaceNames
from pipeline.enrich.places.scenes import Scenes, together
from pipeline.enrich.places.surroundings import Reading
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.taken import Taken
from pipeline.model import Place, SceneReason

VERSION = "1"
_ENGINE = "geonames"
_ACRONYM_CHARS = 6  # a longer word in capitals is a place in a headline


@dataclass(frozen=True, slots=True)
class Placed:
    """The spans of an article with its places, and the names that they refer to."""

    spans: tuple[Span, ...]
    names: Mapping[str, Name]  # hand-written ones, and what GeoNames added
    places: tuple[Place, ...]


class Places:
    """Finds places. Built once from gazetteers and words, then only read."""

    def __init__(self, gazetteer: Gazetteer, listed: PlaceNames, words: PlaceWords) -> None:
        self.gazetteer, self.listed, self.words = gazetteer, listed, words
        self._directions = {
            language: Directions(words.of(language), gazetteer.names, language)
            for language in LANGUAGES
        }
        self._by_geonames = {
            name.geonames: name.id
            for name in gazetteer.names.values()
            if name.geonames and name.type == PLACE
        }

    def find(
        self,
        parts: Mapping[str, Folded],
        spans: Sequence[Span],
        language: str | None,
        outlet: str | None,
    ) -> Placed:
        """Return the spans with places added, told apart, or taken away.

        `spans` are the hand-written names of the article; `outlet` is the outlet's country.
        """
        article = _Article(self, parts, spans, language)
        return article.place(outlet)

    def directions(self, language: str | None) -> Directions:
        """Return the words for directions of a language, or of English."""
        return self._directions.get(language or "", self._directions["en"])

    def name_of(self, place: Listed) -> Name:
        """Return the hand-written name of a place, or one made of what GeoNames says."""
        known = self.gazetteer.names.get(self._by_geonames.get(place.geonames, ""))
        return known or Name(
            f"{_ENGINE}-{place.geonames}", place.name, PLACE, (), kind=place.kind,
            country=place.country, location=place.location, geonames=place.geonames,
        )  # fmt: skip


class _Article:
    """One article on its way through."""

    def __init__(
        self,
        places: Places,
        parts: Mapping[str, Folded],
        spans: Sequence[Span],
        language: str | None,
    ) -> None:
        self._places, self._parts, self._spans = places, parts, spans
        self._names: dict[str, Name] = {}
        self._known = places.gazetteer.names
        self._language = language
        self._words = places.words.of(language)
        self._taken = Taken(parts, spans)
        self._finding = Finding(places.listed, places.words, parts, language)
        self._scenes = Scenes(parts, self._words)
        self._reading = {
            part: Reading(
                part, folded, taken=self._taken, words=self._words,
                names=places.gazetteer.words, language=language,
            )
            for part, folded in parts.items()
        }  # fmt: skip

    def place(self, outlet: str | None) -> Placed:
        """Do all of it."""
        directions = self._places.directions(self._language)
        compounds = list(directions.compounds(self._parts, self._taken))
        self._taken.add(compounds)
        votes = self._votes(outlet, compounds)
        kept, sights = self._look(compounds)
        choosing = Choosing(self._finding, self._known, self._language)
        chosen = choosing.choose(list(sights), votes)
        for sight, span in sights.items():
            kept += self._linked(sight.candidate, chosen.get(sight.candidate), span)
        return Placed(tuple(kept), {**self._known, **self._names}, self._all(kept, directions))

    def _votes(self, outlet: str | None, compounds: Sequence[Span]) -> Votes:
        votes = Votes(outlet)
        for span in (*self._spans, *compounds):
            if span.entity and not self._is_ambiguous(span):
                votes.add_name(self._known[span.entity])
        return votes

    def _is_ambiguous(self, span: Span) -> bool:
        """Tell whether a hand-written place shares its name with a country or division."""
        name = self._known[span.entity]
        if name.type != PLACE:
            return False
        key = self._parts[span.part].text[span.start : span.end]
        return any(
            one.kind in (COUNTRY, REGION) and one.country != name.country
            for one in self._finding.named(key)
        )

    def _look(self, compounds: Sequence[Span]) -> tuple[list[Span], dict[Sight, Span | None]]:
        """Return the spans that stay, and what is to be decided, with the span it now has."""
        kept: list[Span] = [*compounds]
        sights: dict[Sight, Span | None] = {}
        found = self._found()
        longer = self._longer(found)
        for span in self._spans:
            sight = longer.get(id(span)) or self._again(span)
            if sight is None:
                kept.append(span)
            elif sight.around.foreign == "organisation" and self._is_town(span):
                kept.append(replace(span, entity=""))
            else:
                sights[sight] = span
        for sight in found:
            sights.setdefault(sight, None)
        return kept, sights

    def _found(self) -> list[Sight]:
        """Return what the gazetteer has beside the hand-written names or around shorter ones."""
        places = [span for span in self._spans if self._is_place(span)]
        others = Taken(self._parts, (span for span in self._spans if not self._is_place(span)))
        short = Taken(self._parts, places)
        found = [self._sight(one) for one in self._finding.candidates(others)]
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
        starts = {part: [] for part in self._parts}  # type: dict[str, list[tuple[int, Sight]]]
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
        if sight.dateline or sight.candidate.key in self._places.words.abbreviations:
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
            return self._sight(Candidate(span.part, span.start, span.end, key, listed, name.id))
        if not span.entity and " " in key and name is None:
            listed = tuple(one for one in self._finding.named(key) if one.kind in (COUNTRY, REGION))
            if listed:
                return self._sight(Candidate(span.part, span.start, span.end, key, listed))
        return None

    def _sight(self, candidate: Candidate) -> Sight:
        around = self._reading[candidate.part].around(candidate.start, candidate.end)
        common = not candidate.entity and (
            candidate.key in self._words.common
            or candidate.key in self._places.gazetteer.words.given_names
        )
        dateline = self._scenes.is_dateline(candidate.part, candidate.start)
        return Sight(candidate, around, common, dateline)

    def _is_town(self, span: Span) -> bool:
        name = self._known.get(span.entity)
        return name is not None and name.kind != COUNTRY

    def _linked(
        self, candidate: Candidate, choice: Choice | None, span: Span | None
    ) -> Iterator[Span]:
        """Yield the span of a candidate; a hand-written one stays unless another is chosen."""
        if choice is None:
            if span:
                yield span
            return
        name = self._places.name_of(choice.place)
        if span and (choice.place.geonames == 0 or name.id == span.entity):
            yield span
            return
        self._names[name.id] = name
        engine = _ENGINE if name.id not in self._known else "gazetteer"
        yield Span(
            candidate.part, candidate.start, candidate.end, name.id,
            engine=engine, score=choice.score, why=choice.why,
        )  # fmt: skip

    def _all(self, spans: Iterable[Span], directions: Directions) -> tuple[Place, ...]:
        """Return the places in order of first mention."""
        order = {part: number for number, part in enumerate(self._parts)}
        found: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
        for span in sorted(spans, key=lambda one: (order[one.part], one.start)):
            name = self._known.get(span.entity) or self._names.get(span.entity)
            if name and name.type == PLACE:
                direction = directions.direction(self._parts[span.part], span.start, span.end, name)
                found[name.id, direction].append(span)
        return tuple(
            self._place(self._known.get(entity) or self._names[entity], direction, several)
            for (entity, direction), several in found.items()
        )

    def _place(self, name: Name, direction: str, spans: Sequence[Span]) -> Place:
        chances: dict[str, float] = {}
        reasons: dict[str, SceneReason] = {}
        for span in spans:
            around = self._reading[span.part].around(span.start, span.end)
            located = around.located or bool(around.typed or direction)
            for slug, chance in self._scenes.reason(span.part, span.start, located=located):
                if chance > chances.get(slug, 0.0):
                    chances[slug] = chance
                    where = mention(self._parts, span.part, span.start, span.end)
                    reasons[slug] = SceneReason(slug, where)
        return Place(
            id=f"{name.id}-{direction}" if direction else name.id,
            name=part_name(name.name, direction) if direction else name.name,
            kind="part" if direction else name.kind,
            country=name.country,
            geonames=None if direction else name.geonames,
            parent=name.id if direction else None,
            direction=direction or None,
            location=None if direction else name.location,
            score=max(span.score for span in spans),
            scene=together(chances),
            reasons=tuple(reasons.values()),
        )


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
