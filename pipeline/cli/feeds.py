"""`newsline feeds`: the catalogue, its health, and where to find more feeds."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.adapters.clock import clock_of
from pipeline.cli.clinic import Clinic
from pipeline.cli.discovery import CLOSED, Discovery, Found
from pipeline.cli.discovery import discover as find_feeds
from pipeline.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FEEDS,
    ConfigOption,
    FeedsOption,
    SpareDataOption,
    has_ledger,
    open_app,
    open_config,
)
from pipeline.cli.output import (
    BAD_NEWS,
    JsonFlag,
    complain,
    print_blocks,
    print_lines,
    print_table,
    quantity,
)
from pipeline.config import load
from pipeline.errors import ConfigError, Exemption, ItemError, UsageError
from pipeline.feeds.catalogue import load_catalogue, write_catalogue
from pipeline.feeds.doctor import Diagnosis, Severity
from pipeline.feeds.merging import say_merged
from pipeline.feeds.opml import read_opml, write_opml
from pipeline.model import Feed
from pipeline.urls import clean
from pipeline.work import FeedState

#: What remains to be done at a site that lets nobody look for its feeds.
_STILL = "A feed whose address you know may be polled all the same: put it into the catalogue."
#: OPML attributes of a merged feed.
_MERGED_INTO, _MERGED_AT = "newslineMergedInto", "newslineMergedAt"

feeds_app = typer.Typer(help="Show, check, find, import and export feeds.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.add_typer(feeds_app, name="feeds")


@feeds_app.command("list")
def list_feeds(
    feeds: FeedsOption = DEFAULT_FEEDS,
    data: SpareDataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """List the feeds of the catalogue, and which of them a run has found to be another one.

    Example: newsline feeds list --feeds my-feeds.toml --data var/mine
    """
    catalogue = load_catalogue(feeds)
    merged = _merged_feeds(data, config)
    if json:
        print_lines(_as_json(feed, merged.get(feed.feed_id)) for feed in catalogue)
        return
    columns = ("feed", "publisher", "language", "country", "section")
    blocks = [
        (
            (f.feed_id, f.publisher, f.language, f.country, f.section),
            (f.url, say_merged(merged[f.feed_id]) if f.feed_id in merged else None),
        )
        for f in catalogue
    ]
    print_blocks(f"{quantity(len(catalogue), 'feed')} in {feeds}", columns, blocks)


@feeds_app.command("check")
def check(
    feeds: FeedsOption = DEFAULT_FEEDS, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """Fetch every feed once and say what is wrong with it, what to do, and what it costs.

    Asks hosts side by side, each at the configured pace. Exit code 1 if a feed is ill.

    Example: newsline feeds check --feeds my-feeds.toml
    """
    catalogue = load_catalogue(feeds)
    found = asyncio.run(_check(catalogue, config))
    needed = reduce(or_, (one.exemption for one in found if one.exemption), Exemption())
    order = {feed.feed_id: position for position, feed in enumerate(catalogue)}
    found.sort(key=lambda diagnosis: order[diagnosis.feed.feed_id])
    if json:
        print_lines(diagnosis_as_json(diagnosis) for diagnosis in found)
    else:
        print_diagnoses(found)
        if needed.lines():
            typer.echo(_allowing(needed, config))
    if any(diagnosis.ill for diagnosis in found):
        raise typer.Exit(BAD_NEWS)


@feeds_app.command("discover")
def discover(
    url: Annotated[str, typer.Argument(help="Home page (or section page) of an outlet.")],
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Find the feeds of a site: each one printed was fetched and read.

    robots.txt is obeyed for the page, for sitemaps and for guesses, as for the pages of a run. Exit
    code 1 if there is none, or if we may not look; what was not looked at is named.

    Example: newsline feeds discover https://www.example.org/
    """
    try:
        clean(url)
    except ValueError as error:
        raise UsageError(f"{url!r} is no web address: {error}") from None
    try:
        found = asyncio.run(_discover(url, config))
    except ItemError as error:
        complain(f"{error.detail}. {_STILL}" if error.reason in CLOSED else f"{url}: {error}")
        if error.exemption is not None:
            complain(_allowing(error.exemption, config))
        raise typer.Exit(BAD_NEWS) from None
    if json:
        print_lines(_found_as_json(feed) for feed in found.found)
    else:
        blocks = [
            ((f.kind, f.entries, _day(f.newest_at), f.source, f.title), (f.url,))
            for f in found.found
        ]
        tried = quantity(found.tried, "address", "addresses")
        title = f"{quantity(len(found.found), 'feed')} of {url} ({tried} tried)"
        print_blocks(title, ("kind", "entries", "newest", "found", "title"), blocks)
    for address in found.closed:
        complain(f"not looked at, since robots.txt does not let us: {address}")
    if not found.found:
        raise typer.Exit(BAD_NEWS)


@feeds_app.command("import")
def import_opml(
    file: Annotated[str, typer.Argument(help="OPML file; - is standard input.")],
) -> None:
    """Turn an OPML list into a catalogue, printed on standard output.

    Nothing is lost: folders become categories, unknown attributes are kept. Add time zones before
    use: OPML has no place for them. Exit code 1 if some outlines could not be taken.

    Example: newsline feeds import subscriptions.opml > my-feeds.toml
    """
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        found = read_opml(body)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except ItemError as error:
        raise UsageError(f"{file}: {error}") from None
    sys.stdout.write(write_catalogue(found.feeds))
    merged = f"; {found.merged} more repeated an address and were merged" if found.merged else ""
    complain(f"{file}: {quantity(len(found.feeds), 'feed')} taken{merged}")
    for fault in found.faults:
        complain(f"{file}: not taken: {fault}")
    if found.faults:
        raise typer.Exit(BAD_NEWS)


@feeds_app.command("export")
def export_opml(
    feeds: FeedsOption = DEFAULT_FEEDS,
    data: SpareDataOption = DEFAULT_DATA,
    config: ConfigOption = None,
) -> None:
    """Print the catalogue as OPML, for other programs; importing it gives the same feeds.

    A feed that a run has merged into another one says so in newslineMergedInto and -At.

    Example: newsline feeds export --feeds my-feeds.toml --data var/mine > my-feeds.opml
    """
    merged = _merged_feeds(data, config)
    catalogue = load_catalogue(feeds)
    sys.stdout.write(write_opml([_noted(feed, merged.get(feed.feed_id)) for feed in catalogue]))


def _allowing(exemption: Exemption, config: Path | None) -> str:
    """Say how our own guard is told to let through what it refused."""
    file, folder = open_config(config)
    place = file or folder / "pipeline.toml"
    head = (
        "Our own address guard refused. If these addresses are meant, put this into part [fetch] of"
        f" {place}, instead of what it has under these names:"
    )
    return "\n".join([head, "", *exemption.lines()])


def _merged_feeds(data: Path, config: Path | None) -> dict[str, FeedState]:
    """Return feed_id → state of the feeds that the ledger has merged; none without a ledger.

    A catalogue can be read while its database is away: then that is said, and nothing more.
    """
    with open_app(data, config) as app:
        if not has_ledger(app.config, data):
            return {}
        try:
            states = app.ledger.feed_states()
        except ConfigError as error:
            complain(f"which feeds are merged is not known: {error}")
            return {}
    return {state.feed.feed_id: state for state in states if state.merged_into is not None}


def _noted(feed: Feed, merged: FeedState | None) -> Feed:
    """Return a feed with what the ledger says of it among the attributes that OPML keeps."""
    if merged is None or merged.merged_into is None or merged.merged_at is None:
        return feed
    note = {_MERGED_INTO: merged.merged_into, _MERGED_AT: merged.merged_at.isoformat()}
    return replace(feed, extra={**feed.extra, **note})


@asynccontextmanager
async def _clinic(config: Path | None) -> AsyncIterator[Clinic]:
    """Open fetcher and workers for the time of a visit."""
    # Here, not above: listing and converting feeds must not wait for the network's libraries.
    from pipeline.adapters.http import HttpFetcher  # noqa: PLC0415
    from pipeline.adapters.workers import ProcessWorkers  # noqa: PLC0415

    settings = load(open_config(config)[0])
    clock = clock_of(settings.clock)
    workers = ProcessWorkers(settings.parser)
    fetcher = HttpFetcher(settings.fetch, clock)
    try:
        yield Clinic(fetcher, workers, clock, settings)
    finally:
        await fetcher.aclose()
        workers.close()


async def _check(catalogue: tuple[Feed, ...], config: Path | None) -> list[Diagnosis]:
    """Check all feeds, with a progress bar where somebody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[note]}"))  # fmt: skip
    progress = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    found = []
    async with _clinic(config) as clinic:
        with progress:
            task = progress.add_task("feeds", total=len(catalogue), note="")
            async for diagnosis in clinic.check(catalogue):
                found.append(diagnosis)
                progress.update(task, advance=1, note=diagnosis.feed.feed_id)
    return found


async def _discover(url: str, config: Path | None) -> Discovery:
    watched = Console(stderr=True)
    async with _clinic(config) as clinic:
        if not watched.is_terminal:
            return await find_feeds(clinic, url)
        with watched.status(f"looking for feeds of {url}, one request at a time"):
            return await find_feeds(clinic, url)


def print_diagnoses(found: list[Diagnosis]) -> None:
    """Print one line per feed, then what to do about those that need something."""
    rows = [
        (
            diagnosis.feed.feed_id,
            "ill" if diagnosis.ill else "ok",
            diagnosis.cost.entries if diagnosis.cost else None,
            _day(diagnosis.newest_at),
            diagnosis.cost.wire_bytes if diagnosis.cost else None,
            diagnosis.cost.elapsed_s if diagnosis.cost else None,
            ", ".join(finding.slug for finding in diagnosis.findings),
        )
        for diagnosis in found
    ]
    columns = ("feed", "health", "entries", "newest", "bytes", "seconds", "findings")
    ill = sum(diagnosis.ill for diagnosis in found)
    print_table(f"{quantity(len(found), 'feed')}, {ill} ill", columns, rows)
    advice = [
        (diagnosis.feed.feed_id, finding.severity, finding.sentence, finding.advice)
        for diagnosis in found
        for finding in diagnosis.findings
        if finding.severity is not Severity.NOTE
    ]
    if advice:
        print_table("What to do", ("feed", "severity", "found", "advice"), advice)


def diagnosis_as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as a JSON object."""
    cost = diagnosis.cost
    return {
        "feed_id": diagnosis.feed.feed_id,
        "url": diagnosis.feed.url,
        "ill": diagnosis.ill,
        "newest_at": diagnosis.newest_at,
        "findings": [
            {"slug": f.slug, "severity": f.severity, "sentence": f.sentence, "advice": f.advice}
            for f in diagnosis.findings
        ],
        "cost": {
            "wire_bytes": cost.wire_bytes,
            "body_bytes": cost.body_bytes,
            "elapsed_s": cost.elapsed_s,
            "entries": cost.entries,
            "conditional": cost.conditional,
        }
        if cost
        else None,
    }


def _as_json(feed: Feed, merged: FeedState | None) -> dict[str, Any]:
    return {
        "feed_id": feed.feed_id,
        "url": feed.url,
        "publisher": feed.publisher,
        "title": feed.title,
        "language": feed.language,
        "country": feed.country,
        "timezone": feed.timezone,
        "section": feed.section,
        "kind": feed.kind,
        "site_url": feed.site_url,
        "categories": [list(path) for path in feed.categories],
        "notes": feed.notes,
        "merged_into": merged.merged_into if merged else None,
        "merged_at": merged.merged_at if merged else None,
    }


def _found_as_json(feed: Found) -> dict[str, Any]:
    return {
        "url": feed.url,
        "source": feed.source,
        "kind": feed.kind,
        "title": feed.title,
        "entries": feed.entries,
        "newest_at": feed.newest_at,
    }


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""
