"""`newsline check`: all that is wrong with the configuration, at once."""

from pathlib import Path

import typer

from pipeline.cli.options import (
    DEFAULT_FEEDS,
    ConfigOption,
    FeedsOption,
    open_config,
)
from pipeline.cli.output import WRONG_USE, JsonFlag, print_json, print_table
from pipeline.config import Config, load
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.models import load_models
from pipeline.errors import ConfigError, Exemption, Fault, ItemError
from pipeline.feeds.catalogue import load_catalogue
from pipeline.fetch.guard import Guard
from pipeline.fetch.user_agent import user_agent


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("check")(check)


def check(
    feeds: FeedsOption = DEFAULT_FEEDS,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Read every configuration file and report all that is wrong with them, at once.

    Example: newsline check --feeds my-feeds.toml
    """
    file, folder = open_config(config)
    faults: list[Fault] = []
    settings, guard = Config(), None
    try:
        settings = load(file)
        guard = Guard(settings.fetch)
    except ConfigError as error:
        faults += error.faults
    for read in (
        lambda: _check_feeds(feeds, guard),
        lambda: Enrichers.load(folder),
        lambda: load_models(settings.enrich.models, opened=True),
    ):
        try:
            read()
        except ConfigError as error:
            faults += error.faults
    rows = [(fault.file, fault.key, fault.problem) for fault in faults]
    if json:
        print_json(
            {"faults": [dict(zip(("file", "key", "problem"), row, strict=True)) for row in rows]}
        )
    elif rows:
        print_table("Faults", ("file", "key", "problem"), rows)
    else:
        typer.echo(f"settings: {file or 'defaults'}; feeds: {feeds}; gazetteer: {folder}: all good")
        typer.echo(f"publishers will see: {user_agent(settings.fetch)}")
        if not settings.fetch.contact:
            typer.echo("advice: set [fetch] contact, so that a publisher can reach you")
    if faults:
        raise typer.Exit(WRONG_USE)


def _check_feeds(feeds: Path, guard: Guard | None) -> None:
    """Read the catalogue, and see whether our own guard would let its feeds be asked.

    Without settings there is no guard. Raises ConfigError.
    """
    refused: list[tuple[str, ItemError]] = []
    for feed in load_catalogue(feeds):
        try:
            if guard is not None:
                guard.check_url(feed.url)
        except ItemError as error:
            refused.append((f"feed.{feed.feed_id}.url", error))
    # One setting that lets all of them through: the lines of single ones would undo each other.
    needed = Exemption()
    for _, why in refused:
        needed |= why.exemption or Exemption()
    mend = f"; [fetch] {' and '.join(needed.lines())} would let it through"
    faults = [
        Fault(str(feeds), key, f"{why}{mend if why.exemption else ''}") for key, why in refused
    ]
    if faults:
        raise ConfigError(faults)
