"""The JSON Schema of a line of the feed: `python -m pipeline.changes.json_schema`."""

import sys
from typing import Any

from pipeline.changes.following import SCHEMA_VERSION
from pipeline.index.json_schema import render


def line_schema() -> dict[str, Any]:
    """Return the schema of one line of `/v1/changes`."""
    described = {
        "schema_version": {
            "const": SCHEMA_VERSION,
            "description": "of the line; grows when a member is renamed, removed or means another"
            " thing",
        },
        "seq": {
            "type": "integer",
            "minimum": 1,
            "description": "grows from line to line; a number is never given twice",
        },
        "token": {"type": "string", "description": "hand it back as `after` to go on behind it"},
        "kind": {
            "enum": ["insert", "update", "retract"],
            "description": "insert: it comes (anew); update: it is another version; retract: delete"
            " your copy, if you have one",
        },
        "article_id": {"type": "string"},
        "doc_version": {
            "type": "integer",
            "minimum": 1,
            "description": "the version that the line is about; the document may be a later one",
        },
        "at": {
            "type": "string",
            "format": "date-time",
            "description": "when the index acknowledged it",
        },
        "document": {
            "type": ["object", "null"],
            "description": "as document.schema.json has it; null: retract",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of Newsline's change feed",
        "type": "object",
        "required": list(described),
        "properties": described,
    }


if __name__ == "__main__":
    sys.stdout.write(render(line_schema()))
