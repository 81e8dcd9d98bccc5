"""`newsline webhooks`."""

import orjson
import pytest
from support_changes import doors_of, publish
from support_serve import served
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.errors import UsageError

URL = "https://desk.example/hook"


@pytest.fixture
def folder(tmp_path):
    """A data folder with an article, and so a log with a line."""
    with served(tmp_path) as opened:
        publish(doors_of(opened), "https://herald.example/a", "A safe zone was agreed on.")
        opened.ledger.number_changes()
    return tmp_path


def call(folder, *words):
    words = ["webhooks", *words, "--data", str(folder)]
    return CliRunner().invoke(build(words), words, catch_exceptions=False)


def test_a_receiver_is_added_listed_and_removed(folder):
    added = call(folder, "add", "desk", URL, "--filter", "place=Kobani", "--filter", "language=en")
    assert added.exit_code == 0
    assert "after line 1" in added.stdout
    assert "1 article in the index is like that now" in added.stdout
    assert "whsec_" in added.stdout
    all_of_it = call(folder, "add", "copy", URL, "--from-start", "--json")
    assert orjson.loads(all_of_it.stdout)["after"].split(".")[1] == "0"
    listed = call(folder, "list", "--json").stdout
    assert "whsec_" not in listed
    copy, desk = orjson.loads(listed)
    assert desk["filters"] == {"place": ["Kobani"], "language": ["en"]}
    assert (copy["name"], desk["url"], desk["failed_reason"]) == ("copy", URL, None)
    assert "0 of 1" in call(folder, "list").stdout
    assert call(folder, "remove", "desk").exit_code == 0
    assert call(folder, "remove", "desk").exit_code == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", " ", URL), "NAME"),
        (("add", "desk", "ftp://x"), "https://"),
        (("add", "desk", URL, "--filter", "place"), "FIELD=VALUE"),
        (("add", "desk", URL, "--filter", "title=x"), "organisation"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(folder, words, why):
    with pytest.raises(UsageError, match=why):
        call(folder, *words)
