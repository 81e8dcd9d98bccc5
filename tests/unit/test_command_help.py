"""What `--help` says of a command is so."""

import re
import shlex

import pytest
import structlog
from support_cli import leaves
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.errors import UsageError

#: Command → what it must be given besides, so that it comes to its ledger.
GIVEN = {
    "where": ["https://herald.example/a"],
    "quality silence": ["why", "--hours", "1", "--feed", "herald"],
    "ledger backup": ["backup.gz"],
    "keys create": ["newsroom", "--scope", "search"],
    "keys revoke": ["newsroom"],
    "alerts add": ["zone", "safe zone"],
    "alerts remove": ["zone"],
    "alerts show": ["zone"],
    "alerts test": ["safe zone"],
    "webhooks add": ["desk", "https://desk.example/hook"],
    "webhooks remove": ["desk"],
}


def folder_help():
    """Return command → help of --data, where it is the folder of ledger, archive and index."""
    return {
        name: option.help
        for name, command in leaves()
        for option in command.params
        if option.envvar == "NEWSLINE_DATA"
    }


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    """A command sends its logs to the standard error that it finds, here one that is closed."""
    yield
    structlog.reset_defaults()


REFUSING = sorted(name for name, said in folder_help().items() if "refused when missing" in said)


@pytest.mark.parametrize("name", REFUSING)
def test_a_folder_that_help_calls_refused_when_missing_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [*name.split(), *GIVEN.get(name, []), "--data", "missing"]
    refused = CliRunner().invoke(build(words), words).exception
    assert isinstance(refused, UsageError), refused
    assert "there is no ledger at missing" in str(refused)
    assert list(tmp_path.iterdir()) == []


def test_only_a_run_and_a_restore_make_the_folder():
    made = {name for name, said in folder_help().items() if "made when missing" in said}
    assert made == {"run", "ledger restore"}


def examples():
    """Yield the words of every example, with the command that it shows and that command's name."""
    for name, command in leaves():
        for line in re.findall(r"Example: (.+)", command.help or ""):
            yield (
                name,
                command,
                shlex.split(re.split(r"(?:^| )newsline ", line)[-1].partition(" > ")[0]),
            )


def test_every_command_has_an_example_and_its_words_are_understood():
    shown = {name for name, *_ in examples()}
    # The demo's stands in a sentence of its own.
    assert {name for name, _ in leaves()} - shown == {"demo"}
    for name, command, words in examples():
        assert words[: len(name.split())] == name.split()
        command.make_context(name, words[len(name.split()) :], resilient_parsing=False)


def test_examples_of_commands_that_ask_a_ledger_say_where_it_is():
    """A reader of the README has none in the default folder."""
    asking = {*REFUSING, "run", "feeds list", "feeds export", "ledger restore"} - {"ledger upgrade"}
    assert [
        words for name, _, words in examples() if name in asking and "--data" not in words
    ] == []
