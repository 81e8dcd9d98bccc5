"""When which outlet told a story: a line for each outlet, a dot for each article, as SVG. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from pipeline.ops.show import moment, text

_LEFT, _RIGHT, _ROW, _TOP, _FOOT = 190, 24, 30, 12, 30
_WIDTH = 1_000
_DOT = 6
_MAX_LABEL_CHARS = 24
#: More outlets than this are not drawn; the list beside the picture has them.
MAX_ROWS = 40
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One article on the line of its outlet."""

    outlet: str
    at: datetime
    title: str
    href: str
    is_copy: bool  # of a text that another outlet had before


def timeline(points: Sequence[Point], name_of: Callable[[str], str] = str) -> Markup:
    """Return the picture; for whoever does not see it the list beside it says the same."""
    rows = list(dict.fromkeys(point.outlet for point in points))[:MAX_ROWS]
    if not rows:
        return Markup()
    first, last = min(point.at for point in points), max(point.at for point in points)
    height = _TOP + _ROW * len(rows) + _FOOT
    head = Markup(
        '<svg class="timeline" viewBox="0 0 {0} {1}" aria-hidden="true" focusable="false">'
    ).format(_WIDTH, height)
    lines = [_line(number, name_of(outlet)) for number, outlet in enumerate(rows)]
    dots = [
        _dot(point, _x(point.at, first, last), _y(rows.index(point.outlet)))
        for point in points
        if point.outlet in rows
    ]
    marks = [_tick(at, _x(at, first, last), height) for at in _moments(first, last)]
    return head + Markup().join([*marks, *lines, *dots]) + Markup("</svg>")


def _x(at: datetime, first: datetime, last: datetime) -> float:
    span_s = (last - first).total_seconds()
    share = (at - first).total_seconds() / span_s if span_s else 0.5
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(row: int) -> float:
    return _TOP + _ROW * (row + 0.5)


def _line(row: int, name: str) -> Markup:
    y = _y(row)
    return Markup(
        '<text x="{}" y="{:.0f}" text-anchor="end" dominant-baseline="middle">{}</text>'
        '<line x1="{}" x2="{}" y1="{:.0f}" y2="{:.0f}"/>'
    ).format(_LEFT - 14, y, text(name, _MAX_LABEL_CHARS), _LEFT, _WIDTH - _RIGHT, y, y)


def _dot(point: Point, x: float, y: float) -> Markup:
    return Markup(
        '<a href="{}" tabindex="-1"><title>{} UTC, {}: {}{}</title>'
        '<circle class="{}" cx="{:.1f}" cy="{:.0f}" r="{}"/></a>'
    ).format(
        point.href, moment(point.at), text(point.outlet, _MAX_LABEL_CHARS), text(point.title, 120),
        " (a copy)" if point.is_copy else "", "copy" if point.is_copy else "own", x, y, _DOT,
    )  # fmt: skip


def _moments(first: datetime, last: datetime) -> list[datetime]:
    """Return the times that are named below the picture, evenly apart."""
    if first == last:
        return [first]
    step: timedelta = (last - first) / (_TICKS - 1)
    return [first + n * step for n in range(_TICKS)]


def _tick(at: datetime, x: float, height: int) -> Markup:
    anchor = "end" if x > _WIDTH - _RIGHT - 1 else "middle"
    return Markup(
        '<line class="tick" x1="{0:.0f}" x2="{0:.0f}" y1="{1}" y2="{2}"/>'
        '<text x="{0:.0f}" y="{3}" text-anchor="{4}">{5}</text>'
    ).format(x, _TOP, height - _FOOT, height - 8, anchor, moment(at)[5:16])
