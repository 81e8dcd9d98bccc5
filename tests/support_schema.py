"""Holds documents against the published schema, as whoever reads the index would."""

from functools import cache
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator, FormatChecker

#: Fields that depend on when, how often or in which order articles were looked at.
OBSERVED = ("first_seen_at", "doc_version", "syndication_id", "story_id")
DOCS = Path(__file__).resolve().parent.parent / "docs"


@cache
def validator(name="document"):
    """Return the validator of docs/<name>.schema.json; formats (dates) count too."""
    schema = orjson.loads((DOCS / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def check(document, name="document"):
    """Return a document that is as published; fail with every fault otherwise."""
    faults = [
        f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)
    ]
    assert faults == [], faults
    return document


def lasting(document):
    """Return a valid document without what depends on when, how often or in which order things were
    looked at: two runs over the same world agree on the rest.
    """
    found = {name: value for name, value in check(document).items() if name not in OBSERVED}
    found["evidence"] = [one for one in found["evidence"] if one["field"] not in OBSERVED]
    return found
