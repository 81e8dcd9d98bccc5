"""Commands in messages can be run as printed: with the options that were given, and the program."""

import shlex
import shutil
import sys
from pathlib import Path

import pytest
from support_cli import leaves

from pipeline.cli import hints


@pytest.fixture
def on_path(monkeypatch):
    """The shell finds the command."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def said(message, *words):
    hints.WORDS.set(words)
    return hints.complete(message)


@pytest.mark.usefixtures("on_path")
def test_a_hint_has_the_options_that_were_given_and_that_its_command_takes():
    words = ("run", "--once", "--feeds", "my feeds.toml", "--data=var/x", "--config", "c.toml")
    assert said("`newsline where URL` and `newsline feeds check`.", *words) == (
        "`newsline where URL --data var/x --config c.toml` and "
        "`newsline feeds check --feeds 'my feeds.toml' --config c.toml`."
    )
    assert said("`newsline elasticsearch stop`", *words) == "`newsline elasticsearch stop`"


@pytest.mark.usefixtures("on_path")
def test_what_was_not_given_or_stands_there_already_is_not_added():
    assert said("see `newsline balance`", "run") == "see `newsline balance`"
    assert said("`newsline run --data a`", "balance", "--data", "b") == "`newsline run --data a`"
    assert said("`newsline balance`", "search", "--", "--data", "b") == "`newsline balance`"


def test_where_the_shell_finds_no_newsline_its_path_stands_there(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    program = Path(sys.executable).with_name("newsline")
    monkeypatch.chdir(program.parents[2])
    nearby = program.relative_to(program.parents[2])
    assert said("`newsline balance`", "run") == f"`{nearby} balance`"
    monkeypatch.chdir(tmp_path)
    assert said("`newsline balance`", "run") == f"`{shlex.quote(str(program))} balance`"


def test_hints_know_which_command_takes_which_option():
    """An own --data of another meaning (`elasticsearch`, `demo`) has no NEWSLINE_DATA."""
    ours = {"NEWSLINE_FEEDS", "NEWSLINE_DATA", "NEWSLINE_CONFIG"}
    found = {
        name: {one.opts[0] for one in command.params if one.envvar in ours}
        for name, command in leaves()
    }
    known = {
        name: set(hints.TAKES.get(name) or hints.TAKES.get(name.split()[0], ())) for name in found
    }
    assert known == found
