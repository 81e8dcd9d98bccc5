"""Document and event as JSON Schemas for whoever reads the index: generated, kept in docs/.

python -m pipeline.index.json_schema > docs/document.schema.json
python -m pipeline.index.json_schema event > docs/event.schema.json
"""

import sys
from typing import Any

import orjson

from pipeline.index.event import EVENT_FIELDS, EVENT_SCHEMA_VERSION
from pipeline.index.schema import (
    FIELDS,
    MAX_KEYWORD_CHARS,
    SCHEMA_VERSION,
    VECTOR_DIMS,
    Field,
    Kind,
)

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.KEYWORD: {"type": "string", "minLength": 1, "maxLength": MAX_KEYWORD_CHARS},
    Kind.DATE: {"type": "string", "format": "date-time"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.VECTOR: {
        "type": "array",
        "items": {"type": "number"},
        "minItems": VECTOR_DIMS,
        "maxItems": VECTOR_DIMS,
    },
    Kind.POINT: {
        "type": "object",
        "additionalProperties": False,
        "required": ["lat", "lon"],
        "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
    },
    Kind.FREE: {"type": "object"},
}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document."""
    return {
        "$schema": _DRAFT,
        "title": f"Newsline document, schema version {SCHEMA_VERSION}",
        "description": "One article as the index holds it. Facets are marked x-facet.",
        **_object(FIELDS),
    }


def event_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an event of the pipeline."""
    return {
        "$schema": _DRAFT,
        "title": f"Newsline event, schema version {EVENT_SCHEMA_VERSION}",
        "description": "One event of the pipeline, in Elasticsearch. Facets are marked x-facet.",
        **_object(EVENT_FIELDS),
    }


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field) for field in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    kind = _object(field.parts) if field.kind is Kind.OBJECT else dict(_TYPES[field.kind])
    if field.many:
        kind = {"type": "array", "items": kind}
    if not field.required:
        kind["type"] = [kind["type"], "null"]
    kind["description"] = field.description
    if field.facet:
        kind["x-facet"] = True
    return kind


def render(schema: dict[str, Any]) -> str:
    """Return the text of a file docs/*.schema.json."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(event_json_schema() if sys.argv[1:] == ["event"] else json_schema()))
