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
_LABELS = 12  # the most frequent points that are named in the picture
_SHADES = 5
#: A view of part of the world is no narrower than this, so that one sees where it is.
_LEAST_DEGREES = 12.0
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


def world(points: Sequence[Point], countries: Sequence[Country], *, whole: bool) -> Markup:
    """Return the map: of the whole world, or of the part with the points."""
    x, y, width, height = _view(points, whole=whole)
    unit = width / _WIDTH  # what one sees as long on the whole map
    by_code = {country.code: country for country in countries}
    most = max((country.articles for country in countries), default=1)
    land = [_outline(path, by_code.get(code), most) for code, path in _OUTLINES]
    tallest = max((point.articles for point in points), default=1)
    shown = sorted(points, key=lambda point: -point.articles)
    dots = [_dot(point, tallest, unit) for point in shown]
    names = [_name(point, tallest, unit) for point in shown[:_LABELS]]
    head = Markup(
        '<svg class="world" viewBox="{:.0f} {:.0f} {:.0f} {:.0f}" aria-hidden="true"'
        ' focusable="false">'
    ).format(x, y, width, height)
    return head + Markup().join([*land, *dots, *names]) + Markup("</svg>")


def _place(lat: float, lon: float) -> tuple[float, float]:
    return (lon + 180) * UNITS, (NORTH - min(NORTH, max(SOUTH, lat))) * UNITS


def _view(points: Sequence[Point], *, whole: bool) -> tuple[float, float, float, float]:
    """Return x, y, width and height of what is shown; always of one shape."""
    if whole or not points:
        return 0, 0, _WIDTH, _HEIGHT
    places = [_place(point.lat, point.lon) for point in points]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    margin = 2 * UNITS
    width = max(max(xs) - min(xs) + 2 * margin, _LEAST_DEGREES * UNITS)
    height = max(max(ys) - min(ys) + 2 * margin, width / _RATIO)
    width = min(max(width, height * _RATIO), _WIDTH)
    height = width / _RATIO
    x = (min(xs) + max(xs) - width) / 2
    y = (min(ys) + max(ys) - height) / 2
    return min(max(x, 0), _WIDTH - width), min(max(y, 0), _HEIGHT - height), width, height


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


def _name(point: Point, tallest: int, unit: float) -> Markup:
    x, y = _place(point.lat, point.lon)
    beside = x + _radius(point, tallest, unit) + 6 * unit
    return Markup('<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}">{}</text>').format(
        beside, y + 10 * unit, 38 * unit, text(point.name, 40)
    )
