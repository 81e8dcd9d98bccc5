"""`newsline ledger`: bring its tables up to date, save it to one file, restore it from there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.adapters.ledger import backups, maintenance, opened
from pipeline.adapters.ledger.engine import Database
from pipeline.cli.hints import command
from pipeline.cli.options import (
    DEFAULT_DATA,
    ConfigOption,
    DataOption,
    NewDataOption,
    open_config,
    require_ledger,
)
from pipeline.cli.output import JsonFlag, print_json, print_table
from pipeline.config import load
from pipeline.errors import UsageError

commands = typer.Typer(help="The ledger: the durable record of everything discovered.")

FileArgument = Annotated[Path, typer.Argument(help="The backup, e.g. ledger-2019-09-10.ndjson.gz.")]


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="ledger")


@commands.command("upgrade")
def upgrade(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Bring the tables to the form that this version of newsline needs.

    A SQLite ledger upgrades itself; PostgreSQL waits for this command, so that its operator
    chooses the moment. Safe to run twice.

    Example: NEWSLINE_LEDGER__URL=postgresql://newsline@db/newsline newsline ledger upgrade
    """
    with _database(data, config) as database:
        changed = maintenance.upgrade(database)
    if json:
        print_json({"revision": maintenance.HEAD, "changed": changed})
    else:
        did = "brought to" if changed else "already has"
        typer.echo(f"the ledger {did} form {maintenance.HEAD}")


@commands.command("backup")
def backup(
    file: FileArgument,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Save the whole ledger, as it is at this moment, to one file; runs may go on meanwhile.

    The file restores into SQLite and PostgreSQL alike. It does not hold the archive (the pages)
    nor the index, which `newsline index rebuild` makes anew.

    Example: newsline ledger backup ledger-2019-09-10.ndjson.gz --data var/mine
    """
    if file.exists():
        raise UsageError(f"{file} exists already; a backup is never written over")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    with _database(data, config, create=False) as database, _progress(json) as progress:
        maintenance.ensure_current(database)
        counts = backups.backup(database, file, progress=progress)
    _show("Saved", counts, json=json)


@commands.command("restore")
def restore(
    file: FileArgument,
    data: NewDataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Fill a new, empty ledger from a backup: all of it, or nothing when the file is damaged.

    Example: newsline ledger restore ledger-2019-09-10.ndjson.gz --data var/restored
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    with (
        _nothing_left(data),
        _database(data, config, create=True) as database,
        _progress(json) as progress,
    ):
        maintenance.ensure_current(database)
        counts = backups.restore(database, file, progress=progress)
    _show("Restored", counts, json=json)
    if not json:
        typer.echo(f"next: {command('index rebuild')}")


@contextmanager
def _database(data: Path, config: Path | None, *, create: bool = False) -> Iterator[Database]:
    """Open the database of the settings, whatever form its tables have."""
    settings = load(open_config(config)[0])
    if create:
        data.mkdir(parents=True, exist_ok=True)
    else:
        require_ledger(settings, data)
    url = settings.ledger.url or f"sqlite:///{data / 'ledger.sqlite'}"
    with opened(url, create=create) as database:
        yield database


@contextmanager
def _nothing_left(data: Path) -> Iterator[None]:
    """Take away the ledger file and the folders that a failed restore made, and only those."""
    there = set(data.glob("ledger.sqlite*"))
    new = [folder for folder in (data, *data.parents) if not folder.exists()]
    try:
        yield
    except BaseException:
        for file in set(data.glob("ledger.sqlite*")) - there:
            file.unlink()
        for folder in new:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise


@contextmanager
def _progress(json: bool) -> Iterator[backups.Progress]:
    """Show rows going by, on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    shown = not json and sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        task = progress.add_task("", total=None)
        yield lambda table, rows: progress.update(task, description=f"{table}: {rows:,}")


def _show(title: str, counts: dict[str, int], *, json: bool) -> None:
    if json:
        print_json({"rows": counts})
    else:
        print_table(title, ("table", "rows"), list(counts.items()))
