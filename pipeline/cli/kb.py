"""`newsline kb`: look after the lists of people, organisations and places."""

from collections import Counter
from typing import Annotated

import typer

from pipeline.adapters.places.opening import open_places
from pipeline.cli.hints import complete
from pipeline.cli.options import (
    DEFAULT_DATA,
    ConfigOption,
    DataOption,
    open_config,
    open_existing,
)
from pipeline.cli.output import BAD_NEWS, JsonFlag, print_json, print_table, quantity
from pipeline.config import load
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.gazetteer_files import load_gazetteer
from pipeline.enrich.suggesting import Suggestions, as_toml
from pipeline.errors import ConfigError

commands = typer.Typer(
    help="Look after the lists of names in config/gazetteer.", no_args_is_help=True
)
_FOLDER = "gazetteer"


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="kb")


@commands.command("check")
def check(config: ConfigOption = None, json: JsonFlag = False) -> None:
    """Read the lists and report every fault with file and key; else say what they hold.

    Exit code 1 when there are faults.

    Example: newsline kb check
    """
    _, folder = open_config(config)
    try:
        gazetteer = load_gazetteer(folder / _FOLDER)
    except ConfigError as error:
        rows = [(fault.file, fault.key, fault.problem) for fault in error.faults]
        if json:
            print_json({"faults": [dict(zip(("file", "key", "problem"), row, strict=True))
                                   for row in rows]})  # fmt: skip
        else:
            print_table("Faults", ("file", "key", "problem"), rows)
        raise typer.Exit(BAD_NEWS) from None
    names = gazetteer.names.values()
    counts = Counter(name.type for name in names)
    spellings = Counter(name.type for name in names for _ in name.spellings())
    linked = Counter(name.type for name in names if name.wikidata or name.geonames)
    held = [(kind, counts[kind], spellings[kind], linked[kind]) for kind in counts]
    if json:
        print_json({"faults": [], "names": {kind: count for kind, count, *_ in held}})
        return
    print_table("The lists", ("type", "names", "spellings", "with an identifier"), held)


@commands.command("suggest")
def suggest(
    least: Annotated[int, typer.Option(help="Only what so many articles name.", min=1)] = 2,
    limit: Annotated[int, typer.Option(help="At most so many names.", min=1, max=1_000)] = 30,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Show names that articles have and no list has, as lines to paste into config/gazetteer.

    They are found by a model (docs/entities.md): without one there are none.

    Example: newsline kb suggest --least 3 --data var/mine
    """
    with open_existing(data, config) as app:
        found = Suggestions(load_gazetteer(app.config_dir / _FOLDER))
        articles = 0
        for works in app.ledger.all_indexed():
            for work in works:
                if work.enrichment and work.revision:
                    extraction = work.revision.extraction
                    found.add(work.enrichment.entities, extraction.title, extraction.text)
                    articles += 1
        names = found.most(limit, least=least)
        has_model = bool(app.config.enrich.models)
    if json:
        print_json([{"name": one.name, "type": one.type, "articles": one.articles,
                     "spelling_of": one.spelling_of, "examples": one.examples,
                     "toml": as_toml(one)} for one in names])  # fmt: skip
        return
    for one in names:
        typer.echo(f"# {one.name}: {one.type}, {quantity(one.articles, 'article')}")
        for example in one.examples:
            typer.echo(f"#   … {example} …")
        typer.echo(f"{as_toml(one)}\n")
    typer.echo(f"# {quantity(len(names), 'name')} in {quantity(articles, 'article')}.")
    if not names and not has_model:
        typer.echo("# Names beside the lists are found by a model: [enrich] models names none.")


@commands.command("refresh")
def refresh(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Compile what is compiled from lists, and say how many articles older lists were used for.

    Example: newsline kb refresh --data var/mine
    """
    file, folder = open_config(config)
    places = open_places()
    versions = Enrichers.load(folder, places, load(file).enrich.models).versions
    with open_existing(data, config) as app:
        older = in_index = 0
        for works in app.ledger.all_indexed():
            in_index += len(works)
            older += sum(
                any(work.enrichment.versions.get(part) != versions[part]
                    for part in ("entities", "places"))
                for work in works if work.enrichment
            )  # fmt: skip
    if json:
        print_json({"entities": versions["entities"], "places": versions["places"],
                    "in_index": in_index, "older": older})  # fmt: skip
        return
    typer.echo(f"The lists are {versions['entities']}, places {versions['places']}.")
    typer.echo(f"{older:,} of {quantity(in_index, 'article')} in the index were read with others.")
    if older:
        typer.echo(
            complete("See what would change: `newsline replay --stage enrich --enricher entities`")
        )
