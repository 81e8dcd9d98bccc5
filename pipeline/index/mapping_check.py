"""Holds the mapping of an index that is there against the one that documents need now."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.index.mapping import index_template, vectors
from pipeline.index.schema import SCHEMA_VERSION


def missing_fields(mapping: Mapping[str, Any]) -> list[str]:
    """Return the fields that a mapping lacks or has with another type; a path for one in an object.

    A strict mapping refuses every document that has such a field.
    """
    properties = _wanted(index_template()) | _wanted(vectors())
    return list(_lacking(properties, mapping.get("properties", {}), ""))


def why_rebuild(mapping: Mapping[str, Any]) -> str | None:
    """Return why documents of today do not fit into an index; None when they do."""
    version = mapping.get("_meta", {}).get("schema_version")
    if version != SCHEMA_VERSION:
        return f"schema version {version}, now it is {SCHEMA_VERSION}"
    missing = missing_fields(mapping)
    return f"not mapped as they are now: {', '.join(missing)}" if missing else None


def _wanted(template: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["template"]["mappings"]["properties"]
    return found


def _lacking(wanted: Mapping[str, Any], held: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, field in wanted.items():
        if name not in held or _type(held[name]) != _type(field):
            yield f"{path}{name}"
        else:
            parts = held[name].get("properties", {})
            yield from _lacking(field.get("properties", {}), parts, f"{path}{name}.")


def _type(field: Mapping[str, Any]) -> str:
    """Return the type; Elasticsearch leaves it out where it is an object."""
    return str(field.get("type", "object"))
