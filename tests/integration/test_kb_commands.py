"""`newsline kb` over a ledger."""

import shutil

import orjson
import pytest
from support_index import ROOT
from support_ledger import publish
from typer.testing import CliRunner

from pipeline.adapters.ledger import open_ledger
from pipeline.cli.root import build


@pytest.fixture
def folder(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    publish(ledger, "https://herald.example/a")
    ledger.close()
    return tmp_path


def call(*words):
    return CliRunner().invoke(build(list(words)), list(words), catch_exceptions=False)


def test_lists_without_fault_say_what_they_hold():
    done = call("kb", "check")
    assert done.exit_code == 0
    assert "organisation" in done.stdout


def test_every_fault_is_named_with_its_file(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    people = tmp_path / "config" / "gazetteer" / "people.toml"
    people.write_text(people.read_text("utf-8") + '\n[[entity]]\nid = "x"\n', "utf-8")
    monkeypatch.setenv("NEWSLINE_CONFIG_DIR", str(tmp_path / "config"))
    done = call("kb", "check", "--json")
    assert done.exit_code == 1
    assert {fault["file"].rpartition("/")[2] for fault in orjson.loads(done.stdout)["faults"]} == {
        "people.toml"
    }


def test_without_a_model_there_is_nothing_to_suggest_and_it_says_so(folder, monkeypatch):
    monkeypatch.setenv("NEWSLINE_ENRICH__MODELS", "")
    done = call("kb", "suggest", "--data", str(folder))
    assert done.exit_code == 0
    assert "[enrich] models" in done.stdout


def test_refresh_says_how_many_articles_older_lists_were_used_for(folder):
    said = orjson.loads(call("kb", "refresh", "--data", str(folder), "--json").stdout)
    assert (said["in_index"], said["older"]) == (1, 1)
    assert "--enricher entities" in call("kb", "refresh", "--data", str(folder)).stdout
