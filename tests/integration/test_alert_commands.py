"""`newsline alerts`, and alerts of a run over the rehearsal world."""

import orjson
import pytest
from support_changes import doors_of, publish
from support_serve import served
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """A data folder with an article."""
    with served(tmp_path) as opened:
        publish(doors_of(opened), "https://herald.example/a", "A safe zone was agreed on.")
    return tmp_path


def call(folder, *words):
    words = ["alerts", *words, "--data", str(folder)]
    return CliRunner().invoke(build(words), words, catch_exceptions=False)


def ask(folder, *words):
    done = call(folder, *words, "--json")
    assert done.exit_code == 0
    return orjson.loads(done.stdout)


def test_a_search_is_tried_saved_listed_and_removed(folder):
    tried = call(folder, "test", '"safe zone"', "--days", "30")
    assert tried.exit_code == 0
    assert "it would have told of" in tried.stdout
    saved = call(folder, "add", "zone", '"safe zone"', "--filter", "place=Kobani")
    assert saved.exit_code == 0
    assert "/alerts/" in saved.stdout
    assert "whsec_" not in saved.stdout
    (one,) = ask(folder, "list")
    assert (one["name"], one["filters"]) == ("zone", {"place": ["Kobani"]})
    assert ask(folder, "show", "zone")["hits"] == []
    assert call(folder, "remove", "zone").exit_code == 0
    assert call(folder, "remove", "zone").exit_code == 1
    assert call(folder, "show", "zone").exit_code == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "zone"), "give words"),
        (("add", "zone", "x", "--filter", "nobody=x"), "FACET=VALUE"),
        (("add", "zone", "x", "--every", "minute"), "hit, hour, day"),
        (("add", "zone", "x", "--webhook", "ftp://x"), "https://"),
        (("add", "zone", "x", "--email", "a@b"), "an address like"),
        (("add", "zone", "x", "--email", "a@b.example", "--webhook", "https://c"), "no --webhook"),
        (("add", "zone", "x", "--email", "a@b.example"), "host"),
        (("add", "a/b", "x"), "no /"),
        (("add", "zone", '"x'), "not closed"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_words(folder, words, why):
    with pytest.raises(UsageError, match=why):
        call(folder, *words)


def test_a_webhook_has_a_secret_that_is_told_once(folder):
    saved = call(folder, "add", "zone", "zone", "--webhook", "https://a.example/hook")
    assert "whsec_" in saved.stdout
    assert "whsec_" not in call(folder, "list", "--json").stdout
    assert "whsec_" not in call(folder, "show", "zone", "--json").stdout


def test_a_search_can_have_a_mailbox_where_there_is_a_server(folder, monkeypatch):
    monkeypatch.setenv("NEWSLINE_MAIL__HOST", "mail.example")
    assert call(folder, "add", "zone", "zone", "--email", "desk@b.example").exit_code == 0
    (one,) = ask(folder, "list")
    assert one["webhook"] == "mailto:desk@b.example"
