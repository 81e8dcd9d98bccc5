"""`newsline index snapshot` and `snapshots`: copies of the indices, kept by the cluster."""

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console

from pipeline.adapters.elastic.snapshots import Snapshot
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, SpareDataOption, open_app
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table

_COLUMNS = ("snapshot", "state", "taken", "seconds", "indices", "shards", "failed")


def snapshot(
    data: SpareDataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Copy the indices into [index] snapshot_repository now, and wait until that is done.

    What is written meanwhile may or may not be in it. Afterwards those of our snapshots that are
    more than [index] snapshot_keep are deleted, the oldest first. Exit code 1 when a shard failed:
    then none is deleted. Broken off, the cluster goes on by itself. Needs the maintainer's key.

    Example: newsline index snapshot
    """
    with open_app(data, config) as app:
        snapshots = app.snapshots
        with _waiting(json=json):
            taken = snapshots.take(datetime.now(UTC))
            keep = app.config.index.snapshot_keep
            removed = snapshots.prune(keep) if taken.succeeded else []
    if json:
        print_json({**_as_dict(taken), "removed": removed})
    else:
        print_table("Snapshot", _COLUMNS, [_row(taken)])
        if removed:
            typer.echo(f"removed: {', '.join(removed)}")
    if not taken.succeeded:
        complain(f"the snapshot failed: {taken.problem}")
        raise typer.Exit(BAD_NEWS)


def snapshots(
    data: SpareDataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """List the snapshots that Newsline took of this collection, oldest first.

    How to restore one: docs/elasticsearch.md.

    Example: newsline index snapshots
    """
    with open_app(data, config) as app:
        found = app.snapshots.all()
    if json:
        print_json([_as_dict(one) for one in found])
    else:
        print_table("Snapshots", _COLUMNS, [_row(one) for one in found])


def _waiting(*, json: bool) -> AbstractContextManager[object]:
    """Show that the cluster is at work, on a terminal."""
    if json or not sys.stderr.isatty():
        return nullcontext()
    return Console(stderr=True).status("the cluster copies its shards")


def _row(one: Snapshot) -> tuple[object, ...]:
    return (
        *(one.name, one.state, f"{one.started_at:%F %T}", _took_s(one)),
        *(", ".join(one.indices), one.shards, one.shards_failed),
    )


def _took_s(one: Snapshot) -> int | None:
    return round((one.ended_at - one.started_at).total_seconds()) if one.ended_at else None


def _as_dict(one: Snapshot) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "indices": one.indices,
        "shards": one.shards,
        "shards_failed": one.shards_failed,
        "problem": one.problem,
    }
