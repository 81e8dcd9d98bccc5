"""A chart as Kibana's editor (Lens) keeps it in a saved object."""

from collections.abc import Mapping
from typing import Any

from pipeline.index.schema import Field, Kind
from pipeline.kibana.fields import FIELDS_OF
from pipeline.kibana.source import OVER_TIME, Chart, Measure, Op, Panel, View, Where, kql

_LAYER = "layer"
_TYPES = {
    Kind.KEYWORD: "string",
    Kind.FLAG: "boolean",
    Kind.NUMBER: "number",
    Kind.DATE: "date",
    Kind.DAY: "date",
}
_VISUALIZATIONS = {Chart.METRIC: "lnsMetric", Chart.TABLE: "lnsDatatable"}
_RECORDS = "___records___"


def lens_attributes(panel: Panel, view: View, *, view_id: str, where: Where) -> dict[str, Any]:
    """Return the attributes of a chart; `where` filters it, beside what the dashboard does."""
    columns = _columns(panel, FIELDS_OF[view.index], view.time)
    layer = {
        "columnOrder": list(columns),
        "columns": columns,
        "incompleteColumns": {},
        "ignoreGlobalFilters": False,
        "sampling": 1,
    }
    return {
        "title": panel.title,
        "type": "lens",
        "visualizationType": _VISUALIZATIONS.get(panel.chart, "lnsXY"),
        "references": [
            {
                "type": "index-pattern",
                "id": view_id,
                "name": f"indexpattern-datasource-layer-{_LAYER}",
            }
        ],
        "state": {
            "visualization": _visualization(panel, columns),
            "query": query(where),
            "filters": [],
            "datasourceStates": {"formBased": {"layers": {_LAYER: layer}}},
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def query(where: Where) -> dict[str, str]:
    """Return a filter as saved objects hold it."""
    return {"query": kql(where), "language": "kuery"}


def _columns(panel: Panel, fields: Mapping[str, Field], time: str) -> dict[str, dict[str, Any]]:
    """Return column id → column: first what makes groups, then what is counted in each."""
    columns: dict[str, dict[str, Any]] = {}
    by = {f"by{n}": _terms(fields[name], panel.top) for n, name in enumerate(panel.by)}
    if panel.chart in OVER_TIME:
        # The colours come first: of all time the most frequent values, not of each bar anew.
        columns |= by | {"over": _over_time(panel)}
    else:
        columns |= by
    for n, measure in enumerate(panel.measures):
        columns[f"m{n}"] = _measure(measure, fields, time)
    return columns


def _over_time(panel: Panel) -> dict[str, Any]:
    return {
        "label": panel.over,
        "dataType": "date",
        "operationType": "date_histogram",
        "sourceField": panel.over,
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": panel.every, "includeEmptyRows": True, "dropPartials": False},
    }


def _terms(field: Field, top: int) -> dict[str, Any]:
    return {
        "label": field.name,
        "customLabel": True,
        "dataType": _TYPES[field.kind],
        "operationType": "terms",
        "sourceField": field.name,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": top,
            "orderBy": {"type": "column", "columnId": "m0"},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        },
    }


def _measure(measure: Measure, fields: Mapping[str, Field], time: str) -> dict[str, Any]:
    keeps_type = measure.op in (Op.MIN, Op.MAX, Op.LAST_VALUE)
    data_type = _TYPES[fields[measure.field].kind] if keeps_type else "number"
    column: dict[str, Any] = {
        "label": measure.label,
        "customLabel": True,
        "dataType": data_type,
        "operationType": str(measure.op),
        "sourceField": measure.field or _RECORDS,
        "isBucketed": False,
        "scale": "ordinal" if data_type == "string" else "ratio",
        "params": _parameters(measure, time),
    }
    if measure.where:
        column["filter"] = query(measure.where)
    elif measure.op is Op.LAST_VALUE:  # of documents that have one
        column["filter"] = {"query": f"{measure.field} : *", "language": "kuery"}
    return column


def _parameters(measure: Measure, time: str) -> dict[str, Any]:
    match measure.op:
        case Op.COUNT | Op.UNIQUE_COUNT | Op.SUM:
            return {"emptyAsNull": False}
        case Op.PERCENTILE:
            return {"percentile": measure.percentile}
        case Op.LAST_VALUE:
            return {"sortField": time, "showArrayValues": False}
        case _:
            return {}


def _visualization(panel: Panel, columns: Mapping[str, Any]) -> dict[str, Any]:
    here = {"layerId": _LAYER, "layerType": "data"}
    match panel.chart:
        case Chart.METRIC:
            return {**here, "metricAccessor": "m0"}
        case Chart.TABLE:
            return {**here, "columns": [{"columnId": name} for name in columns]}
        case _:
            return _xy(panel, here)


def _xy(panel: Panel, here: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {
        **here,
        "seriesType": str(panel.chart),
        "position": "top",
        "showGridlines": False,
        "accessors": [f"m{n}" for n in range(len(panel.measures))],
        "xAccessor": "over" if panel.chart in OVER_TIME else "by0",
    }
    if panel.chart in OVER_TIME and panel.by:
        layer["splitAccessor"] = "by0"
    shown = panel.chart in OVER_TIME
    return {
        "preferredSeriesType": str(panel.chart),
        "layers": [layer],
        "legend": {"isVisible": shown, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
    }
