"""A map as a saved object holds it: a background, and a circle for each group of points."""

from typing import Any

import orjson

from pipeline.kibana.lens import query
from pipeline.kibana.source import Map

#: The circles are layer 1; the background, layer 0, reads no data view.
VIEW_REFERENCE = "layer_1_source_index_pattern"
_ALWAYS = {"visible": True, "minZoom": 0, "maxZoom": 24, "includeInFitToBounds": True}


def map_attributes(one: Map) -> dict[str, Any]:
    """Return the attributes of a map."""
    state = {
        "zoom": one.center.zoom,
        "center": {"lat": one.center.lat, "lon": one.center.lon},
        "query": query({}),
        "filters": [],
        "refreshConfig": {"isPaused": True, "interval": 0},
        "settings": {"autoFitToDataBounds": False},
    }
    return {
        "title": one.title,
        "description": "",
        "layerListJSON": orjson.dumps([_background(), _circles(one)]).decode(),
        "mapStateJSON": orjson.dumps(state).decode(),
        "uiStateJSON": '{"isLayerTOCOpen":false,"openTOCDetails":[]}',
    }


def _background() -> dict[str, Any]:
    return {
        **_ALWAYS,
        "id": "background",
        "type": "EMS_VECTOR_TILE",
        "sourceDescriptor": {"type": "EMS_TMS", "isAutoSelect": True},
        "style": {"type": "EMS_VECTOR_TILE", "color": ""},
        "alpha": 1,
    }


def _circles(one: Map) -> dict[str, Any]:
    return {
        **_ALWAYS,
        "id": "circles",
        "label": one.title,
        "type": "GEOJSON_VECTOR",
        "sourceDescriptor": {
            "id": "circles-source",
            "type": "ES_GEO_GRID",
            "geoField": one.field,
            "requestType": "point",
            "resolution": "MOST_FINE",
            "metrics": [{"type": "count"}],
            "applyGlobalQuery": True,
            "applyGlobalTime": True,
            "applyForceRefresh": True,
            "indexPatternRefName": VIEW_REFERENCE,
        },
        "style": {"type": "VECTOR", "isTimeAware": True, "properties": _sized_by_count()},
        "alpha": 0.75,
        "joins": [],
    }


def _sized_by_count() -> dict[str, Any]:
    count = {"name": "doc_count", "origin": "source"}
    return {
        "fillColor": _dynamic(field=count, color="Blues", type="ORDINAL"),
        "iconSize": _dynamic(field=count, minSize=7, maxSize=32),
        "labelText": _dynamic(field=count),
        "lineColor": {"type": "STATIC", "options": {"color": "#FFF"}},
        "lineWidth": {"type": "STATIC", "options": {"size": 1}},
    }


def _dynamic(**options: object) -> dict[str, Any]:
    return {"type": "DYNAMIC", "options": options}
