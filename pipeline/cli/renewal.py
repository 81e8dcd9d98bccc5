"""`newsline replay --enricher`: what one enricher would change, and then changing it."""

import asyncio
import sys
from collections import Counter
from typing import Any

import typer
from rich.progress import Progress

from pipeline.app import App
from pipeline.cli.hints import complete
from pipeline.cli.output import console, print_blocks, print_json, print_table, quantity
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.parts import PARTS
from pipeline.errors import UsageError
from pipeline.model import Stage
from pipeline.renewal import Preview, preview, renew
from pipeline.work import ReplaySelector

_VALUES = 10  # of each field, in the table


def replay_enricher(
    app: App, selector: ReplaySelector, enricher: str, *, dry_run: bool, yes: bool, json: bool
) -> None:
    """Show what would change; write it when that is wanted."""
    if enricher not in PARTS:
        raise UsageError(f"--enricher {enricher!r}: there are {', '.join(PARTS)}")
    if selector.stage is not Stage.ENRICH or selector.reason is not None:
        raise UsageError("--enricher goes with --stage enrich, and not with --reason")
    app.ledger.acquire_pipeline_lock()
    doors = app.doors({Stage.ENRICH})
    versions = Enrichers.load(doors.config_dir, doors.places, doors.config.enrich.models).versions
    with Progress(console=console(), disable=json or not sys.stdout.isatty()) as bar:
        task = bar.add_task(f"looking at {enricher}", total=None)
        found = asyncio.run(
            preview(doors, enricher, selector, versions, lambda more: bar.advance(task, more))
        )
    if not json:
        _show(found)
    written = 0
    if found.changed and not dry_run and (yes or _agreed(found, json=json)):
        with Progress(console=console(), disable=json or not sys.stdout.isatty()) as bar:
            task = bar.add_task(f"writing {enricher}", total=len(found.changed))
            written = asyncio.run(
                renew(doors, app.ledger, enricher, found.changed,
                      lambda more: bar.advance(task, more))
            )  # fmt: skip
    if json:
        print_json(_as_json(found, written))
    else:
        typer.echo(_end(found, written, dry_run=dry_run))


def _agreed(found: Preview, *, json: bool) -> bool:
    """Ask whether to write, where somebody can answer."""
    if json or not sys.stdin.isatty():
        return False
    return typer.confirm(f"Write the changes of {quantity(len(found.changed), 'article')}?")


def _show(found: Preview) -> None:
    if found.fields:
        rows = [
            (name, count, _most(found.added, name), _most(found.removed, name))
            for name, count in found.fields.most_common()
        ]
        columns = ("field", "articles", "values that come", "values that go")
        print_table(f"What {found.enricher} {found.version} would change", columns, rows)
        blocks = [
            ((one["title"] or "(no headline)",), (one["url"], _said(one["changes"])))
            for one in found.examples
        ]
        print_blocks("For example", ("article",), blocks)
    failed = f"; it failed on {found.failed:,}" if found.failed else ""
    typer.echo(
        f"{quantity(found.in_index, 'article')} of these in the index, {found.stale:,} by another"
        f" version of {found.enricher}, {len(found.changed):,} would change{failed}."
    )


def _most(counts: Counter[tuple[str, str]], name: str) -> str:
    some = [(value, count) for (field, value), count in counts.most_common() if field == name]
    shown = ", ".join(f"{value} ({count})" for value, count in some[:_VALUES])
    return shown + (f", {len(some) - _VALUES} more" if len(some) > _VALUES else "")


def _said(changes: dict[str, dict[str, tuple[str, ...]]]) -> str:
    said = []
    for name, one in changes.items():
        signs = [f"+{value}" for value in one["added"]] + [f"-{value}" for value in one["removed"]]
        said.append(f"{name}: {', '.join(signs) or 'changed'}")
    return "; ".join(said)


def _end(found: Preview, written: int, *, dry_run: bool) -> str:
    if written:
        return complete(
            f"{quantity(written, 'article')} enriched anew: `newsline run --once`, with the --feeds"
            " that it always has, groups and indexes them."
        )
    if found.changed and not dry_run:
        return "Nothing was written. Add --yes to write it."
    return "Nothing was written."


def _as_json(found: Preview, written: int) -> dict[str, Any]:
    def counts(values: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
        return [
            {"field": field, "value": value, "articles": count}
            for (field, value), count in values.most_common()
        ]

    return {
        "enricher": found.enricher,
        "version": found.version,
        "in_index": found.in_index,
        "stale": found.stale,
        "failed": found.failed,
        "changed": len(found.changed),
        "fields": dict(found.fields),
        "examples": found.examples,
        "added": counts(found.added),
        "removed": counts(found.removed),
        "written": written,
    }
