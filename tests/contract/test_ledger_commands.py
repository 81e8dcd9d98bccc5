"""balance, where, replay and ledger, as their users call them."""

import orjson
import pytest
from support_ledger import NOW, bring_to, commit_step, failed, publish
from typer.testing import CliRunner

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.cli.root import build
from pipeline.errors import UsageError
from pipeline.index.document import build_document
from pipeline.model import Stage

A, B = "https://herald.example/a", "https://herald.example/b"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A data folder with one indexed article and one dead letter; the document is in the index."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    ledger = open_ledger(f"sqlite:///{data / 'ledger.sqlite'}")
    publish(ledger, A)
    bring_to(ledger, B, Stage.EXTRACT)
    commit_step(ledger, Stage.EXTRACT, failed(B, Stage.EXTRACT, "parser_timeout"))
    works = [work for batch in ledger.all_indexed() for work in batch]
    ledger.close()
    index = EmbeddedIndex(data / "index")
    index.write([build_document(work) for work in works], [])
    index.close()
    return data


def call(desk, *arguments):
    """Return exit code and standard output of a command."""
    done = CliRunner().invoke(
        build([*arguments]), [*arguments, "--data", str(desk)], catch_exceptions=False
    )
    return done.exit_code, done.stdout


def ask(desk, *arguments):
    code, out = call(desk, *arguments, "--json")
    return code, orjson.loads(out)


def lose_the_document(desk):
    index = EmbeddedIndex(desk / "index")
    index.write([], [(article_id, version + 1) for article_id, version in index.versions()])
    index.close()


def test_balance_says_where_everything_is(desk):
    code, sheet = ask(desk, "balance")
    assert code == 0
    assert (sheet["discovered"], sheet["indexed"]) == (2, 1)
    assert sheet["dead"] == {"extract:parser_timeout": 1}
    assert sheet["concerned"] == []
    code, text = call(desk, "balance", "--feed", "herald-world")
    assert code == 0
    assert "The books balance: 2 discovered = 1 indexed + 1 dead" in text


def test_balance_names_what_the_index_lost(desk):
    lose_the_document(desk)
    code, sheet = ask(desk, "balance", "--publisher", "herald")
    assert code == 1
    assert [row["url"] for row in sheet["concerned"]] == [A]
    assert ask(desk, "balance", "--day", "2001-01-01")[0] == 0


def test_balance_of_a_feed_that_never_was_is_refused(desk):
    with pytest.raises(UsageError, match="no feed 'herold'"):
        call(desk, "balance", "--feed", "herold")


def test_where_tells_the_life_of_a_url(desk):
    code, answer = ask(desk, "where", A + "?utm_source=x")
    assert code == 0
    assert answer["position"]["status"] == "indexed"
    assert [line["stage"] for line in answer["life"]][:2] == ["sighting", "fetch"]
    assert answer["life"][1]["place"]["segment"] == "segment-1.warc.gz"
    code, text = call(desk, "where", B)
    assert code == 0
    assert "parser_timeout" in text


def test_where_says_when_a_url_was_never_seen(desk):
    code, answer = ask(desk, "where", "https://herald.example/never")
    assert (code, answer["position"]) == (1, None)


def test_replay_makes_dead_letters_due(desk):
    assert ask(desk, "replay", "--dry-run")[1] == {"replayed": 0, "selected": 1}
    assert ask(desk, "replay", "--reason", "another")[1] == {"replayed": 0, "selected": 0}
    code, text = call(desk, "replay", "--since", f"{NOW:%Y-%m-%d}")
    assert code == 0
    assert "1 URLs are due again" in text
    assert ask(desk, "where", B)[1]["position"]["stage"] == "extract"


def test_a_backup_restores_into_another_folder(desk, tmp_path):
    backup = str(tmp_path / "backup.gz")
    code, saved = ask(desk, "ledger", "backup", backup)
    assert code == 0
    other = tmp_path / "other"
    assert ask(other, "ledger", "restore", backup) == (0, saved)
    assert ask(other, "where", A)[1] == ask(desk, "where", A)[1]
    with pytest.raises(UsageError, match="exists already"):
        call(desk, "ledger", "backup", backup)
    with pytest.raises(UsageError, match="not empty"):
        call(other, "ledger", "restore", backup)


def test_upgrade_says_what_form_the_ledger_has(desk):
    assert ask(desk, "ledger", "upgrade")[1] == {"revision": "0001", "changed": False}
