"""What an index that is there lacks of the mapping that documents need."""

import copy

import pytest

from pipeline.index.mapping import index_template, vectors
from pipeline.index.mapping_check import missing_fields, why_rebuild
from pipeline.index.schema import SCHEMA_VERSION


@pytest.fixture
def mapping():
    """The mapping of an index of today, as Elasticsearch gives it back."""
    made = copy.deepcopy(index_template()["template"]["mappings"])
    made["properties"] |= copy.deepcopy(vectors()["template"]["mappings"]["properties"])
    del made["properties"]["by_language"]["type"]
    return made


def test_an_index_of_today_lacks_nothing(mapping):
    assert missing_fields(mapping) == []
    assert why_rebuild(mapping) is None


def test_a_field_that_is_not_there_or_has_another_type_is_named(mapping):
    del mapping["properties"]["tdm_reserved"]
    mapping["properties"]["doc_version"] = {"type": "keyword"}
    del mapping["properties"]["entities"]["properties"]["name"]
    del mapping["properties"]["by_language"]["properties"]["tr"]
    assert set(missing_fields(mapping)) == {
        "tdm_reserved", "doc_version", "entities.name", "by_language.tr"
    }  # fmt: skip
    assert "tdm_reserved" in why_rebuild(mapping)


def test_a_field_that_nobody_writes_any_more_does_no_harm(mapping):
    mapping["properties"]["of_old"] = {"type": "keyword"}
    assert why_rebuild(mapping) is None


def test_another_schema_version_asks_for_a_rebuild(mapping):
    mapping["_meta"]["schema_version"] = 0
    assert why_rebuild(mapping) == f"schema version 0, now it is {SCHEMA_VERSION}"
    assert "version None" in why_rebuild({})
