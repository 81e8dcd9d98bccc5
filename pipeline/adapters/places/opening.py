"""Finds the compiled gazetteer, or makes it.

The file's name says what it was made of, so that another version of the data makes another file and
a running process keeps the one that it opened.
"""

import os
import sqlite3
import sys
from pathlib import Path

import structlog

from pipeline.adapters.places.compile_places import compile_places, version
from pipeline.adapters.places.place_file import PlaceFile
from pipeline.enrich.places.listed import NoPlaces, PlaceNames

log = structlog.get_logger()


def open_places() -> PlaceNames:
    """Return the gazetteer, compiled now if it is not there yet (some 15 s, once for a version).

    It is looked for, and made, in the Python environment; where that may not be written to, in the
    user's cache. Without a place for it the hand-written places are all there are.
    """
    name = f"places-{version()}.sqlite"
    folders = (Path(sys.prefix) / "share" / "newsline", _cache() / "newsline")
    for folder in folders:
        if (folder / name).is_file():
            return PlaceFile(folder / name)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            compile_places(folder / name)
        except (OSError, sqlite3.OperationalError) as error:
            log.warning("places_not_compiled", folder=str(folder), error=str(error))
            continue
        return PlaceFile(folder / name)
    return NoPlaces()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
