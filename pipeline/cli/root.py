"""Assembles the subcommands and turns our own errors into messages and exit codes."""

import sys

import typer

from pipeline.cli import (
    books,
    demo,
    enrich,
    extract,
    feeds,
    index,
    ledger,
    parse_feed,
    rehearse,
    run,
    search,
)
from pipeline.cli.output import WRONG_USE, complain
from pipeline.errors import NewslineError

app = typer.Typer(
    name="newsline",
    help="Pull news feeds, extract and enrich their articles, and search them. Nothing gets lost: "
    "every URL ends in a counted outcome (see `newsline balance`).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: In the order in which a newcomer needs them; `newsline --help` keeps it.
GROUPS = (demo, run, search, feeds, books, index, ledger, parse_feed, extract, enrich, rehearse)
for group in GROUPS:
    group.register(app)


def main() -> None:
    """Run the command line; ends the process."""
    try:
        app()
    except NewslineError as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            complain(line)
        sys.exit(WRONG_USE)
