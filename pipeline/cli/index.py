"""`newsline index`: hold the index against the ledger, or make it anew from there."""

import sys
from collections import Counter
from typing import Any, Protocol, runtime_checkable

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.app import App
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import (
    BAD_NEWS,
    JsonFlag,
    complain,
    print_json,
    print_table,
)
from pipeline.index.document import build_document
from pipeline.ports import Index, IndexResult, Ledger
from pipeline.work import Scope

commands = typer.Typer(help="The index: a view that can always be made anew from the ledger.")


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="index")


@runtime_checkable
class _OnDisk(Protocol):
    """An index that can say what it takes on this machine's disk."""

    def size_bytes(self) -> int: ...


@commands.command("status")
def status(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Count the documents and compare their versions with the ledger's.

    Exit code 1 when they differ: `newsline index rebuild` makes them equal. Articles that are on
    their way at this moment are left out of the comparison.

    Example: newsline index status --data var/newsline
    """
    with open_existing(data, config) as app:
        report = _compare(app)
    if json:
        print_json(report)
    else:
        print_table("Index", ("what", "value"), list(report.items()))
    if report["missing"] or report["stale"] or report["extra"]:
        raise typer.Exit(BAD_NEWS)


def _compare(app: App) -> dict[str, Any]:
    books = app.ledger.books(Scope())
    held = dict(app.index.versions())
    settled = {id_: n for id_, n in books.indexed.items() if id_ not in books.in_flight}
    return {
        "documents": len(held),
        "in_ledger": len(books.indexed),
        "missing": sum(id_ not in held for id_ in settled),
        "stale": sum(held.get(id_, n) < n for id_, n in settled.items()),
        "extra": sum(id_ not in books.indexed and id_ not in books.in_flight for id_ in held),
        "size_bytes": app.index.size_bytes() if isinstance(app.index, _OnDisk) else None,
    }


@commands.command("rebuild")
def rebuild(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Make the index anew from the ledger; nothing is fetched or extracted again.

    The old index answers until the new one is complete; then it changes in one step. Works over a
    damaged index and over one of an older version.

    Example: newsline index rebuild --data var/newsline
    """
    with open_existing(data, config) as app:
        counts = refill(app.ledger, app.index, show_progress=not json and sys.stderr.isatty())
    report = {str(result): counts[result] for result in IndexResult}
    if json:
        print_json(report)
    else:
        print_table("Index rebuilt", ("documents", "count"), list(report.items()))
    if counts[IndexResult.REFUSED] or counts[IndexResult.RETRY]:
        raise typer.Exit(BAD_NEWS)


def refill(ledger: Ledger, index: Index, *, show_progress: bool = False) -> Counter[IndexResult]:
    """Fill a fresh index with everything that the ledger says is indexed, and let it serve.

    Nothing changes when a batch could not be written (RETRY): the old index goes on serving.
    """
    counts: Counter[IndexResult] = Counter()
    fresh = index.start_rebuild()
    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not show_progress) as progress:
        total = len(ledger.books(Scope()).indexed)
        bar = progress.add_task("documents", total=total)
        for works in ledger.all_indexed():
            answers = fresh.write([build_document(work) for work in works], [])
            for article_id, (result, detail) in answers.items():
                counts[result] += 1
                if result in (IndexResult.REFUSED, IndexResult.RETRY):
                    complain(f"{article_id}: {result}: {detail}")
            progress.advance(bar, len(works))
    if not counts[IndexResult.RETRY]:
        index.finish_rebuild(fresh)
    return counts
