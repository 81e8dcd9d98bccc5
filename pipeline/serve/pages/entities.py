"""What the page of one person, organisation or place shows. Asks the index; names are given."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.enrich.gazetteer import ANY_LANGUAGE, Gazetteer, Name
from pipeline.index.query import Query, SearchPage
from pipeline.ports import IndexReader
from pipeline.serve.pages.results import Told, days_of, told_by

KINDS = ("person", "organisation", "place")
_WITH = (*KINDS, "topic", "outlet", "language")
_VALUES = 10
#: Articles in which it is looked how the name is written.
_READ = 50
_SPELLINGS = 12


@dataclass(frozen=True, slots=True)
class EntityReport:
    """All that the page of an entity shows."""

    kind: str
    name: str
    known: Name | None  # as the lists have it; None: of a place that only GeoNames has
    ids: tuple[tuple[str, str], ...]  # (entity id, what found it), most frequent first
    geonames: int | None
    location: tuple[float, float] | None
    page: SearchPage  # its newest stories
    stories: Mapping[str, Told]
    spellings: tuple[tuple[str, int], ...]  # as the newest articles write it
    together: Mapping[str, tuple[tuple[str, int], ...]]
    days: Mapping[date, int]


def entity_report(
    index: IndexReader, names: Gazetteer, kind: str, name: str
) -> EntityReport | None:
    """Return what is known of an entity; None: no list has it and no article names it."""
    asked = Query(within={kind: (name,)}, sort="newest", size=_READ, facets=_WITH,
                  facet_size=_VALUES + 1, highlight=False)  # fmt: skip
    read = index.search(asked)
    known = next(
        (one for one in names.names.values() if (one.type, one.name) == (kind, name)), None
    )
    if not read.total and known is None:
        return None
    ids: Counter[tuple[str, str]] = Counter()
    spellings: Counter[str] = Counter()
    places = []
    for hit in read.hits:
        for entity in hit.document.get("entities") or ():
            if (entity["type"], entity["name"]) == (kind, name):
                ids[entity["id"], entity["engine"]] += 1
                spellings.update(mention["surface"] for mention in entity["mentions"])
        places += [one for one in hit.document.get("places") or () if one["name"] == name]
    stories = index.search(Query(within={kind: (name,)}, sort="newest", collapse=True))
    return EntityReport(
        kind,
        name,
        known,
        tuple(one for one, _ in ids.most_common()),
        (known.geonames if known else None)
        or next((one["geonames"] for one in places if one["geonames"]), None),
        (known.location if known else None)
        or next(((at["lat"], at["lon"]) for one in places if (at := one["location"])), None),
        stories,
        told_by(index, [hit.document["story_id"] for hit in stories.hits]),
        tuple(spellings.most_common(_SPELLINGS)),
        {
            facet: tuple(one for one in counts if (facet, one[0]) != (kind, name))[:_VALUES]
            for facet, counts in read.facets.items()
        },
        days_of(index, Query(within={kind: (name,)})),
    )


def aliases_of(known: Name | None) -> list[tuple[str, list[str]]]:
    """Return language → the other ways in which a list writes a name."""
    found: dict[str, list[str]] = {}
    for language, alias in known.aliases if known else ():
        found.setdefault("any language" if language == ANY_LANGUAGE else language, []).append(alias)
    return list(found.items())
