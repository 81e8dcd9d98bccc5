"""The Elasticsearch templates: generated, complete, and made of what the server knows."""

import orjson
import pytest

from pipeline.index.analyzers import news_analysis
from pipeline.index.mapping import LANGUAGES, PARTS, index_template, render, vectors
from pipeline.index.query import FACETS
from pipeline.index.schema import FIELDS, SCHEMA_VERSION, Kind

GENERATED = {"news-template": index_template, "news-vectors": vectors}
#: What Elasticsearch 9 and its module analysis-common offer under these very names.
CHAR_FILTERS = {"mapping", "pattern_replace", "html_strip"}
TOKENIZERS = {"pattern"}
FILTERS = {
    "lowercase", "asciifolding", "decimal_digit", "arabic_normalization", "persian_normalization",
    "stemmer", "truncate",
}  # fmt: skip
AGGREGATABLE = {"keyword", "date", "long", "float", "boolean"}


@pytest.fixture
def folder(root):
    return root / "config" / "elasticsearch"


@pytest.mark.parametrize("name", GENERATED)
def test_the_file_is_the_generated_one(folder, name):
    text = (folder / f"{name}.json").read_text("utf-8")
    assert text == render(GENERATED[name]()), "run the command in pipeline/index/mapping.py"


def test_the_analyzers_are_made_from_our_own_rules(folder):
    text = (folder / "news-analysis.json").read_text("utf-8")
    assert text == news_analysis(), "run the command in pipeline/index/analyzers.py"


def test_every_field_is_mapped_and_nothing_else_is_taken(folder):
    mappings = index_template()["template"]["mappings"]
    with_vectors = mappings["properties"] | vectors()["template"]["mappings"]["properties"]
    assert set(with_vectors) == {field.name for field in FIELDS} | {"by_language"}
    assert mappings["dynamic"] == "strict"
    assert mappings["_meta"]["schema_version"] == SCHEMA_VERSION
    assert mappings["_source"]["excludes"] == ["by_language"]


def test_every_facet_can_be_counted():
    properties = index_template()["template"]["mappings"]["properties"]
    assert {properties[facet]["type"] for facet in FACETS} <= AGGREGATABLE


def test_every_language_has_a_stemmed_form_of_what_is_searched():
    properties = index_template()["template"]["mappings"]["properties"]
    for language in LANGUAGES:
        stemmed = properties["by_language"]["properties"][language]["properties"]
        assert stemmed == {
            part: {"type": "text", "analyzer": f"stem_{language}"} for part in PARTS
        }  # fmt: skip


def test_points_and_vectors_have_types_of_their_own():
    kinds = {field.name: field.kind for field in FIELDS}
    assert index_template()["template"]["mappings"]["properties"]["location"]["type"] == "geo_point"
    assert kinds["embedding"] is Kind.VECTOR
    assert vectors()["template"]["mappings"]["properties"]["embedding"]["type"] == "dense_vector"


def test_the_analysis_uses_only_what_a_real_server_has(folder):
    body = orjson.loads((folder / "news-analysis.json").read_bytes())
    analysis = body["template"]["settings"]["index"]["analysis"]
    assert {one["type"] for one in analysis["char_filter"].values()} <= CHAR_FILTERS
    assert {one["type"] for one in analysis["tokenizer"].values()} <= TOKENIZERS
    own = analysis["filter"]
    assert {one["type"] for one in own.values()} <= FILTERS
    for analyzer in analysis["analyzer"].values():
        assert analyzer["tokenizer"] in analysis["tokenizer"]
        assert set(analyzer["char_filter"]) <= set(analysis["char_filter"])
        assert set(analyzer["filter"]) <= set(own) | FILTERS
    assert set(analysis["analyzer"]) == {"exact", *(f"stem_{language}" for language in LANGUAGES)}


def test_no_filter_is_defined_that_nobody_uses(folder):
    body = orjson.loads((folder / "news-analysis.json").read_bytes())
    analysis = body["template"]["settings"]["index"]["analysis"]
    for kind in ("filter", "char_filter"):
        used = {name for one in analysis["analyzer"].values() for name in one[kind]}
        assert set(analysis[kind]) <= used
