"""`newsline erase` over a real ledger, archive and index; what the server says afterwards."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from support_changes import doors_of, index_due, publish
from support_serve import client, served
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.config import Config, OutletRights, RightsSettings
from pipeline.eraser import erase_outlived
from pipeline.errors import UsageError
from pipeline.index.query import Query
from pipeline.serve.shown import ShownIndex
from pipeline.urls import article_id

A, B = "https://herald.example/a", "https://herald.example/b"
LONG = "A safe zone was agreed on by two armies that had long argued. " * 20


@pytest.fixture
def folder(tmp_path):
    """A data folder with two articles."""
    with served(tmp_path) as opened:
        doors = doors_of(opened)
        publish(doors, A, f"A safe zone was agreed on. {LONG}")
        publish(doors, B, "Something else was agreed on.")
        opened.ledger.number_changes()
    return tmp_path


def call(folder, *words):
    words = ["erase", *words, "--data", str(folder)]
    return CliRunner().invoke(build(words), words, catch_exceptions=False)


def test_a_preview_changes_nothing(folder):
    said = call(folder, A)
    assert said.exit_code == 0
    assert A in said.stdout
    assert "Nothing was erased" in said.stdout
    with served(folder) as opened:
        assert opened.index.find(article_id(A)) is not None


def test_what_is_erased_is_gone_from_search_and_feed_and_the_report_does_it_again(folder):
    report = folder / "erased.json"
    done = call(folder, A, "--yes", "--why", "order 12", "--report", str(report), "--json")
    assert done.exit_code == 0
    assert orjson.loads(done.stdout)["urls"] == 1
    with served(folder) as opened:
        api = client(opened)
        assert api.get(f"/v1/articles/{article_id(A)}").status_code == 410
        assert api.get(f"/v1/articles/{article_id(A)}").json()["reason"] == "erased"
        assert api.get("/v1/search", params={"q": "agreed"}).json()["total"] == 1
        lines = [orjson.loads(line) for line in api.get("/v1/changes").text.splitlines()]
        assert (article_id(A), "retract") in {(one["article_id"], one["kind"]) for one in lines}
        assert api.get(f"/articles/{article_id(A)}").status_code == 404
    again = call(folder, "--file", str(report), "--yes", "--why", "after a restore", "--json")
    assert orjson.loads(again.stdout)["urls"] == 0
    assert "order 12" in report.read_text("utf-8")
    assert "herald.example" not in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say what to erase"),
        ((A, "--outlet", "herald"), "say what to erase"),
        ((A, "--yes"), "--why"),
        (("ftp://x",), "no web address"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(folder, words, why):
    with pytest.raises(UsageError, match=why):
        call(folder, *words)


def test_of_a_limited_outlet_the_server_shows_a_snippet_everywhere(folder):
    rights = RightsSettings(outlets={"herald": OutletRights(text="snippet")})
    with served(folder) as opened:
        shown = ShownIndex(opened.index, rights)
        api = client(replace(opened, index=shown, config=Config(rights=rights)))
        id_ = article_id(A)
        said = api.get(f"/v1/articles/{id_}").json()
        assert "snippet_only" in said["flags"]
        texts = [
            said["text"],
            api.get(f"/v1/articles/{id_}/revisions/1").json()["text"],
            *(
                orjson.loads(line)["text"]
                for line in api.get("/v1/export", params={"q": "zone"}).text.splitlines()
            ),
            *(
                orjson.loads(line)["document"]["text"]
                for line in api.get("/v1/changes").text.splitlines()
                if orjson.loads(line)["article_id"] == id_
            ),
        ]
        assert len(texts) == 4
        assert all(len(text) <= 302 for text in texts)
        hits = api.get("/v1/search", params={"q": "argued"}).json()["hits"]
        assert [one["highlights"].get("text", []) for one in hits] == [[]]
        bare = opened.index.search(Query(text="argued")).hits
        assert [bool(one.highlights["text"]) for one in bare] == [True]
        page = api.get(f"/articles/{id_}").text
        assert "beginning of the text only" in page
        assert page.count("had long argued") <= 5


@pytest.mark.parametrize(
    ("rights", "days", "left"),
    [
        (RightsSettings(), 999, 2),
        (RightsSettings(keep_days=30), 29, 2),
        (RightsSettings(keep_days=30), 31, 0),
        (RightsSettings(outlets={"herald": OutletRights(keep_days=30)}), 31, 0),
        (RightsSettings(keep_days=30, outlets={"herald": OutletRights(keep_days=0)}), 31, 2),
        (RightsSettings(outlets={"courier": OutletRights(keep_days=30)}), 31, 2),
    ],
)
def test_what_an_outlet_lets_us_keep_for_some_days_goes_then(folder, rights, days, left):
    with served(folder) as opened:
        now = opened.clock.now() + timedelta(days=days)
        erased = erase_outlived(opened.ledger, {"herald"}, rights, now)
        index_due(doors_of(opened), now)
        found = [opened.index.find(article_id(url)) for url in (A, B)]
        assert sum(one is not None for one in found) == left == 2 - erased
        for url in (A, B):
            status = opened.ledger.where(url)[0].status
            assert status == ("indexed" if left else "erased")
