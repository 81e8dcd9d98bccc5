"""A map of the world with what was named where, as SVG and without tiles from anywhere. Pure.

The outlines are Natural Earth's (see docs/world.py); they say nothing about whose land is whose.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from pipeline.ops.show import text

#: As docs/world.py drew the outlines.
NORTH, SOUTH, UNITS = 84.0, -58.0, 10
_WIDTH, _HEIGHT = 360 * UNITS, round((NORTH - SOUTH) * UNITS)
_OUTLINES: list[tuple[str, str]] = [
    (code, path)
    for code, path in json.loads((files("pipeline.serve.pages") / "world.json").read_text("utf-8"))
]
_LABELS = 20  # points that are named in the picture
_SIZE, _LETTER = 38, 23  # of their names: height, and width of a letter
_SHADES = 5
#: A view of part of the world is no narrower than this, so that one sees where it is.
_LEAST_DEGREES = 24.0
_BEYOND = 0.05
_MARGIN = 0.12  # of the part with the points, at each edge
_RATIO = _WIDTH / _HEIGHT


@dataclass(frozen=True, slots=True)
class Point:
    """A place, with how many articles name it and where they are listed."""

    name: str
    lat: float
    lon: float
    articles: int
    href: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country, with the same."""

    code: str  # ISO 3166-1 alpha-2
    name: str
    articles: int
    href: str


def world(
    points: Sequence[Point], countries: Sequence[Country], *, whole: bool, scale: float = 1.0
) -> Markup:
    """Return the map: of the whole world, or of the part with the points.

    `scale` is for a picture that is shown smaller than a page is wide.
    """
    x, y, width, height = _view(points, whole=whole)
    unit = scale * width / _WIDTH  # what one sees as long on the whole map
    by_code = {country.code: country for country in countries}
    most = max((country.articles for country in countries), default=1)
    land = [_outline(path, by_code.get(code), most) for code, path in _OUTLINES]
    tallest = max((point.articles for point in points), default=1)
    shown = sorted(points, key=lambda point: -point.articles)
    dots = [_dot(point, tallest, unit) for point in shown]
    names = _names(shown, tallest, unit)
    head = Markup(
        '<svg class="world" viewBox="{:.0f} {:.0f} {:.0f} {:.0f}" aria-hidden="true"'
        ' focusable="false">'
    ).format(x, y, width, height)
    return head + Markup().join([*land, *dots, *names]) + Markup("</svg>")


def _place(lat: float, lon: float) -> tuple[float, float]:
    return (lon + 180) * UNITS, (NORTH - min(NORTH, max(SOUTH, lat))) * UNITS


def _view(points: Sequence[Point], *, whole: bool) -> tuple[float, float, float, float]:
    """Return x, y, width and height of what is shown; always of one shape.

    Of the part with the points a twentieth of the articles may lie beyond each edge: one place on
    the other side of the world would make the rest a spot.
    """
    if whole or not points:
        return 0, 0, _WIDTH, _HEIGHT
    weighed = [(*_place(point.lat, point.lon), point.articles) for point in points]
    left, right = _middle([(x, articles) for x, _, articles in weighed])
    top, bottom = _middle([(y, articles) for _, y, articles in weighed])
    around = 1 + 2 * _MARGIN
    width = max((right - left) * around, _LEAST_DEGREES * UNITS)
    height = max((bottom - top) * around, width / _RATIO)
    width = min(height * _RATIO, _WIDTH)
    height = width / _RATIO
    x, y = (left + right - width) / 2, (top + bottom - height) / 2
    return min(max(x, 0), _WIDTH - width), min(max(y, 0), _HEIGHT - height), width, height


def _middle(weighed: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Return between which values all but a twentieth at either end lie."""
    ordered = sorted(weighed)
    total = sum(weight for _, weight in ordered)
    before, inside = 0, []
    for value, weight in ordered:
        if before + weight > total * _BEYOND and before < total * (1 - _BEYOND):
            inside.append(value)
        before += weight
    return inside[0], inside[-1]


def _outline(path: str, country: Country | None, most: int) -> Markup:
    if country is None:
        return Markup('<path class="land" d="{}"/>').format(path)
    shade = max(1, round(_SHADES * math.sqrt(country.articles / most)))
    return Markup(
        '<a href="{}" tabindex="-1"><title>{}: {:,}</title><path class="land shade-{}" d="{}"/></a>'
    ).format(country.href, text(country.name, 80), country.articles, shade, path)


def _radius(point: Point, tallest: int, unit: float) -> float:
    return (8 + 22 * math.sqrt(point.articles / tallest)) * unit


def _dot(point: Point, tallest: int, unit: float) -> Markup:
    x, y = _place(point.lat, point.lon)
    return Markup(
        '<a href="{}" tabindex="-1"><title>{}: {:,}</title>'
        '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/></a>'
    ).format(
        point.href, text(point.name, 80), point.articles, x, y, _radius(point, tallest, unit)
    )  # fmt: skip


def _names(points: Sequence[Point], tallest: int, unit: float) -> list[Markup]:
    """Name the most frequent points, as far as no name stands on another one."""
    taken: list[tuple[float, float, float, float]] = []
    names = []
    for point in points:
        x, y = _place(point.lat, point.lon)
        name = text(point.name, 40)
        left = x + _radius(point, tallest, unit) + 6 * unit
        box = (left, y - 24 * unit, left + len(name) * _LETTER * unit, y + 24 * unit)
        if any(_meet(box, other) for other in taken):
            continue
        taken.append(box)
        names.append(
            Markup('<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}">{}</text>').format(
                left, y + 12 * unit, _SIZE * unit, name
            )
        )
    return names[:_LABELS]


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
