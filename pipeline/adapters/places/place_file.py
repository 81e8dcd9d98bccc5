"""The compiled gazetteer, read by every process through SQLite.

A process maps the file and keeps no copy of it. Imports next to nothing: a worker process does that
anew for its first article.
"""

import os
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.enrich.places.listed import Listed

_MAPPED_BYTES = 256 * 2**20  # more than the file has
_CACHED_KIB = 1024  # of SQLite's own pages, for each process: the rest is the system's
_FIELDS = "place.geonames, place.name, kind, country, region, population, lat, lon"


@dataclass(frozen=True, slots=True)
class PlaceFile:
    """A gazetteer in a file. It can be sent to other processes: each opens the file for itself."""

    path: Path

    @property
    def version(self) -> str:
        """Return what the file was made of."""
        return self.path.stem.removeprefix("places-")

    def longest(self, word: str) -> int:
        """Return how many words the longest name has that begins with this one; 0: none does."""
        found = _connection(self.path).execute("SELECT words FROM start WHERE word = ?", (word,))
        row = found.fetchone()
        return row[0] if row else 0

    def named(self, key: str) -> tuple[Listed, ...]:
        """Return the places of this name, the most populous first."""
        query = (
            f"SELECT {_FIELDS}, by_name FROM name JOIN place USING (geonames)"  # noqa: S608 - ours
            " WHERE key = ? ORDER BY population DESC, place.geonames"
        )
        return tuple(_listed(row) for row in _connection(self.path).execute(query, (key,)))

    def region(self, code: str) -> Listed | None:
        """Return a first-order division by its code."""
        query = f"SELECT {_FIELDS}, 1 FROM place WHERE kind = 'region' AND region = ?"  # noqa: S608
        row = _connection(self.path).execute(query, (code,)).fetchone()
        return _listed(row) if row else None


@lru_cache(maxsize=2)
def _opened(path: Path, process: int) -> sqlite3.Connection:  # noqa: ARG001 - one for each
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
    connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    connection.execute(f"PRAGMA cache_size = -{_CACHED_KIB}")
    return connection


def _connection(path: Path) -> sqlite3.Connection:
    """Return this process's connection: one that was inherited over a fork must not be used."""
    return _opened(path, os.getpid())


def _listed(row: tuple[int, str, str, str, str, int, float | None, float | None, int]) -> Listed:
    geonames, name, kind, country, region, population, lat, lon, by_name = row
    location = None if lat is None or lon is None else (lat, lon)
    return Listed(geonames, name, kind, country, region, population, location, bool(by_name))
