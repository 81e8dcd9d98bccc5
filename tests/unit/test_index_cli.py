"""`newsline search` and `newsline index` as their users run them."""

import json

import pytest
import typer
from support_index import article, newsroom
from support_ledger import bring_to, publish
from typer.testing import CliRunner

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.cli import index as index_commands
from pipeline.cli import search as search_command
from pipeline.cli.output import BAD_NEWS, OK
from pipeline.errors import UsageError
from pipeline.model import Stage


@pytest.fixture
def newsline(tmp_path):
    """Run a command over a data folder whose index holds the newsroom."""
    index = EmbeddedIndex(tmp_path / "index")
    index.write(newsroom(), [])
    index.close()
    open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}").close()
    app = typer.Typer()
    app.callback()(lambda: None)
    search_command.register(app)
    index_commands.register(app)

    def run(*arguments, data=tmp_path):
        where = ["--data", str(data)] if data else []
        return CliRunner().invoke(app, [*arguments, *where], env={"COLUMNS": "100", "TERM": "dumb"})

    return run


def test_an_answer_for_people(newsline):
    answer = newsline("search", "safe zone", "--facet", "person")
    assert answer.exit_code == OK
    assert "2 articles" in answer.output
    assert "2019-09-08  the-harbour-post  en" in answer.output
    assert "First joint patrol enters the ⟦safe⟧ ⟦zone⟧" in answer.output
    assert "https://the-harbour-post.example/en-patrol" in answer.output
    assert "Recep Tayyip Erdoğan" in answer.output


def test_without_words_a_hit_shows_the_first_whole_words_of_its_text(newsline):
    answer = newsline("search", "--filter", "language=en", "--json")
    texts = [" ".join(hit["document"]["text"].split()) for hit in json.loads(answer.output)["hits"]]
    shown = newsline("search", "--filter", "language=en").output.splitlines()
    cut = [line.strip().removesuffix("…") for line in shown if line.endswith("…")]
    assert cut
    for beginning in cut:
        (text,) = [text for text in texts if text.startswith(beginning)]
        assert text[len(beginning)] == " "


def test_an_answer_for_machines(newsline):
    answer = newsline(
        "search", "--filter", "language=tr", "--filter", "language=ar", "--facet", "language",
        "--sort", "oldest", "--size", "2", "--json",
    )  # fmt: skip
    page = json.loads(answer.output)
    assert page["total"] == 3
    assert [hit["article_id"] for hit in page["hits"]] == ["tr-bolge", "ar-mintaqa"]
    assert {"value": "tr", "count": 2} in page["facets"]["language"]
    rest = newsline(
        "search", "--filter", "language=tr", "--filter", "language=ar", "--sort", "oldest",
        "--cursor", page["cursor"], "--json",
    )  # fmt: skip
    assert [hit["article_id"] for hit in json.loads(rest.output)["hits"]] == ["tr-pazar"]


def test_days(newsline):
    answer = newsline("search", "--from", "2019-09-09", "--to", "2019-09-09", "--json")
    assert [hit["article_id"] for hit in json.loads(answer.output)["hits"]] == ["ar-mintaqa"]


def test_finding_nothing_is_no_error(newsline):
    assert newsline("search", "quasar").output == "nothing found\n"


@pytest.mark.parametrize("command", [("search", "zone"), ("index", "status"), ("index", "rebuild")])
def test_a_folder_without_a_ledger_is_refused_and_stays_as_it_is(newsline, tmp_path, command):
    folder = tmp_path / "typo"
    answer = newsline(*command, data=folder)
    assert isinstance(answer.exception, UsageError)
    assert f"there is no ledger at {folder}" in str(answer.exception)
    assert not folder.exists()


def test_a_ledger_without_an_index_asks_for_a_rebuild(newsline, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    publish(ledger, "https://herald.example/a")
    ledger.close()
    answer = newsline("search", "zone", data=folder)
    assert f"newsline index rebuild --data {folder}" in str(answer.exception)
    assert newsline("index", "rebuild", data=folder).exit_code == OK
    assert newsline("search", "quasar", data=folder).output == "nothing found\n"


def test_a_ledger_of_which_nothing_is_indexed_yet_says_so(newsline, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    bring_to(ledger, "https://herald.example/a", Stage.INDEX)
    ledger.close()
    said = str(newsline("search", "zone", data=folder).exception)
    assert "no article of this ledger is indexed yet" in said
    assert f"`newsline balance --data {folder}`" in said
    assert "rebuild" not in said


@pytest.mark.parametrize("command", ["snapshot", "snapshots"])
def test_an_embedded_index_says_how_it_is_copied(newsline, command):
    answer = newsline("index", command)
    assert isinstance(answer.exception, UsageError)
    assert "copy the data folder" in str(answer.exception)
    assert "newsline index rebuild" in str(answer.exception)


def test_a_query_may_begin_with_a_minus(newsline, tmp_path):
    done = newsline("search", "--json", "--data", str(tmp_path), "--", "-patrol", data=None)
    assert done.exit_code == OK
    assert json.loads(done.output)["total"] > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "yesterday"),
        ("--filter", "person"),
        ("--filter", "person="),
        ("--filter", "mood=good"),
        ("--facet", "mood"),
        ("--sort", "mood"),
        ("--cursor", "xyz"),
        ("*zone",),
    ],
)
def test_wrong_use_is_a_usage_error(newsline, arguments):
    answer = newsline("search", *arguments)
    assert isinstance(answer.exception, UsageError)


def test_text_from_outside_is_only_text(newsline, tmp_path):
    index = EmbeddedIndex(tmp_path / "index")
    index.write(
        [article("evil", "[bold]Zebra[/bold] [/] \x1b[31mred", "zebra \x1b]0;x\x07 [link")], []
    )
    index.close()
    answer = newsline("search", "zebra")
    assert "[bold]⟦Zebra⟧[/bold] [/]" in answer.output
    assert "\x1b" not in answer.output


def test_the_index_is_held_against_the_ledger(newsline):
    answer = newsline("index", "status", "--json")
    report = json.loads(answer.output)
    assert answer.exit_code == BAD_NEWS  # the ledger of this folder knows none of them
    assert report["documents"] == report["extra"] == len(newsroom())
    assert report["in_ledger"] == report["missing"] == report["stale"] == 0
    assert report["size_bytes"] > 0


def test_a_rebuild_follows_the_ledger(newsline):
    assert newsline("index", "rebuild", "--json").exit_code == OK
    status = newsline("index", "status")
    assert status.exit_code == OK
    assert "documents" in status.output
