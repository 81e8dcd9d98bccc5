"""The dashboards as Kibana's Dashboards API takes them (PUT /api/dashboards/ID, Kibana 9.5).

That API has no maps yet, so a map's panel is a link to it. Data views, searches and maps are saved
objects here too (saved_objects.py).
"""

from typing import Any

from pipeline.kibana import layout
from pipeline.kibana.naming import Naming
from pipeline.kibana.source import (
    COUNTING,
    OVER_TIME,
    Chart,
    Control,
    Dashboard,
    Measure,
    Op,
    Panel,
    Source,
    Where,
    combined,
    kql,
)

Body = dict[str, Any]


def dashboard_body(board: Dashboard, source: Source, naming: Naming) -> Body:
    """Return the body of one dashboard: it replaces what has its id."""
    body: Body = {
        "title": naming.title_of(board.title),
        "description": board.description,
        "time_range": {"from": board.start, "to": board.end},
        "pinned_panels": [_control(one, naming) for one in board.control],
        "panels": [
            {
                "type": type_,
                "id": panel.id,
                "grid": {"x": grid.x, "y": grid.y, "w": grid.w, "h": grid.h},
                "config": config,
            }
            for panel, grid in layout.placed(board.panel)
            for type_, config in [_panel(panel, board, source, naming)]
        ],
    }
    return body | _query(board.query)


def _query(where: Where) -> Body:
    return {"query": _expression(where)} if where else {}


def _expression(where: Where) -> dict[str, str]:
    return {"expression": kql(where), "language": "kql"}


def _control(control: Control, naming: Naming) -> Body:
    config = {
        "title": control.title,
        "data_view_id": naming.id_of(control.view),
        "field_name": control.field,
    }
    return {"type": "options_list_control", "width": "medium", "grow": True, "config": config}


def _panel(panel: Panel, board: Dashboard, source: Source, naming: Naming) -> tuple[str, Body]:
    """Return type and config of a panel."""
    if panel.chart in COUNTING:
        view_id, time = naming.id_of(panel.view), source.view[panel.view].time
        where = combined(board.where, panel.where)
        chart = _chart(panel, {"type": "data_view_reference", "ref_id": view_id}, time)
        titled = {"title": panel.title} if panel.title else {}
        return "vis", {**chart, **titled, **_query(where)}
    if panel.chart is Chart.SEARCH:
        return "discover_session", {"title": panel.title, "ref_id": naming.id_of(panel.search)}
    if panel.chart is Chart.MAP:
        there = f"../app/maps/map/{naming.id_of(panel.map)}"
        return "markdown", _text(f"[{source.map[panel.map].title}]({there})", panel.title)
    return "markdown", _text(panel.text, "")


def _text(text: str, title: str) -> Body:
    shown = {"title": title} if title else {"hide_title": True}
    return {"content": text, "settings": {"open_links_in_new_tab": False}, **shown}


def _chart(panel: Panel, view: dict[str, str], time: str) -> Body:
    measures = [_measure(one, time) for one in panel.measures]
    by = [_terms(field, panel.top) for field in panel.by]
    match panel.chart:
        case Chart.METRIC:
            primary = {"type": "primary", **measures[0]}
            return {"type": "metric", "data_source": view, "metrics": [primary]}
        case Chart.TABLE:
            return {"type": "data_table", "data_source": view, "metrics": measures, "rows": by}
        case _:
            layer: Body = {"type": str(panel.chart), "data_source": view, "y": measures}
            if panel.chart not in OVER_TIME:
                return {"type": "xy", "layers": [layer | {"x": by[0]}]}
            layer["x"] = {
                "operation": "date_histogram",
                "field": panel.over,
                "suggested_interval": panel.every,
            }
            if by:
                layer["breakdown_by"] = by[0]
            return {"type": "xy", "layers": [layer]}


def _terms(field: str, top: int) -> Body:
    rank = {"type": "metric", "metric_index": 0, "direction": "desc"}
    return {"operation": "terms", "fields": [field], "limit": top, "rank_by": rank}


def _measure(measure: Measure, time: str) -> Body:
    found: Body = {"operation": str(measure.op), "label": measure.label}
    if measure.field:
        found["field"] = measure.field
    if measure.op is Op.PERCENTILE:
        found["percentile"] = measure.percentile
    if measure.op is Op.LAST_VALUE:
        found["time_field"] = time
    if measure.where:
        found["filter"] = _expression(measure.where)
    return found
