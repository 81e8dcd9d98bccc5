"""Small pictures of numbers, drawn as SVG by a pure function; they stand in the page itself."""

from collections.abc import Sequence
from datetime import date, timedelta

from markupsafe import Markup, escape

_HEIGHT, _STEP, _BAR = 28, 8, 6
_FLOOR = 1  # so much of a bar stands for nothing at all: a day without news is a day, too


def days_until(last: date, count: int) -> list[date]:
    """Return `count` days in a row, the given one last."""
    return [last - timedelta(days=count - 1 - n) for n in range(count)]


def bars(values: Sequence[int], label: str) -> Markup:
    """Return bars, the tallest as high as the picture; `label` says all of it in words."""
    tallest = max([*values, 1])
    width = _STEP * len(values)
    drawn = Markup().join(
        Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            "some" if value else "none", n * _STEP, _HEIGHT - height, _BAR, height
        )
        for n, value in enumerate(values)
        for height in (max(_FLOOR, round(_HEIGHT * value / tallest)),)
    )
    head = Markup(
        '<svg class="spark" role="img" viewBox="0 0 {0} {1}" width="{0}" height="{1}"'
        ' preserveAspectRatio="none"><title>{2}</title>'
    )
    return head.format(width, _HEIGHT, escape(label)) + drawn + Markup("</svg>")
