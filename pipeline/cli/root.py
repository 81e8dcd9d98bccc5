"""Assembles the subcommands and turns our own errors into messages and exit codes."""

import sys
from importlib import import_module, metadata
from typing import Annotated

import typer

from pipeline.adapters.fork_server import start_server
from pipeline.cli import hints
from pipeline.cli.output import REFUSED, WRONG_USE, complain
from pipeline.errors import NewslineError, StoreUnavailable

#: Command or group → (module in this folder, what it is for), in the order of a newcomer's need.
COMMANDS = {
    "demo": ("demo", "The whole trip over a small news world on this machine."),
    "run": ("run", "Poll feeds, fetch, extract, enrich and index what is new."),
    "check": ("check", "Report every mistake in the configuration at once."),
    "search": ("search", "Search the articles: words, phrases, facets, days."),
    "serve": ("serve", "Serve the explorer and the API, to this machine or to many."),
    "keys": ("keys", "Make, list and revoke API keys."),
    "feeds": ("feeds", "Show, check, find, import and export feeds."),
    "balance": ("books", "Is everything discovered accounted for?"),
    "where": ("books", "The life of one URL: every step, with its reason."),
    "replay": ("books", "Send dead letters, or any stage, through again."),
    "erase": ("erase", "Take articles out for good, everywhere."),
    "kb": ("kb", "Look after the lists of names: check, suggest, refresh."),
    "alerts": ("alerts", "Saved searches that tell of each story once."),
    "webhooks": ("webhooks", "Services to whom the change feed is pushed."),
    "quality": ("quality", "Is it still good? Findings against objective and past."),
    "index": ("index", "Look after the index: status, rebuild."),
    "ledger": ("ledger", "Look after the ledger: upgrade, backup, restore."),
    "archive": ("archive", "Look after the archive: status, trim."),
    "kibana": ("kibana", "Give Kibana its dashboards and saved searches."),
    "elasticsearch": ("elasticsearch", "A real node for development: start, stop, status."),
    "parse-feed": ("parse_feed", "Parse feed files, without ledger or network."),
    "extract": ("extract", "Extract articles from saved pages, one or many."),
    "enrich": ("enrich", "Find language, people, organisations, places and topics."),
    "rehearse": ("rehearse", "Serve ten invented outlets, to try things on."),
}

#: Commands that hand all their work to worker processes → what those must have imported.
_WORK = {
    "parse-feed": "pipeline.feeds.tasks",
    "extract": "pipeline.extract.tasks",
    "enrich": "pipeline.enrich.tasks",
}


def build(arguments: list[str]) -> typer.Typer:
    """Return the command line for these arguments.

    Only the command that is asked for is imported: `newsline search` should not wait for a feed
    parser and a database to load. For anything else (`--help`, a misspelt name) all are.
    """
    hints.WORDS.set(tuple(arguments))
    app = typer.Typer(
        name="newsline",
        help="Pull news feeds, extract and enrich their articles, and search them. Nothing gets "
        "lost: every URL ends in a counted outcome (see `newsline balance`).",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    asked = next((COMMANDS[word][0] for word in arguments[:1] if word in COMMANDS), None)
    for module in dict.fromkeys(module for module, _ in COMMANDS.values()):
        if asked in (None, module):
            import_module(f"pipeline.cli.{module}").register(app)
    for command in app.registered_commands:
        command.short_help = COMMANDS[command.name or ""][1]
    for group in app.registered_groups:
        group.short_help = COMMANDS[str(group.name)][1]
    return app


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"newsline {metadata.version('newsline')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; ends the process."""
    if (registry := _WORK.get(sys.argv[1] if sys.argv[1:] else "")) is not None:
        start_server(registry)  # it gets ready while this process imports the command
    try:
        build(sys.argv[1:])()
    except NewslineError as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            complain(line)
        sys.exit(REFUSED if isinstance(error, StoreUnavailable) else WRONG_USE)
