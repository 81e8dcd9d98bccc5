"""What `--help` says of a command is so."""

import pytest
from support_cli import leaves
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.errors import UsageError

#: Command → what it must be given besides, so that it comes to its ledger.
GIVEN = {
    "where": ["https://herald.example/a"],
    "quality silence": ["why", "--hours", "1", "--feed", "herald"],
    "ledger backup": ["backup.gz"],
}


def folder_help():
    """Return command → help of --data, where it is the folder of ledger, archive and index."""
    return {
        name: option.help
        for name, command in leaves()
        for option in command.params
        if option.envvar == "NEWSLINE_DATA"
    }


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
