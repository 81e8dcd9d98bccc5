"""Where the panels of a dashboard stand on Kibana's grid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.kibana.source import COLUMNS, Panel


@dataclass(frozen=True, slots=True)
class Grid:
    """A place on the grid, in its units."""

    x: int
    y: int
    w: int
    h: int


def placed(panels: Iterable[Panel]) -> Iterator[tuple[Panel, Grid]]:
    """Yield each panel with its place: left to right, below the highest of the row before."""
    x = y = row_h = 0
    for panel in panels:
        if x + panel.w > COLUMNS:
            x, y, row_h = 0, y + row_h, 0
        yield panel, Grid(x, y, panel.w, panel.h)
        x, row_h = x + panel.w, max(row_h, panel.h)
