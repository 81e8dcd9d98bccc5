"""What is said of the API is what it is."""

import re
import subprocess
import sys
from dataclasses import fields

import jsonschema
import orjson
import pytest
from support_index import ROOT
from support_ledger import NOW

from pipeline.alerts.json_schema import message_schema
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.alerts.telling import message
from pipeline.changes.following import FeedLine
from pipeline.changes.json_schema import line_schema
from pipeline.index.json_schema import render
from pipeline.index.query import FACETS, FILTERS
from pipeline.keys import KeyScope
from pipeline.serve.api.asked import Facet, Narrowed, Sort

DOCS = ROOT / "docs"
API = (DOCS / "api.md").read_text("utf-8")
OPENAPI = orjson.loads((DOCS / "openapi.json").read_bytes())


def test_the_openapi_file_is_the_servers():
    made = subprocess.run([sys.executable, "-m", "pipeline.serve"], check=True, capture_output=True)
    assert made.stdout == (DOCS / "openapi.json").read_bytes(), (
        "run: python -m pipeline.serve > docs/openapi.json"
    )


def test_every_route_is_described_and_asks_for_a_key():
    for path, methods in OPENAPI["paths"].items():
        for method, route in methods.items():
            assert route["description"], path
            assert {"key": []} in route["security"], f"{method} {path}"
            assert "429" in route["responses"] or path == "/health", path


@pytest.mark.parametrize("path", OPENAPI["paths"])
def test_every_route_is_in_the_docs(path):
    words = (
        re.escape(path).replace(r"\{article_id\}", r"\{id\}").replace(r"\{story_id\}", r"\{id\}")
    )
    words = words.replace(r"\{feed_id\}", r"\{id\}").replace(r"\{entity_id\}", r"\{id\}")
    assert re.search(rf"`[^`]*{words}[?`\s]", API), path


def test_the_schema_of_a_line_is_the_codes():
    written = (DOCS / "change.schema.json").read_text("utf-8")
    assert written == render(line_schema()), "run: python -m pipeline.changes.json_schema"
    assert set(line_schema()["required"]) == {one.name for one in fields(FeedLine)}


def test_the_schema_of_an_alert_is_the_codes_and_fits_a_message():
    written = (DOCS / "alert.schema.json").read_text("utf-8")
    assert written == render(message_schema()), "run: python -m pipeline.alerts.json_schema"
    search = SavedSearch("a", "zone", '"safe zone"', {"language": ("en",)})
    hit = AlertHit("a", "s", "x", "Patrols", "https://herald.example/a", "herald", None, ("⟦x⟧",))
    body = orjson.loads(message(search, [hit], NOW).body)
    jsonschema.validate(body, message_schema())
    assert set(body) == set(message_schema()["required"])
    inner = message_schema()["properties"]["hits"]["items"]
    assert set(body["hits"][0]) == set(inner["required"])


def test_the_parameters_are_those_of_the_index():
    assert set(FILTERS) <= set(Narrowed.model_fields)
    assert set(Facet.__args__) == set(FACETS)
    assert set(Sort.__args__) == {"relevance", "newest", "oldest"}


def test_every_scope_and_reason_is_in_the_docs():
    code = "".join(
        path.read_text("utf-8") for path in (ROOT / "pipeline" / "serve").rglob("*.py")
        if "pages" not in path.parts
    )  # fmt: skip
    reasons = set(re.findall(r'Refused\(\s*HTTPStatus\.\w+,\s*"(\w+)"', code))
    assert "missing_scope" in reasons
    told = {f"`{one}`" for one in reasons | {str(scope) for scope in KeyScope}}
    assert {one for one in told if one not in API} == set()
