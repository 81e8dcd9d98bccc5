"""All about the places of one article: which they are, parts of them, where it happened."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.enrich.entities import mention
from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import LANGUAGES, PLACE, Gazetteer, Name
from pipeline.enrich.linking import Span
from pipeline.enrich.places.choosing import Choice, Choosing, Votes
from pipeline.enrich.places.directions import Directions, part_name
from pipeline.enrich.places.finding import Candidate, Finding
from pipeline.enrich.places.listed import COUNTRY, REGION, Listed, PlaceNames
from pipeline.enrich.places.scenes import Scenes, together
from pipeline.enrich.places.seeing import Seeing
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.taken import Taken
from pipeline.model import Place, SceneReason

VERSION = "1"
_ENGINE = "geonames"
_MAX_TELLING = 50  # mentions of a place that may make it the scene: the first ones do


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
        self._places, self._parts = places, parts
        self._directions = places.directions(language)
        compounds = self._directions.compounds(parts, Taken(parts, spans))
        self._spans = [*spans, *compounds]
        self._names: dict[str, Name] = {}
        self._known = places.gazetteer.names
        self._language = language
        self._words = places.words.of(language)
        self._finding = Finding(places.listed, places.words, parts, language)
        self._scenes = Scenes(parts, self._words)
        self._seeing = Seeing(
            parts, self._spans, finding=self._finding, scenes=self._scenes,
            gazetteer=places.gazetteer, words=places.words, language=language,
        )  # fmt: skip

    def place(self, outlet: str | None) -> Placed:
        """Do all of it."""
        votes = self.votes(outlet)
        kept, sights = self._seeing.look()
        choosing = Choosing(self._finding, self._known, self._language)
        chosen = choosing.choose(list(sights), votes)
        for sight, spans in sights.items():
            kept += self._linked(sight.candidate, chosen.get(sight.candidate), spans)
        return Placed(tuple(kept), {**self._known, **self._names}, self._all(kept))

    def votes(self, outlet: str | None) -> Votes:
        """Count the countries of the hand-written names."""
        votes = Votes(outlet)
        for span in self._spans:
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

    def _linked(
        self, candidate: Candidate, choice: Choice | None, spans: Sequence[Span]
    ) -> Iterator[Span]:
        """Yield the span of a candidate; hand-written ones stay unless another is chosen."""
        name = self._places.name_of(choice.place) if choice else None
        known = {span.entity for span in spans}
        if choice is None or name is None or (spans and choice.place.geonames == 0):
            yield from spans
            return
        if name.id in known:
            yield from spans
            return
        self._names[name.id] = name
        engine = _ENGINE if name.id not in self._known else "gazetteer"
        yield Span(
            candidate.part, candidate.start, candidate.end, name.id,
            engine=engine, score=choice.score, why=choice.why,
        )  # fmt: skip

    def _all(self, spans: Iterable[Span]) -> tuple[Place, ...]:
        """Return the places in order of first mention."""
        order = {part: number for number, part in enumerate(self._parts)}
        found: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
        for span in sorted(spans, key=lambda one: (order[one.part], one.start)):
            name = self._known.get(span.entity) or self._names.get(span.entity)
            if name and name.type == PLACE:
                direction = self._directions.direction(
                    self._parts[span.part], span.start, span.end, name
                )
                found[name.id, direction].append(span)
        return tuple(
            self._place(self._known.get(entity) or self._names[entity], direction, several)
            for (entity, direction), several in found.items()
        )

    def _place(self, name: Name, direction: str, spans: Sequence[Span]) -> Place:
        chances: dict[str, float] = {}
        reasons: dict[str, SceneReason] = {}
        for span in spans[:_MAX_TELLING]:
            around = self._seeing.reading[span.part].around(span.start, span.end)
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
