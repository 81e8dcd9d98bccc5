"""What the Dashboards API takes, as we read its description (Kibana 9.5): only what we use of it.

Strict, as the API is: a key too many is refused.
"""

TEXT = {"type": "string", "minLength": 1}
EXPRESSION = {
    "type": "object", "additionalProperties": False, "required": ["expression", "language"],
    "properties": {"expression": TEXT, "language": {"const": "kql"}},
}  # fmt: skip
REFERENCE = {
    "type": "object", "additionalProperties": False, "required": ["type", "ref_id"],
    "properties": {"type": {"const": "data_view_reference"}, "ref_id": TEXT},
}  # fmt: skip
TERMS = {
    "type": "object", "additionalProperties": False, "required": ["operation", "fields"],
    "properties": {
        "operation": {"const": "terms"},
        "fields": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 4},
        "limit": {"type": "integer"},
        "rank_by": {
            "type": "object", "additionalProperties": False,
            "properties": {"type": {"const": "metric"}, "metric_index": {"const": 0},
                           "direction": {"const": "desc"}},
        },
    },
}  # fmt: skip
OVER_TIME = {
    "type": "object", "additionalProperties": False, "required": ["operation", "field"],
    "properties": {"operation": {"const": "date_histogram"}, "field": TEXT,
                   "suggested_interval": TEXT},
}  # fmt: skip


def measure(**more):
    """A number, as the API takes it: each operation with its own parameters and no others."""
    shared = {"label": TEXT, "filter": EXPRESSION, **more}
    field = {"field": TEXT}
    kinds = {
        "count": {},
        "unique_count": field, "sum": field, "average": field, "median": field, "min": field,
        "max": field,
        "percentile": {**field, "percentile": {"type": "number"}},
        "last_value": {**field, "time_field": TEXT},
    }  # fmt: skip
    return {
        "oneOf": [
            {
                "type": "object", "additionalProperties": False,
                "required": ["operation", *own, *more],
                "properties": {"operation": {"const": kind}, **own, **shared},
            }
            for kind, own in kinds.items()
        ]
    }  # fmt: skip


def config(required, **properties):
    return {
        "type": "object", "additionalProperties": False, "required": list(required),
        "properties": {"title": {"type": "string"}, "query": EXPRESSION, **properties},
    }  # fmt: skip


LAYER = {
    "type": "object", "additionalProperties": False, "required": ["type", "data_source", "y"],
    "properties": {
        "type": {"enum": ["bar_stacked", "bar_horizontal", "line"]},
        "data_source": REFERENCE,
        "x": {"oneOf": [TERMS, OVER_TIME]},
        "breakdown_by": TERMS,
        "y": {"type": "array", "items": measure(), "minItems": 1},
    },
}  # fmt: skip
CONFIGS = {
    "vis": {"oneOf": [
        config(("type", "data_source", "metrics"), type={"const": "metric"}, data_source=REFERENCE,
               metrics={"type": "array", "items": measure(type={"const": "primary"}),
                        "minItems": 1, "maxItems": 1}),
        config(("type", "data_source", "metrics", "rows"), type={"const": "data_table"},
               data_source=REFERENCE, rows={"type": "array", "items": TERMS, "minItems": 1},
               metrics={"type": "array", "items": measure(), "minItems": 1}),
        config(("type", "layers"), type={"const": "xy"},
               layers={"type": "array", "items": LAYER, "minItems": 1}),
    ]},
    "discover_session": {
        "type": "object", "additionalProperties": False, "required": ["ref_id"],
        "properties": {"title": TEXT, "ref_id": TEXT},
    },
    "markdown": {
        "type": "object", "additionalProperties": False, "required": ["content", "settings"],
        "properties": {
            "content": TEXT, "title": TEXT, "hide_title": {"type": "boolean"},
            "settings": {"type": "object", "additionalProperties": False,
                         "required": ["open_links_in_new_tab"],
                         "properties": {"open_links_in_new_tab": {"type": "boolean"}}},
        },
    },
}  # fmt: skip
BODY = {
    "type": "object", "additionalProperties": False, "required": ["title", "panels"],
    "properties": {
        "title": TEXT, "description": TEXT, "query": EXPRESSION,
        "time_range": {"type": "object", "additionalProperties": False, "required": ["from", "to"],
                       "properties": {"from": TEXT, "to": TEXT}},
        "pinned_panels": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["type", "config"],
            "properties": {
                "type": {"const": "options_list_control"},
                "width": {"enum": ["small", "medium", "large"]}, "grow": {"type": "boolean"},
                "config": {"type": "object", "additionalProperties": False,
                           "required": ["data_view_id", "field_name"],
                           "properties": {"title": TEXT, "data_view_id": TEXT, "field_name": TEXT}},
            },
        }},
        "panels": {"type": "array", "maxItems": 100, "items": {"oneOf": [
            {
                "type": "object", "additionalProperties": False,
                "required": ["type", "grid", "config"],
                "properties": {
                    "type": {"const": type_}, "id": TEXT, "config": of_type,
                    "grid": {"type": "object", "additionalProperties": False,
                             "required": ["x", "y", "w", "h"],
                             "properties": {key: {"type": "integer"} for key in "xywh"}},
                },
            }
            for type_, of_type in CONFIGS.items()
        ]}},
    },
}  # fmt: skip
