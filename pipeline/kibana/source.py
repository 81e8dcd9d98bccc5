"""The files of config/kibana/: data views, saved searches, a map, and a file for each dashboard."""

import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Limit

from pipeline.errors import ConfigError, Fault
from pipeline.kibana.fields import FIELDS_OF

COLUMNS = 48  # of Kibana's grid
_VIEWS = "views.toml"
#: field → the value, or values of which one is enough; all fields have to agree.
Where = Mapping[str, str | tuple[str, ...]]
Slug = Annotated[str, Limit(pattern="^[a-z][a-z0-9-]*$")]


class Chart(StrEnum):
    """What a panel is."""

    METRIC = "metric"  # one number
    LINE = "line"  # over time
    BAR_STACKED = "bar_stacked"  # over time, split by a field
    BAR_HORIZONTAL = "bar_horizontal"  # the most frequent values of a field
    TABLE = "table"
    SEARCH = "search"  # a saved search
    MAP = "map"
    TEXT = "text"


OVER_TIME = frozenset({Chart.LINE, Chart.BAR_STACKED})
#: Charts that aggregate.
COUNTING = frozenset(
    {Chart.METRIC, Chart.LINE, Chart.BAR_STACKED, Chart.BAR_HORIZONTAL, Chart.TABLE}
)


class Op(StrEnum):
    """What is done with the values of a field."""

    COUNT = "count"  # documents; has no field
    UNIQUE_COUNT = "unique_count"
    SUM = "sum"
    AVERAGE = "average"
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
    PERCENTILE = "percentile"
    LAST_VALUE = "last_value"  # of the newest document


class _Part(BaseModel):
    """Unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measure(_Part):
    """One number of a chart."""

    op: Op
    label: str
    field: str = ""
    percentile: Annotated[int, Limit(ge=1, le=99)] | None = None
    where: Where = {}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.field) is (self.op is Op.COUNT):
            raise ValueError("every measure but count needs a field, and count has none")
        if (self.percentile is not None) is not (self.op is Op.PERCENTILE):
            raise ValueError("percentile stands with op = percentile, and only there")
        return self


class Panel(_Part):
    """One panel of a dashboard; a row that is full is followed by another."""

    id: Slug
    chart: Chart
    w: Annotated[int, Limit(ge=1, le=COLUMNS)]
    h: Annotated[int, Limit(ge=1)]
    title: str = ""
    view: str = ""
    over: str = ""  # charts over time: the date field
    every: str = "auto"  # … and the span of a bar
    by: tuple[str, ...] = ()  # fields whose values make bars, rows or colours
    top: Annotated[int, Limit(ge=1, le=1000)] = 10  # values of each
    measures: tuple[Measure, ...] = ()
    where: Where = {}
    search: str = ""
    map: str = ""
    text: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        counts = self.chart in COUNTING
        needs = {
            "view": counts,
            "measures": counts,
            "over": self.chart in OVER_TIME,
            "search": self.chart is Chart.SEARCH,
            "map": self.chart is Chart.MAP,
            "text": self.chart is Chart.TEXT,
        }
        wrong = [name for name, needed in needs.items() if bool(getattr(self, name)) is not needed]
        fields = {Chart.TABLE: (1, 4), Chart.BAR_HORIZONTAL: (1, 1), Chart.BAR_STACKED: (1, 1)}
        fewest, most = fields.get(self.chart, (0, 0))
        if not fewest <= len(self.by) <= most:
            wrong.append("by")
        if self.chart is Chart.METRIC and len(self.measures) > 1:
            wrong.append("measures")
        if wrong:
            raise ValueError(f"{self.chart} {self.id}: wrong or missing: {', '.join(wrong)}")
        return self

    def fields(self) -> list[str]:
        """Return every field that its numbers are made from, or filtered by."""
        measured = [field for one in self.measures for field in (one.field, *one.where) if field]
        return [*self.by, *([self.over] if self.over else []), *self.where, *measured]


class View(_Part):
    """A data view. A link is an address with {{rawValue}}, or the name of a dashboard."""

    title: str
    index: Annotated[str, Limit(pattern="^(articles|events)$")]
    time: str
    links: Mapping[str, str] = {}


class Search(_Part):
    """A saved search: documents in a table, newest first."""

    title: str
    view: str
    columns: tuple[str, ...]
    sort: str
    where: Where = {}


class Center(_Part):
    """What a map shows at first."""

    lat: float
    lon: float
    zoom: float


class Map(_Part):
    """A map with a circle for each group of points."""

    title: str
    view: str
    field: str
    center: Center


class Control(_Part):
    """A list of a field's values above a dashboard, to filter by."""

    title: str
    view: str
    field: str


class Dashboard(_Part):
    """One dashboard."""

    title: str
    description: str
    start: Annotated[str, Limit(alias="from")]
    end: Annotated[str, Limit(alias="to")]
    query: Where = {}  # stands in the query bar, for people to change
    where: Where = {}  # part of every panel that counts
    control: tuple[Control, ...] = ()
    panel: tuple[Panel, ...]


class Source(_Part):
    """All of it; names are parts of ids."""

    view: Mapping[Slug, View]
    search: Mapping[Slug, Search]
    map: Mapping[Slug, Map]
    dashboard: Mapping[Slug, Dashboard]

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = [
            f"{where}: no {kind} {name!r}"
            for where, kind, name in self._named()
            if name not in getattr(self, kind)
        ]
        for key, board in self.dashboard.items():
            ids = [panel.id for panel in board.panel]
            unknown += [f"{key}: two panels {id_!r}" for id_ in set(ids) if ids.count(id_) > 1]
        unknown = unknown or [
            f"{where}: {self.view[view].index} have no field {field!r}"
            for where, view, field in self._fields()
            if field not in FIELDS_OF[self.view[view].index]
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return self

    def _named(self) -> list[tuple[str, str, str]]:
        """Return (where, kind, name) for everything that something else names."""
        named = [(key, "view", search.view) for key, search in self.search.items()]
        named += [(key, "view", one.view) for key, one in self.map.items()]
        for key, view in self.view.items():
            named += [(key, "dashboard", to) for to in view.links.values() if "{{" not in to]
        for key, board in self.dashboard.items():
            named += [(key, "view", control.view) for control in board.control]
            for panel in board.panel:
                parts = {"view": panel.view, "search": panel.search, "map": panel.map}
                named += [(f"{key}.{panel.id}", kind, name) for kind, name in parts.items() if name]
        return named

    def _fields(self) -> list[tuple[str, str, str]]:
        """Return (where, view, field) for every field that is named."""
        used: list[tuple[str, str, Iterable[str]]] = [
            (key, key, (view.time, *view.links)) for key, view in self.view.items()
        ]
        for key, search in self.search.items():
            used.append((key, search.view, (*search.columns, search.sort, *search.where)))
        used += [(key, one.view, (one.field,)) for key, one in self.map.items()]
        for key, board in self.dashboard.items():
            used += [(key, control.view, (control.field,)) for control in board.control]
            for panel in board.panel:
                if panel.chart in COUNTING:
                    fields = (*panel.fields(), *board.query, *board.where)
                    used.append((f"{key}.{panel.id}", panel.view, fields))
        return [(where, view, field) for where, view, fields in used for field in fields]


def load_source(folder: Path) -> Source:
    """Read every file of config/kibana/. Raises ConfigError with what is wrong."""
    views = _read(folder / _VIEWS)
    files = sorted(path for path in folder.glob("*.toml") if path.name != _VIEWS)
    values = {**views, "dashboard": {path.stem: _read(path) for path in files}}
    try:
        return Source.model_validate(values)
    except ValidationError as error:
        faults = [
            Fault(str(folder), ".".join(str(part) for part in one["loc"]) or "(all)", one["msg"])
            for one in error.errors()
        ]
        raise ConfigError(faults) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = f"is not valid TOML: {error}"
    raise ConfigError([Fault(str(path), "(file)", problem)])


def combined(*parts: Where) -> Where:
    """Return one filter that asks for all of several; of two on one field the later counts."""
    found: dict[str, str | tuple[str, ...]] = {}
    for part in parts:
        found |= part
    return found


def kql(where: Where) -> str:
    """Return a filter in the Kibana Query Language; "" for none."""
    return " and ".join(f"{field} : {_kql_values(value)}" for field, value in where.items())


def _kql_values(value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "(" + " or ".join(_kql_values(one) for one in value) + ")"
