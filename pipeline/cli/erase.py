"""`newsline erase`: takes articles out for good, everywhere, with a preview and a report."""

import asyncio
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline import eraser
from pipeline.app import App
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_blocks, print_json, quantity
from pipeline.erasure import RETENTION, Erasable, Found, Target
from pipeline.errors import AccessDenied, IndexUnavailable, UsageError
from pipeline.model import Stage

_SHOWN = 20
_ACTOR = "operator"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("erase")(erase)


def erase(
    urls: Annotated[
        list[str] | None, typer.Argument(help="Addresses of articles; none with an option below.")
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="One address a line, or the report of an earlier erasure.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    outlet: Annotated[
        str | None, typer.Option("--outlet", help="Everything of one outlet.")
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", help="All articles that name one: its name in the facets, or id."),
    ] = None,
    outlived: Annotated[
        bool, typer.Option("--outlived", help="What [rights] keep_days lets go of.")
    ] = False,
    copies: Annotated[
        bool, typer.Option("--copies", help="Also what other outlets printed of the same text.")
    ] = False,
    why: Annotated[
        str, typer.Option("--why", help="Kept with the tombstones, e.g. 'order 12/2019'. No names.")
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write what was done to a file.", dir_okay=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it this only shows.")] = False,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Erase articles for good: out of search, archive, exports, change feed and alerts.

    Shows first what would go, under every address that it has; --yes does it. What stays is a
    tombstone, a hash of each address: what a feed lists again or a page leads to ends as erased. A
    backup holds what it held: after a restore, give the reports to --file once more.

    Exit code 1 when something waits (another process holds it): run it again, or let the nightly
    upkeep finish it.

    Example: newsline erase https://outlet.example/2019/09/a --data var/mine

    Example: newsline erase --outlet example --why "contract ended" --yes --data var/mine
    """
    named = _named(urls or (), file)
    why = RETENTION if outlived else why.strip()
    with open_existing(data, config) as app:
        _one_of({"addresses": any(named), "--outlet": outlet, "--entity": entity,
                 "--outlived": outlived})  # fmt: skip
        if yes and not why:
            raise UsageError("--yes goes with --why: whoever reads the books later has to know")
        target = Target(*named, outlet=outlet, entity=entity, with_copies=copies)
        found = _outlived(app) if outlived else app.ledger.find_erasable(target)
        if not json:
            _show(found)
        if not yes:
            _end_preview(found, json=json)
            return
        done = _carry_out(app, found, why, show=not json)
        answer = _report(app.clock.now(), why, found, done)
    if report is not None:
        report.write_bytes(orjson.dumps(answer, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2))
    if json:
        print_json(answer)
    else:
        _tell(done)
    if done.waiting or done.archive.in_use or done.archive.damaged:
        raise typer.Exit(BAD_NEWS)


def _named(urls: Collection[str], file: Path | None) -> tuple[list[str], list[str]]:
    """Return addresses, and url_ids of an earlier report."""
    listed, url_ids = _read(file) if file is not None else ([], [])
    return [*urls, *listed], url_ids


def _one_of(given: Mapping[str, object]) -> None:
    if sum(bool(value) for value in given.values()) != 1:
        raise UsageError(f"say what to erase: one of {', '.join(given)}")


def _outlived(app: App) -> Found:
    """Return what outlets let us keep for some days, when these are over."""
    outlets = {state.feed.publisher for state in app.ledger.feed_states()}
    return eraser.find_outlived(app.ledger, outlets, app.config.rights, app.clock.now())


def _read(file: Path) -> tuple[list[str], list[str]]:
    """Return the addresses of a file, or the url_ids of a report."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    if not text.lstrip().startswith("{"):
        return [line.strip() for line in text.splitlines() if line.strip()], []
    try:
        ids = orjson.loads(text)["url_ids"]
    except (orjson.JSONDecodeError, KeyError):
        raise UsageError(f"{file} is no report of an erasure: it has no url_ids") from None
    return [], [str(one) for one in ids]


def _carry_out(app: App, found: Found, why: str, *, show: bool) -> eraser.Erased:
    """Erase in the ledger, then in index and archive as far as nobody else holds them."""
    done = eraser.Erased()
    ids = {*found.url_ids, *found.unseen}
    with _bar("URLs", len(ids), show=show) as advance:
        now = app.clock.now()
        done.urls = eraser.erase(app.ledger, ids, actor=_ACTOR, why=why, now=now, progress=advance)
    try:
        app.ledger.acquire_pipeline_lock()
        asyncio.run(eraser.take_out(app.doors({Stage.INDEX}), app.ledger))
    except (AccessDenied, IndexUnavailable, UsageError) as error:
        done.why_waiting = str(error)
    done.waiting = app.ledger.erasures_waiting()
    with _bar("segments", len(app.segments.all()), show=show) as advance:
        done.archive = eraser.remove_from_archive(app.ledger, app.segments, advance)
    return done


@contextmanager
def _bar(name: str, total: int, *, show: bool) -> Iterator[eraser.Progress]:
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    silent = not (show and sys.stderr.isatty())
    with Progress(*columns, console=Console(stderr=True), disable=silent) as progress:
        bar = progress.add_task(name, total=total)
        yield lambda count: progress.advance(bar, count)


def _show(found: Found) -> None:
    """Show what would go."""
    outlets = Counter(one.outlet for one in found.items)
    if found.items:
        print_blocks("To be erased", ("first seen", "outlet", "status"), _blocks(found.items))
    if len(found.items) > _SHOWN:
        counts = ", ".join(f"{outlet} {count:,}" for outlet, count in outlets.most_common(_SHOWN))
        typer.echo(f"… {len(found.items) - _SHOWN:,} more. By outlet: {counts}")
    others = quantity(len(found.url_ids) - len(found.items), "other address", "other addresses")
    typer.echo(
        f"{quantity(len(found.items), 'article')}, with {others};"
        f" {len(found.unseen):,} never listed; {found.erased:,} erased before."
    )
    if found.elsewhere:
        named = ", ".join(f"{outlet} ({count})" for outlet, count in found.elsewhere.items())
        typer.echo(f"Other outlets printed the same text: {named}. It stays there: add --copies.")


def _blocks(items: Iterable[Erasable]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for one in [*items][:_SHOWN]:
        cells = (f"{one.first_seen_at:%Y-%m-%d}", one.outlet, one.status)
        yield cells, (one.title, one.url)


def _end_preview(found: Found, *, json: bool) -> None:
    if json:
        print_json(
            {
                "items": found.items,
                "url_ids": sorted({*found.url_ids, *found.unseen}),
                "unseen": len(found.unseen),
                "erased_before": found.erased,
                "elsewhere": found.elsewhere,
            }
        )
    elif found.url_ids or found.unseen:
        typer.echo("Nothing was erased. Add --yes --why 'REASON' to erase it.")


def _report(at: datetime, why: str, found: Found, done: eraser.Erased) -> dict[str, Any]:
    """Return what proves it: hashes and counts, not what was erased."""
    return {
        "erased_at": at,
        "why": why,
        "urls": done.urls,
        "articles": len(found.items),
        "waiting_for_index": done.waiting,
        "archive": {
            "removed": done.archive.exchanges_removed,
            "segments_in_use": done.archive.in_use,
            "damaged": done.archive.damaged,
        },
        "url_ids": sorted({*found.url_ids, *found.unseen}),
    }


def _tell(done: eraser.Erased) -> None:
    archive = done.archive
    typer.echo(
        f"{quantity(done.urls, 'URL')} erased; {archive.exchanges_removed:,} exchanges out of the"
        " archive."
    )
    if done.waiting:
        why = f" ({done.why_waiting})" if done.why_waiting else ""
        articles = quantity(done.waiting, "article")
        complain(f"{articles} wait for the index: the process that runs takes them out{why}")
    if archive.in_use:
        complain(
            f"{quantity(archive.in_use, 'segment')} of the archive with something of it in use: run"
            " it again when the run has ended, or leave it to the nightly upkeep"
        )
    if archive.damaged:
        complain(f"damaged, left as they are: {', '.join(archive.damaged)}")
