"""balance, where, replay and ledger, as their users call them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from support_ledger import NOW, bring_to, commit_step, failed, publish
from typer.testing import CliRunner

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import maintenance, open_ledger
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
    words = [*arguments, "--data", str(desk)]
    done = CliRunner().invoke(build(words), words, catch_exceptions=False)
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


def test_balance_of_a_publisher_that_never_was_is_refused(desk):
    with pytest.raises(UsageError, match=r"no publisher 'bcc' .* known: herald"):
        call(desk, "balance", "--publisher", "bcc")


def test_balance_of_a_run_that_never_was_is_refused(desk):
    with pytest.raises(UsageError, match="no run '2019'"):
        call(desk, "balance", "--run", "2019")


def test_a_balance_that_fails_advises_another_command_than_itself(desk):
    lose_the_document(desk)
    _, text = call(desk, "balance")
    assert f"newsline index rebuild --data {desk}`" in text
    assert "See `newsline balance`" not in text


@pytest.mark.parametrize(
    "command",
    [("balance",), ("where", A), ("replay",), ("ledger", "upgrade"), ("ledger", "backup", "b.gz")],
)
def test_a_folder_without_a_ledger_is_refused_and_nothing_is_made(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"there is no ledger at .*typo: has `newsline run"):
        call(tmp_path / "typo", *command)
    assert list(tmp_path.iterdir()) == []


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


def test_where_of_a_finished_article_speaks_of_a_revisit(desk):
    _, text = call(desk, "where", A)
    assert "revisit due at" in text
    assert "waits for" not in text


def test_replay_of_an_unknown_reason_lists_those_there_are(desk):
    done = CliRunner().invoke(
        build(["replay"]), ["replay", "--reason", "nosuch", "--data", str(desk)]
    )
    assert done.exit_code == 0
    assert "no dead letter has the reason 'nosuch'; there are: parser_timeout" in done.stderr
    assert done.stdout == "No URLs are due again.\n"


def test_replay_of_polls_makes_feeds_due_but_not_paused_ones(desk):
    assert ask(desk, "replay", "--stage", "poll", "--feed", "herald-world")[1]["replayed"] == 1
    ledger = open_ledger(f"sqlite:///{desk / 'ledger.sqlite'}")
    (state,) = ledger.feed_states(["herald-world"])
    assert abs(datetime.now(UTC) - state.next_poll_at) < timedelta(minutes=1)
    paused = replace(state, paused=True, paused_reason="gone")
    ledger.override_feed(paused, actor="test", note="", now=NOW)
    ledger.close()
    done = CliRunner().invoke(build(["replay"]), ["replay", "--stage", "poll", "--data", str(desk)])
    assert "herald-world is paused (gone)" in done.stderr


def test_replay_makes_dead_letters_due(desk):
    assert ask(desk, "replay", "--dry-run")[1] == {"replayed": 0, "selected": 1}
    assert ask(desk, "replay", "--reason", "another")[1] == {"replayed": 0, "selected": 0}
    code, text = call(desk, "replay", "--since", f"{NOW:%Y-%m-%d}")
    assert code == 0
    assert "1 URL is due again" in text
    assert f"newsline run --once --data {desk}`" in text
    assert ask(desk, "where", B)[1]["position"]["stage"] == "extract"


def test_replay_of_one_url_leaves_the_others(desk):
    assert ask(desk, "replay", "--url", f"{B}#top") == (0, {"replayed": 1, "selected": 1})
    assert ask(desk, "replay", "--url", A) == (0, {"replayed": 0, "selected": 0})  # no dead letter
    code, _ = ask(desk, "replay", "--url", A, "--all", "--stage", "extract")
    assert code == 0
    assert ask(desk, "balance")[1]["in_flight"] == 1
    ledger = open_ledger(f"sqlite:///{desk / 'ledger.sqlite'}")
    assert {ledger.where(url)[0].stage for url in (A, B)} == {Stage.EXTRACT}
    ledger.close()


def test_replay_of_a_url_that_was_never_seen_is_refused(desk):
    with pytest.raises(UsageError, match="never seen"):
        call(desk, "replay", "--url", "https://herald.example/nowhere")
    with pytest.raises(UsageError, match="--url goes with neither"):
        call(desk, "replay", "--url", A, "--stage", "poll")


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


def test_a_restore_that_fails_leaves_nothing_behind(desk, tmp_path):
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"no backup")
    with pytest.raises(UsageError):
        call(tmp_path / "deep" / "new", "ledger", "restore", str(broken))
    assert not (tmp_path / "deep").exists()


def test_a_restore_says_what_comes_next(desk, tmp_path):
    call(desk, "ledger", "backup", str(tmp_path / "backup.gz"))
    _, text = call(tmp_path / "other", "ledger", "restore", str(tmp_path / "backup.gz"))
    assert f"newsline index rebuild --data {tmp_path / 'other'}" in text


def test_upgrade_says_what_form_the_ledger_has(desk):
    assert ask(desk, "ledger", "upgrade")[1] == {"revision": maintenance.HEAD, "changed": False}
