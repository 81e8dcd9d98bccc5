"""A place as a gazetteer lists it, and the one question that a gazetteer answers."""

from dataclasses import dataclass
from typing import Protocol

COUNTRY, REGION, DISTRICT, CITY = KINDS = ("country", "region", "district", "city")


@dataclass(frozen=True, slots=True)
class Listed:
    """A place of GeoNames. `by_name`: it was found by its own name, not by another for it."""

    geonames: int
    name: str  # canonical: the plain name for the greatest of its name, others with their region
    kind: str  # one of KINDS
    country: str  # ISO 3166-1 alpha-2
    region: str  # code of its first-order division, e.g. "US.MD"; "" for a country
    population: int  # of a region: of all its towns
    location: tuple[float, float] | None  # degrees north and east; of a region: amid its towns
    by_name: bool = True


class PlaceNames(Protocol):
    """A gazetteer. Keys are folded names (`fold_key`)."""

    def __hash__(self) -> int:
        """Return a hash: what is made of a gazetteer is kept for the next article."""

    @property
    def version(self) -> str:
        """Return what changes whenever an answer may."""

    def longest(self, word: str) -> int:
        """Return how many words the longest name has that begins with this one; 0: none does."""

    def named(self, key: str) -> tuple[Listed, ...]:
        """Return the places of this name, the most populous first."""

    def region(self, code: str) -> Listed | None:
        """Return a first-order division by its code."""


class NoPlaces:
    """Stands in where no gazetteer could be compiled: only the hand-written places are known."""

    version = "none"

    def longest(self, word: str) -> int:  # noqa: ARG002 - the protocol's
        """Return 0: it has no names."""
        return 0

    def named(self, key: str) -> tuple[Listed, ...]:  # noqa: ARG002 - the protocol's
        """Return nothing."""
        return ()

    def region(self, code: str) -> Listed | None:  # noqa: ARG002 - the protocol's
        """Return nothing."""
        return None
