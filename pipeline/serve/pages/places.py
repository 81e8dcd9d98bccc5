"""Where the articles of a view are about: names of places with their points. Asks the index."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.enrich.gazetteer import PLACE, Gazetteer
from pipeline.index.bounds import MAX_SIZE
from pipeline.ports import IndexReader
from pipeline.serve.pages.asked import View

#: What a map can show: what is named, or where it happened.
OF = ("place", "scene")
#: Names whose point the newest articles did not tell and that are asked for one by one.
_MAX_ASKED = 20
_COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place with how many articles name it."""

    name: str
    articles: int
    point: tuple[float, float] | None  # degrees north and east
    country: str | None = None  # of a country: its code


@dataclass(frozen=True, slots=True)
class Known:
    """Where a name is."""

    point: tuple[float, float] | None
    country: str | None


@dataclass(frozen=True, slots=True)
class PlacesReport:
    """All that the map shows."""

    articles: int
    spots: tuple[Spot, ...]  # most frequent first; also those without a point
    has_more: bool


def places_report(index: IndexReader, names: Gazetteer, view: View, of: str) -> PlacesReport:
    """Ask for the places of a view. Raises UsageError for what the index refuses."""
    asked = view.query(facets=(of,), facet_size=MAX_SIZE, size=MAX_SIZE, sort="newest",
                       cursor=None, highlight=False, collapse=False)  # fmt: skip
    page = index.search(asked)
    counts = page.facets[of]
    known = {
        one.name: Known(one.location, one.country if one.kind == _COUNTRY else None)
        for one in names.names.values()
        if one.type == PLACE
    }
    for hit in page.hits:
        known |= _told_by(hit.document)
    for name in [name for name, _ in counts if name not in known][:_MAX_ASKED]:
        (one,) = index.search(
            replace(asked, facets=(), size=1, filters={**view.filters, of: (name,)})
        ).hits[:1] or [None]
        known |= _told_by(one.document) if one else {}
    spots = tuple(
        Spot(name, many, *_at(known.get(name, Known(None, None)))) for name, many in counts
    )
    return PlacesReport(page.total, spots, len(counts) == MAX_SIZE)


def _at(known: Known) -> tuple[tuple[float, float] | None, str | None]:
    return known.point, known.country


def _told_by(document: Mapping[str, object]) -> dict[str, Known]:
    """Return where an article says that its places are."""
    found = {}
    places = document.get("places")
    for one in places if isinstance(places, list) else ():
        at = one["location"]
        country = one["country"] if one["kind"] == _COUNTRY else None
        if at or country:
            found[one["name"]] = Known((at["lat"], at["lon"]) if at else None, country)
    return found
