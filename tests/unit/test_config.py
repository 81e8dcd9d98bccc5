"""Settings: every fault at once, each with file and key; the environment wins."""

from pathlib import Path

import pytest

from pipeline.config import Config, load
from pipeline.errors import ConfigError


def read(tmp_path, text, **environ):
    file = tmp_path / "pipeline.toml"
    file.write_text(text, "utf-8")
    return load(file, environ)


def faults(tmp_path, text, **environ):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **environ)
    return {(fault.file.rpartition("/")[2], fault.key) for fault in caught.value.faults}


def test_the_file_that_ships_changes_nothing(root):
    assert load(root / "config" / "pipeline.toml", {}) == Config()


def test_every_fault_is_reported_with_its_place(tmp_path):
    text = """
    [fetch]
    pace_s = -1
    contcat = "x"
    [index]
    kind = "solr"
    url = "https://elastic:secret@search.example.org"
    name = "News Articles"
    ca_file = "nowhere.pem"
    high_water = 0
    """
    assert faults(tmp_path, text, NEWSLINE_RETRY__MAX_TRIES="many") == {
        ("pipeline.toml", "fetch.pace_s"),
        ("pipeline.toml", "fetch.contcat"),
        ("pipeline.toml", "index.kind"),
        ("pipeline.toml", "index.url"),  # keys and passwords stand in files
        ("pipeline.toml", "index.name"),
        ("pipeline.toml", "index.ca_file"),
        ("pipeline.toml", "index.high_water"),
        ("environment", "retry.max_tries"),
    }


def test_the_environment_wins_over_the_file(tmp_path):
    text = '[index]\nkind = "embedded"\nurl = "https://a.example"\n'
    index = read(tmp_path, text, NEWSLINE_INDEX__KIND="elasticsearch").index
    assert (index.kind, index.url) == ("elasticsearch", "https://a.example")


def test_an_unknown_section_in_the_environment_is_a_fault(tmp_path):
    assert faults(tmp_path, "", NEWSLINE_INDEKS__KIND="x") == {
        ("environment", "NEWSLINE_INDEKS__KIND")
    }


def test_a_file_that_is_no_toml_or_not_there_is_a_fault(tmp_path):
    assert faults(tmp_path, "[index") == {("pipeline.toml", "(file)")}
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path(tmp_path / "none.toml"), {})
