"""The Elasticsearch mappings: generated from the lists of fields, kept in config/elasticsearch/.

    python -m pipeline.index.mapping > config/elasticsearch/news-template.json
    python -m pipeline.index.mapping vectors > config/elasticsearch/news-vectors.json
    python -m pipeline.index.mapping events > config/elasticsearch/news-events-template.json

`title` and `text` are indexed in their exact form (folded, unstemmed: what quotation marks ask
for); `by_language.<code>` holds them once more, stemmed by the rules of the document's language.
That copy is made by the writer, searched, and left out of `_source`.
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

#: Languages with a form of their own; the analyzer of each is `stem_<code>` in news-analysis.json.
LANGUAGES = (
    "ar", "da", "de", "el", "en", "es", "fa", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru",
    "sv", "tr",
)  # fmt: skip
PARTS = ("title", "text")  # what free text is searched in
#: Fields that people search or group by, but for which no search is made inside objects.
_STORED_ONLY = {"type": "object", "enabled": False}
#: Elasticsearch counts UTF-16 units, of which a character has up to two.
_KEYWORD = {"type": "keyword", "ignore_above": 2 * MAX_KEYWORD_CHARS}
_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.KEYWORD: _KEYWORD,
    Kind.DATE: {"type": "date", "format": "strict_date_optional_time"},
    Kind.DAY: {"type": "date", "format": "strict_date"},
    Kind.FLAG: {"type": "boolean"},
    Kind.POINT: {"type": "geo_point"},
    Kind.FREE: {"type": "flattened"},
    Kind.VECTOR: {
        "type": "dense_vector",
        "dims": VECTOR_DIMS,
        "index": True,
        "similarity": "cosine",
    },
}
#: Numbers count things, but for a few that measure.
_MEASURES = frozenset(
    {
        "score",
        "scene_score",
        "interval_s",
        "overlap",
        "seen_to_searchable_s",
        "published_to_searchable_s",
    }
)
#: Where words are looked for that name no field.
_EVENT_WORDS = ["detail", "reason", "url", "outlet", "feed_id"]
#: Objects that machines ask precise questions of; the others are stored only.
_NESTED = frozenset({"dates_mentioned", "entities", "iptc_topics", "places", "quotes", "topics"})


def index_template() -> dict[str, Any]:
    """Return the body of the index template: every field, and which components it builds on."""
    return {
        "index_patterns": [f"news-v{SCHEMA_VERSION}-*"],
        "composed_of": ["news-settings", "news-analysis", "news-vectors"],
        "priority": 200,
        "template": {
            "mappings": {
                "dynamic": "strict",
                "date_detection": False,
                "_meta": {"schema_version": SCHEMA_VERSION},
                "_source": {"excludes": ["by_language"]},
                "properties": {
                    **{field.name: _field(field) for field in FIELDS if not _by_model(field)},
                    "by_language": _by_language(),
                },
            }
        },
        "_meta": {
            "description": "Articles: one index at a time behind the aliases news and news_write."
            " Generated: python -m pipeline.index.mapping"
        },
    }


def events_template() -> dict[str, Any]:
    """Return the body of the index template for the pipeline's own events."""
    return {
        "index_patterns": [f"news-events-v{EVENT_SCHEMA_VERSION}-*"],
        "composed_of": ["news-settings"],
        "priority": 200,
        "template": {
            "settings": {"index": {"query.default_field": _EVENT_WORDS}},
            "mappings": {
                "dynamic": "strict",
                "date_detection": False,
                "_meta": {"schema_version": EVENT_SCHEMA_VERSION},
                "properties": {field.name: _field(field) for field in EVENT_FIELDS},
            },
        },
        "_meta": {
            "description": "Pipeline events behind the aliases news_events and news_events_write."
            " Generated: python -m pipeline.index.mapping events"
        },
    }


def vectors() -> dict[str, Any]:
    """Return the body of the component template `news-vectors`: fields that only models fill."""
    found = {field.name: _field(field) for field in FIELDS if _by_model(field)}
    # Since 9.2 Elasticsearch leaves vectors out of what comes back unless told so.
    kept = {"index": {"mapping": {"exclude_source_vectors": False}}}
    return {
        "template": {"settings": kept, "mappings": {"properties": found}},
        "_meta": {"description": "Vectors, for hybrid search. Generated, as news-template.json"},
    }


def _by_model(field: Field) -> bool:
    return field.kind is Kind.VECTOR


def _field(field: Field) -> dict[str, Any]:
    if field.kind is Kind.TEXT:
        searched = field.name in PARTS
        exact = {"type": "text", "analyzer": "exact"}
        # With offsets Kibana marks what it found without analysing whole texts again.
        return {**exact, "index_options": "offsets"} if searched else {**exact, "norms": False}
    if field.kind is Kind.NUMBER:
        return {"type": "float" if field.name in _MEASURES else "long"}
    if field.kind is not Kind.OBJECT:
        return _TYPES[field.kind]
    if field.name not in _NESTED:
        return _STORED_ONLY
    parts = {
        part.name: _STORED_ONLY if part.kind is Kind.OBJECT else _field(part)
        for part in field.parts
    }
    return {"type": "nested", "dynamic": "strict", "properties": parts}


def _by_language() -> dict[str, Any]:
    return {
        "type": "object",
        "dynamic": "strict",
        "properties": {
            language: {
                "properties": {
                    part: {"type": "text", "analyzer": f"stem_{language}"} for part in PARTS
                }
            }
            for language in LANGUAGES
        },
    }


def render(body: dict[str, Any]) -> str:
    """Return the text of a file of config/elasticsearch/."""
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"


#: What is written by name, without one the template of the articles.
_BODIES = {"vectors": vectors, "events": events_template}

if __name__ == "__main__":
    wanted = _BODIES[sys.argv[1]] if sys.argv[1:] else index_template
    sys.stdout.write(render(wanted()))
