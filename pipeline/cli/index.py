"""`newsline index`: set the index up, hold it against the ledger, make it anew from there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline import rebuild as rebuilding
from pipeline import upkeep
from pipeline.app import App
from pipeline.cli.events import events
from pipeline.cli.options import (
    DEFAULT_DATA,
    ConfigOption,
    DataOption,
    SpareDataOption,
    open_app,
    open_existing,
)
from pipeline.cli.output import BAD_NEWS, OK, JsonFlag, complain, print_json, print_table
from pipeline.cli.snapshots import snapshot, snapshots
from pipeline.errors import UsageError
from pipeline.ports import IndexResult
from pipeline.rebuild import Rebuilt
from pipeline.upkeep import Difference
from pipeline.work import Scope

commands = typer.Typer(help="The index: a view that can always be made anew from the ledger.")
#: Differences printed one by one; --json prints all.
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    commands.command("events")(events)
    commands.command("snapshot")(snapshot)
    commands.command("snapshots")(snapshots)
    app.add_typer(commands, name="index")


@commands.command("init")
def init(
    data: SpareDataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    *,
    user: Annotated[
        str, typer.Option(help="An administrator of the cluster; leave out if security is off.")
    ] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the administrator's password.", dir_okay=False)
    ] = None,
    renew_keys: Annotated[bool, typer.Option("--renew-keys", help="Make new keys.")] = False,
    json: JsonFlag = False,
) -> None:
    """Set up an Elasticsearch cluster: templates, index, aliases and, with [index] keys, keys.

    Needs an administrator once; afterwards the pipeline works with keys that can do no more than
    they need. May be run again at any time: what is there stays.

    Example: newsline index init --user elastic --password-file password
    """
    if bool(user) != bool(password_file):
        raise UsageError("--user and --password-file belong together")
    admin = (user, _password(password_file)) if password_file else None
    with open_app(data, config) as app:
        done = app.set_up_index(admin, renew_keys=renew_keys)
    if json:
        print_json([{"what": one.what, "name": one.name, "how": one.how} for one in done])
    else:
        print_table("Index set up", ("what", "name", ""), [(d.what, d.name, d.how) for d in done])


def _password(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--password-file {path}: cannot be read: {error}") from None


@commands.command("status")
def status(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Count the documents, compare their versions with the ledger's, say how the index is.

    Exit code 1 when they differ (`newsline index verify` says where) or when the index was made for
    other fields than documents have now (`newsline index rebuild`). Articles that are on their way
    at this moment are left out of the comparison.

    Example: newsline index status --data var/newsline
    """
    with open_existing(data, config) as app:
        report = upkeep.status(app.ledger, app.index)
    if json:
        print_json(report)
    else:
        print_table("Index", ("what", "value"), list(report.items()))
    differ = any(report[str(how)] for how in upkeep.How if how is not upkeep.How.DIFFERENT)
    if differ or report.get("rebuild_needed"):
        raise typer.Exit(BAD_NEWS)


@commands.command("rebuild")
def rebuild(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Make the index anew from the ledger; nothing is fetched or extracted again.

    The old index answers until the new one is complete and compared with the ledger; then it
    changes in one step. Works over a damaged or lost index, over one of an older version, and may
    be broken off and run again. In a cluster a run may go on meanwhile, and the old index is kept
    until `newsline index prune`.

    Example: newsline index rebuild --data var/newsline
    """
    with open_existing(data, config) as app, _bar(app, "rebuilding", json=json) as advance:
        done = rebuilding.rebuild(app.ledger, app.index, advance)
    _show_rebuilt(done, json=json)
    if not done.serves or done.refused or done.differences:
        raise typer.Exit(BAD_NEWS)


def _show_rebuilt(done: Rebuilt, *, json: bool) -> None:
    counts = {str(result): done.results[result] for result in IndexResult}
    report = counts | {"caught_up": done.caught_up, "serves": done.serves}
    for article_id, detail in sorted(done.refused.items())[:_SHOWN]:
        complain(f"{article_id}: {detail}")
    if json:
        print_json(report | {"differences": [_as_dict(one) for one in done.differences]})
        return
    print_table("Index rebuilt", ("documents", "count"), list(report.items()))
    if not done.serves:
        complain("the new index is not complete, so the old one goes on serving; run it again")
    _show_differences(done.differences)


@commands.command("verify")
def verify(
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Write what differs again from the ledger.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Compare every document with the ledger, both ways and with its content.

    Exit code 1 when something differs (with --repair: when something still does). A document newer
    than the ledger is repaired by `newsline index rebuild` only.

    Example: newsline index verify --repair --data var/newsline
    """
    with open_existing(data, config) as app:
        with _bar(app, "comparing", json=json) as advance:
            found = list(upkeep.differences(app.ledger, app.index, advance))
        answers = upkeep.repair(app.ledger, app.index, found) if repair and found else {}
    mended = sum(result is IndexResult.OK for result, _ in answers.values())
    if json:
        print_json({"differences": [_as_dict(one) for one in found], "repaired": mended})
    else:
        _show_differences(found)
        typer.echo(f"{len(found):,} differences, {mended:,} repaired")
    raise typer.Exit(OK if mended == len(found) else BAD_NEWS)


@commands.command("prune")
def prune(
    data: SpareDataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Delete the indices that earlier rebuilds left; the one that serves and a filling one stay.

    So does one that somebody else gave an alias or a name like ours; `index status` says which.

    Example: newsline index prune --data var/newsline
    """
    with open_app(data, config) as app:
        removed = app.prune_index()
    if json:
        print_json({"removed": removed})
    else:
        typer.echo(f"removed: {', '.join(removed)}" if removed else "nothing to remove")


def _show_differences(found: list[Difference]) -> None:
    rows = [(d.article_id, d.how, d.ledger, d.index, ", ".join(d.fields)) for d in found[:_SHOWN]]
    if rows:
        print_table("Differences", ("article", "how", "ledger", "index", "fields"), rows)
    if len(found) > _SHOWN:
        typer.echo(f"… and {len(found) - _SHOWN:,} more (--json prints all)")


def _as_dict(one: Difference) -> dict[str, Any]:
    return {
        "article_id": one.article_id,
        "how": one.how,
        "ledger": one.ledger,
        "index": one.index,
        "fields": one.fields,
    }


@contextmanager
def _bar(app: App, doing: str, *, json: bool) -> Iterator[upkeep.Progress]:
    """Show how many documents are done, on a terminal."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    silent = json or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=silent) as progress:
        bar = progress.add_task(doing, total=len(app.ledger.books(Scope()).indexed))
        yield lambda count: progress.advance(bar, count)
