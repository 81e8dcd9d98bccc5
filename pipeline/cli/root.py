"""Assembles the subcommands and turns our own errors into messages and exit codes."""

import sys
from importlib import import_module

import typer

from pipeline.cli.output import WRONG_USE, complain
from pipeline.errors import NewslineError

#: Command or group → module in this folder, in the order in which a newcomer needs them.
COMMANDS = {
    "demo": "demo",
    "run": "run",
    "check": "run",
    "search": "search",
    "feeds": "feeds",
    "balance": "books",
    "where": "books",
    "replay": "books",
    "index": "index",
    "ledger": "ledger",
    "parse-feed": "parse_feed",
    "extract": "extract",
    "enrich": "enrich",
    "rehearse": "rehearse",
}


def build(arguments: list[str]) -> typer.Typer:
    """Return the command line for these arguments.

    Only the command that is asked for is imported: `newsline search` should not wait for a feed
    parser and a database to load. For anything else (`--help`, a misspelt name) all are.
    """
    app = typer.Typer(
        name="newsline",
        help="Pull news feeds, extract and enrich their articles, and search them. Nothing gets "
        "lost: every URL ends in a counted outcome (see `newsline balance`).",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    asked = next((COMMANDS[word] for word in arguments[:1] if word in COMMANDS), None)
    for module in dict.fromkeys(COMMANDS.values()):
        if asked in (None, module):
            import_module(f"pipeline.cli.{module}").register(app)
    return app


def _root() -> None:
    """Do nothing by itself: makes typer treat every command as a subcommand."""


def main() -> None:
    """Run the command line; ends the process."""
    try:
        build(sys.argv[1:])()
    except NewslineError as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            complain(line)
        sys.exit(WRONG_USE)
