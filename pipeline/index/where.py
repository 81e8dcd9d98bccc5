"""The places of an article as its document has them: what is named, and where it happened."""

from collections.abc import Iterable
from typing import Any

from pipeline.model import Place

#: From this score on a place is taken for one where it happened.
SCENE_FROM = 0.5


def where(places: Iterable[Place]) -> dict[str, Any]:
    """Return the fields of a document that say where.

    A part of a country counts for the country, too: who filters by Syria wants northern Syria.
    """
    several = list(places)
    names = {place.id: place.name for place in several}
    names |= {place.parent: _whole(place) for place in several if place.parent}
    scenes = [place for place in several if place.scene >= SCENE_FROM]
    points = {place.location for place in scenes if place.location}
    return {
        "place_country": sorted({place.country for place in several if place.country}),
        "scene": sorted(
            {place.name for place in scenes}
            | {names[place.parent] for place in scenes if place.parent}
        ),
        "scene_location": [{"lat": lat, "lon": lon} for lat, lon in sorted(points)],
        "places": [_place(place) for place in several],
    }


def _whole(part: Place) -> str:
    """Return the name of what a part belongs to: its own without the direction."""
    return part.name.split(" ", 1)[1]


def _place(place: Place) -> dict[str, Any]:
    lat, lon = place.location or (None, None)
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind or None,
        "country": place.country,
        "geonames": place.geonames,
        "parent": place.parent,
        "direction": place.direction,
        "location": {"lat": lat, "lon": lon} if place.location else None,
        "score": place.score,
        "scene_score": place.scene,
        "reasons": [
            {
                "reason": one.reason,
                "start": one.mention.start,
                "end": one.mention.end,
                "surface": one.mention.surface,
                "part": one.mention.part,
            }
            for one in place.reasons
        ],
    }
