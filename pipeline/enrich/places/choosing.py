"""Decides which place a name means, or that it cannot be told.

Each place of that name gets points for what speaks for it:

    population       0.2 for each power of ten
    own name         other names of a place count less
    known            a place of config/gazetteer/ goes before others
    qualifier        "X, Y" and "X (Y)": X lies in Y; it speaks for both
    country, region  the article names the place's country, or its first-order division
                     (of a division: another division of the country)
    outlet           it is in the country of the outlet
    located, typed   it stands after "in", beside "village"
    listed           it is one of several, separated by commas or "and"
    dateline         it stands at the head of the text, before a dash
    crowded          a word with a capital right beside it, which makes it part of something unknown

The best one is meant if it has THRESHOLD points, and MARGIN more than any other place. What a name
means in one place of an article, it means in the others.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.enrich.gazetteer import PLACE, Name
from pipeline.enrich.places.finding import Candidate, Finding
from pipeline.enrich.places.listed import CITY, COUNTRY, DISTRICT, REGION, Listed
from pipeline.enrich.places.surroundings import Surroundings

THRESHOLD = 1.5
MARGIN = 0.15
_FAR_ABROAD = 0.8  # the lead of a place whose country is to decide about others
_PER_POWER_OF_TEN = 0.2
_KNOWN, _QUALIFIER, _QUALIFIES = 0.8, 2.0, 2.0
_LOCATED, _TYPED, _LISTED, _DATELINE = 0.5, 0.6, 0.2, 1.0
_REGION, _SIBLING, _OUTLET, _CITY_FIRST = 0.6, 0.3, 0.3, 0.25
_COUNTRY_NAMED, _COUNTRY_SHARE = 0.4, 0.6  # at all, and times its share of the votes
_ALIAS, _SMALL_ALIAS, _MISPLACED = -0.4, -0.8, -0.8
_CROWDED, _OPENS, _COMMON, _IN_GERMAN = -1.2, -0.3, -2.0, -0.3
_SMALL = 100_000  # inhabitants, below which another name than its own is rarely meant
_IS_COUNTRY = 1.0
_AS_KNOWN_AS = 10_000_000  # inhabitants: what a hand-written place counts for that has none
_MANY = 4  # divisions of one country: a list of them
_MANY_SIBLINGS = 0.9
_ORGANISATION_VOTE = 0.3  # of an organisation or person, for the country it belongs to
#: Of the words that say beside a name that it is a place, those for a division. Folded.
_DIVISIONS = frozenset({
    "state", "province", "county", "region", "governorate", "prefecture", "ili", "ilinde", "ilinin",
    "eyaleti", "eyaletinde", "bolgesi", "bolgesinde", "provinz", "bundesstaat", "kreis",
    "departement", "gouvernorat", "etat", "محافظه", "ولايه", "منطقه", "مقاطعه", "ريف", "بمحافظه",
    "لمحافظه",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """A candidate with its surroundings, and what they say of the article as a whole."""

    candidate: Candidate
    around: Surroundings
    common: bool  # the name is another word nearly always
    dateline: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One place for one candidate, with the points that speak for it."""

    place: Listed
    points: float
    why: str

    @property
    def score(self) -> float:
        """Return the points between 0 and 1."""
        return round(max(0.0, self.points) / (1 + max(0.0, self.points)), 3)


class Votes:
    """The countries and divisions that an article speaks of."""

    def __init__(self, outlet: str | None) -> None:
        self.outlet = outlet
        self.countries: defaultdict[str, float] = defaultdict(float)
        self.regions: set[str] = set()

    def add_name(self, name: Name) -> None:
        """Count a hand-written name."""
        if name.country:
            self.countries[name.country] += 1 if name.type == PLACE else _ORGANISATION_VOTE

    def add(self, place: Listed) -> None:
        """Count a place that was chosen."""
        self.countries[place.country] += 1
        if place.kind == REGION:
            self.regions.add(place.region)

    def points(self, place: Listed) -> Iterator[tuple[str, float]]:
        """Yield what the article says for a place."""
        total = sum(self.countries.values())
        if place.country in self.countries:
            share = self.countries[place.country] / total
            yield "country", _COUNTRY_NAMED + _COUNTRY_SHARE * share
        if place.kind in (CITY, DISTRICT) and place.region in self.regions:
            yield "region", _REGION
        if place.kind == REGION and (siblings := self._siblings(place)):
            yield "region", _MANY_SIBLINGS if siblings >= _MANY else _SIBLING
        if self.outlet and place.country == self.outlet:
            yield "outlet", _OUTLET

    def _siblings(self, place: Listed) -> int:
        within = f"{place.country}."
        return sum(one.startswith(within) and one != place.region for one in self.regions)


class Choosing:
    """Chooses for all candidates of one article."""

    def __init__(self, finding: Finding, names: Mapping[str, Name], language: str | None) -> None:
        self._finding, self._names, self._language = finding, names, language

    def choose(self, sights: Sequence[Sight], votes: Votes) -> dict[Candidate, Choice]:
        """Return the place of each candidate for which one can be told.

        The first round counts the countries of what is clear without them, the second uses them.
        """
        pairs = self._qualified(sights)
        first = self._round(sights, pairs, votes, abroad=_FAR_ABROAD)
        for choice in first.values():
            votes.add(choice.place)
        return self._round(sights, pairs, votes, abroad=MARGIN)

    def ranked(
        self, sight: Sight, pairs: Mapping[Candidate, dict[int, float]], votes: Votes
    ) -> list[Choice]:
        """Return every place of a name, best first."""
        own = pairs.get(sight.candidate, {})
        choices = [self._judge(place, sight, own, votes) for place in self._places(sight.candidate)]
        return sorted(choices, key=lambda one: (-one.points, one.place.geonames))

    def _places(self, candidate: Candidate) -> Iterator[Listed]:
        """Yield what the gazetteer lists, and the hand-written place if that is another."""
        name = self._names.get(candidate.entity)
        country = name is not None and name.kind == COUNTRY  # no town rivals a country
        yield from (one for one in candidate.listed if not country or one.kind in (COUNTRY, REGION))
        if name and name.geonames not in {place.geonames for place in candidate.listed}:
            kind = name.kind if name.kind in (COUNTRY, CITY) else REGION
            yield Listed(
                name.geonames or 0, name.name, kind, name.country or "", "", _AS_KNOWN_AS, None
            )  # fmt: skip

    def _round(
        self,
        sights: Sequence[Sight],
        pairs: Mapping[Candidate, dict[int, float]],
        votes: Votes,
        *,
        abroad: float,
    ) -> dict[Candidate, Choice]:
        chosen: dict[Candidate, Choice] = {}
        by_key: defaultdict[str, list[Sight]] = defaultdict(list)
        for sight in sights:
            by_key[sight.candidate.key].append(sight)
        for several in by_key.values():
            same: dict[object, Choice | None] = {}  # an article may name one place a thousand times
            for sight in several:
                own = tuple(pairs.get(sight.candidate, {}).items())
                like = (replace(sight.around, qualifier_at=-1), sight.common, sight.dateline,
                        sight.candidate.entity, own)  # fmt: skip
                if like not in same:
                    same[like] = _clear(self.ranked(sight, pairs, votes), abroad)
                choice = same[like]
                if choice:
                    chosen[sight.candidate] = choice
            _spread(several, chosen, pairs)
        return chosen

    def _judge(
        self, place: Listed, sight: Sight, pairs: Mapping[int, float], votes: Votes
    ) -> Choice:
        spoken = [*self._of_place(place, sight), *votes.points(place)]
        if place.geonames in pairs:
            spoken.append(("qualifier", pairs[place.geonames]))
        spoken += _of_surroundings(sight, self._language)
        points = sum(points for _, points in spoken)
        why = "+".join(slug for slug, points in spoken if points > 0)
        return Choice(place, points, why)

    def _of_place(self, place: Listed, sight: Sight) -> Iterator[tuple[str, float]]:
        yield "population", _PER_POWER_OF_TEN * math.log10(max(1, place.population))
        if not place.by_name:
            yield "alias", _ALIAS if place.population >= _SMALL else _SMALL_ALIAS
        name = self._names.get(sight.candidate.entity)
        if name and (name.geonames or 0) == place.geonames:
            yield "known", _KNOWN
        elif place.kind == COUNTRY:
            yield "is_country", _IS_COUNTRY
        division = sight.around.typed in _DIVISIONS
        if sight.around.typed and division == (place.kind in (REGION, DISTRICT)):
            yield "typed", _TYPED
        if place.kind == CITY and not division:
            yield "city_first", _CITY_FIRST

    def _qualified(self, sights: Sequence[Sight]) -> dict[Candidate, dict[int, float]]:
        """Return candidate → place → points, for names that qualify each other: "X, Y"."""
        by_start = {(one.candidate.part, one.candidate.start): one.candidate for one in sights}
        pairs: defaultdict[Candidate, dict[int, float]] = defaultdict(dict)
        for sight in sights:
            position = sight.around.qualifier_at
            if position < 0:
                continue
            other = by_start.get((sight.candidate.part, position))
            short = self._finding.abbreviation(sight.candidate.part, position)
            wholes = [short] if short else list(self._places(other)) if other else []
            parts = list(self._places(sight.candidate))
            inside = {
                part.geonames: whole
                for part in parts
                for whole in wholes
                if _lies_in(part, whole) and (short or not _are_list(parts, whole))
            }
            for part in parts:
                if part.geonames in inside:
                    pairs[sight.candidate][part.geonames] = _QUALIFIER
                elif inside or (part.kind == CITY and _are_countries(wholes)):
                    pairs[sight.candidate][part.geonames] = _MISPLACED
            for whole in inside.values():
                if other and not short:
                    pairs[other][whole.geonames] = _QUALIFIES
        return pairs


def _lies_in(part: Listed, whole: Listed) -> bool:
    if part.country != whole.country or part.kind == COUNTRY:
        return False
    if whole.kind == COUNTRY:
        return True
    return whole.kind in (REGION, DISTRICT) and part.kind == CITY and part.region == whole.region


def _are_countries(wholes: Sequence[Listed]) -> bool:
    return bool(wholes) and all(one.kind == COUNTRY for one in wholes)


def _are_list(parts: Iterable[Listed], whole: Listed) -> bool:
    """Tell whether "Oregon, Washington" are two divisions and no town in one."""
    return whole.kind == REGION and any(
        one.kind == REGION and one.country == whole.country and one.region != whole.region
        for one in parts
    )


def _of_surroundings(sight: Sight, language: str | None) -> Iterator[tuple[str, float]]:
    around = sight.around
    for slug, holds, points in (
        ("located", around.located, _LOCATED),
        ("listed", around.listed, _LISTED),
        ("dateline", sight.dateline, _DATELINE),
        ("crowded", around.crowded, _CROWDED),
        ("opens", around.opens and not sight.dateline, _OPENS),
        ("common", sight.common, _COMMON),
        ("noun", language == "de" and not around.located, _IN_GERMAN),
    ):
        if holds:
            yield slug, points


def _spread(
    sights: Iterable[Sight],
    chosen: dict[Candidate, Choice],
    pairs: Mapping[Candidate, dict[int, float]],
) -> None:
    """Let every mention of a name mean what the clearest mention means."""
    several = [one for one in sights if one.candidate in chosen]
    if not several:
        return
    best = max((chosen[one.candidate] for one in several), key=lambda one: one.points)
    for sight in sights:
        own = chosen.get(sight.candidate)
        if sight.candidate in pairs and own:
            continue
        if own is None and (sight.around.crowded or sight.common):
            continue
        if own is None or own.place.geonames != best.place.geonames:
            chosen[sight.candidate] = replace(best, why=f"{best.why}+elsewhere")


def _clear(ranked: Sequence[Choice], abroad: float) -> Choice | None:
    """Return the best choice if it is good, and better than any other place.

    `abroad` is the lead that it must have over places of other countries. A town and a district
    around it may tie: the first of them will do.
    """
    if not ranked or ranked[0].points < THRESHOLD:
        return None
    best = ranked[0]
    for rival in ranked[1:]:
        within = rival.place.region == best.place.region != ""
        margin = MARGIN if rival.place.country == best.place.country else abroad
        if best.points - rival.points < margin and not within:
            return None
    return best
