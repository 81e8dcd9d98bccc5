"""A dashboard as a saved object: charts are inside it, saved searches and maps beside it."""

from typing import Any

import orjson

from pipeline.kibana import layout, lens
from pipeline.kibana.naming import Naming
from pipeline.kibana.source import COUNTING, Chart, Control, Dashboard, Panel, Source, combined

References = list[dict[str, str]]
#: Nothing that a person sets for the whole dashboard is kept from its controls.
_HEEDED = (
    '{"ignoreFilters":false,"ignoreQuery":false,"ignoreTimerange":false,"ignoreValidations":false}'
)


def board_attributes(
    board: Dashboard, source: Source, naming: Naming
) -> tuple[dict[str, Any], References]:
    """Return the attributes of a dashboard and what it refers to."""
    panels: list[dict[str, Any]] = []
    references: References = []
    for panel, grid in layout.placed(board.panel):
        shown, refers = _panel(panel, board, source, naming)
        place = {"x": grid.x, "y": grid.y, "w": grid.w, "h": grid.h, "i": panel.id}
        panels.append({"panelIndex": panel.id, "gridData": place, **shown})
        references += [{**one, "name": f"{panel.id}:{one['name']}"} for one in refers]
    references += [
        naming.reference("index-pattern", one.view, f"controlGroup_{_id(one)}:optionsListDataView")
        for one in board.control
    ]
    attributes = {
        "title": board.title,
        "description": board.description,
        "panelsJSON": _json(panels),
        "optionsJSON": '{"useMargins":true,"hidePanelTitles":false}',
        "controlGroupInput": _controls(board.control, naming),
        "timeRestore": True,
        "timeFrom": board.start,
        "timeTo": board.end,
        "version": 3,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _json({"query": lens.query(board.query), "filter": []})
        },
    }
    return attributes, references


def _panel(
    panel: Panel, board: Dashboard, source: Source, naming: Naming
) -> tuple[dict[str, Any], References]:
    """Return the part of a panel that depends on its chart, and what it refers to."""
    if panel.chart in COUNTING:
        view = source.view[panel.view]
        where = combined(board.where, panel.where)
        view_id = naming.id_of(panel.view)
        attributes = lens.lens_attributes(panel, view, view_id=view_id, where=where)
        inside = {"attributes": attributes, "enhancements": {}}
        shown = {"type": "lens", "title": panel.title, "embeddableConfig": inside}
        return shown, attributes["references"]
    if panel.chart is Chart.TEXT:
        return {"type": "visualization", "embeddableConfig": _text(panel.text)}, []
    type_, key = ("search", panel.search) if panel.search else ("map", panel.map)
    name = f"panel_{panel.id}"
    shown = {
        "type": type_,
        "title": panel.title,
        "panelRefName": name,
        "embeddableConfig": {"enhancements": {}},
    }
    return shown, [naming.reference(type_, key, name)]


def _text(text: str) -> dict[str, Any]:
    return {
        "hidePanelTitles": True,
        "enhancements": {},
        "savedVis": {
            "id": "",
            "title": "",
            "description": "",
            "type": "markdown",
            "params": {"fontSize": 12, "openLinksInNewTab": False, "markdown": text},
            "uiState": {},
            "data": {"aggs": [], "searchSource": {"query": lens.query({}), "filter": []}},
        },
    }


def _controls(controls: tuple[Control, ...], naming: Naming) -> dict[str, Any]:
    panels = {
        _id(one): {
            "order": order,
            "width": "medium",
            "grow": True,
            "type": "optionsListControl",
            "explicitInput": {
                "id": _id(one),
                "title": one.title,
                "fieldName": one.field,
                "dataViewId": naming.id_of(one.view),
                "searchTechnique": "wildcard",
                "selectedOptions": [],
                "sort": {"by": "_count", "direction": "desc"},
            },
        }
        for order, one in enumerate(controls)
    }
    return {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": _HEEDED,
        "panelsJSON": _json(panels),
        "showApplySelections": False,
    }


def _id(control: Control) -> str:
    return f"control-{control.field}"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
