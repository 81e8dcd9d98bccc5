"""Holds documents against the published schema, as whoever reads the index would."""

from functools import cache
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator, FormatChecker

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
