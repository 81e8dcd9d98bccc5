"""The JSON Schema of what an alert's webhook gets: `python -m pipeline.alerts.json_schema`."""

import sys
from typing import Any

from pipeline.alerts.telling import MAX_HITS
from pipeline.index.json_schema import render

_TEXT = {"type": "string"}


def message_schema() -> dict[str, Any]:
    """Return the schema of the body of one message."""
    hit = {
        "key": _TEXT | {"description": "the same whenever the story is told again"},
        "story_id": _TEXT,
        "article_id": _TEXT | {"description": "the first article of the story that was found"},
        "title": _TEXT,
        "url": _TEXT | {"format": "uri"},
        "outlet": _TEXT,
        "published_at": {"type": ["string", "null"], "format": "date-time"},
        "matched": {
            "type": "array",
            "items": _TEXT,
            "description": "pieces of headline and text with ⟦words⟧ marked, then FACET: VALUE",
        },
    }
    message = {
        "kind": {"const": "newsline.alert"},
        "name": _TEXT | {"description": "of the alert"},
        "query": _TEXT | {"description": "as it was typed"},
        "filters": {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}},
        "sent_at": _TEXT | {"format": "date-time"},
        "hits": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_HITS,
            "items": {"type": "object", "required": list(hit), "properties": hit},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What an alert of Newsline sends to its webhook",
        "type": "object",
        "required": list(message),
        "properties": message,
    }


if __name__ == "__main__":
    sys.stdout.write(render(message_schema()))
