"""`newsline archive`: how large the archive is, and what may go of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline import trimming
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table

commands = typer.Typer(help="The archive: every page and feed document that was kept, as WARC.")


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="archive")


@commands.command("status")
def status(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Say how large the archive is, and how much of it is old enough to be trimmed.

    Example: newsline archive status --data var/newsline
    """
    with open_existing(data, config) as app:
        settings = app.config.retention
        found, old = app.segments.all(), trimming.older(app.segments, settings)
        in_use = 0
        for group in trimming.groups(found):
            with app.segments.held(group) as (_, busy):
                in_use += len(busy)
    report = {
        "segments": len(found),
        "size_bytes": sum(one.size_bytes for one in found),
        "oldest_written_at": found[0].written_at.isoformat() if found else None,
        "in_use": in_use,
        "archive_days": settings.archive_days,
        "old_segments": len(old),
        "old_bytes": sum(one.size_bytes for one in old),
    }
    if json:
        print_json(report)
    else:
        print_table("Archive", ("what", "value"), list(report.items()))


@commands.command("trim")
def trim(
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go; nothing is changed.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Take out of segments older than [retention] archive_days what no article stands on.

    Feed documents go, and pages that said nothing new. The newest page of every URL stays, and
    every page that a revision was made from. Runs may go on meanwhile, and it may be broken off at
    any point. Exit code 1 when a segment is damaged, or seems to be another ledger's: it is left as
    it is. A ledger and an archive that are copied for a backup belong together: earlier backups of
    the ledger name segments that are gone afterwards.

    Example: NEWSLINE_RETENTION__ARCHIVE_DAYS=90 newsline archive trim --dry-run --data var/mine
    """
    with open_existing(data, config) as app:
        settings = app.config.retention
        old = len(trimming.older(app.segments, settings))
        with _bar(old, json=json) as advance:
            done = trimming.trim_archive(
                app.ledger, app.segments, settings, dry_run=dry_run, progress=advance
            )
    report = asdict(done)
    if json:
        print_json({"dry_run": dry_run, "archive_days": settings.archive_days, **report})
    elif not settings.archive_days:
        typer.echo("[retention] archive_days is 0: all is kept")
    else:
        title = "Would be trimmed" if dry_run else "Trimmed"
        print_table(title, ("what", "value"), [*report.items()])
    if done.damaged:
        complain(f"damaged, left as they are: {', '.join(done.damaged)}")
    if done.foreign:
        complain(
            "the ledger names nothing in them and was not at work when they began, left as they"
            f" are: {', '.join(done.foreign)}"
        )
    if done.damaged or done.foreign:
        raise typer.Exit(BAD_NEWS)


@contextmanager
def _bar(old: int, *, json: bool) -> Iterator[trimming.Progress]:
    """Show how many segments are done, on a terminal."""
    columns = (TextColumn("segments"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    silent = json or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=silent) as progress:
        bar = progress.add_task("segments", total=old)
        yield lambda count: progress.advance(bar, count)
