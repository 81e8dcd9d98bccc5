"""`newsline demo`: twelve moments of autumn 2019 in the rehearsal news world, end to end."""

import asyncio
import shlex
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from pipeline import logs
from pipeline.adapters.clock import ScaledClock
from pipeline.app import App, build, find_config_dir, sync_catalogue
from pipeline.balance import balance
from pipeline.cli.hints import command
from pipeline.cli.output import BAD_NEWS, JsonFlag, print_columns, print_json, print_table
from pipeline.cli.serve import PORT, run_server
from pipeline.config import ClockSettings, Config, FetchSettings
from pipeline.errors import StoreUnavailable, UsageError
from pipeline.index.query import Query, SearchPage
from pipeline.rehearsal.server import DEFAULT_PORT, WorldServer
from pipeline.run import Run
from pipeline.work import Scope

#: Moments at which the demo looks at the world: before the deal, the deal, the patrols, the visit
#: of the two generals, the operation, the pause, the memorandum, and a look back.
MOMENTS = tuple(
    datetime(2019, month, day, hour, tzinfo=UTC)
    for month, day, hour in (
        (8, 7, 20), (8, 16, 8), (8, 25, 8), (9, 8, 20), (9, 11, 8), (9, 25, 8),
        (10, 6, 15), (10, 8, 8), (10, 14, 20), (10, 18, 8), (10, 24, 8), (10, 31, 8),
    )
)  # fmt: skip
#: The world's clock runs faster than ours, so that a Crawl-delay of a second is no second here.
RATE = 10.0
PACE_S = 0.2  # of the world's time; on the real web the default is 2 s
LOG = "demo.log"  # in the data folder
STORY = "Safe zone"  # the topic, which the enricher gives in any language, and never to football
STORY_FACETS = ("person", "organisation", "place", "topic", "outlet", "language")


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("demo")(demo)


def demo(
    data: Annotated[
        Path, typer.Option("--data", help="Folder that keeps the demo's data; made when missing.")
    ] = Path("var/demo"),
    json: JsonFlag = False,
) -> None:
    """Run the whole trip over the rehearsal news world and print the balance and the facets.

    Nothing leaves this machine. Run it twice: the second time finds its books kept and fetches
    no page again. In a terminal it then serves the explorer until Ctrl-C. Then try:
    newsline search 'safe zone' --facet person --data var/demo
    """
    started = time.monotonic()
    clock = ScaledClock(MOMENTS[0], RATE)
    with (
        _log(data) as log,
        WorldServer(clock, port=DEFAULT_PORT) as world,  # the port is part of every address
    ):
        logs.configure(file=log)
        app = build(demo_config(world.port), data, find_config_dir(), clock=clock)
        try:
            app.ledger.acquire_pipeline_lock()
            rows = asyncio.run(_moments(app, world, clock, quiet=json))
            sheet = balance(app.ledger.books(Scope()), app.index.versions())
            page = app.index.search(
                Query(
                    filters={"topic": (STORY,)},
                    sort="newest",
                    facets=STORY_FACETS,
                    facet_size=8,
                    size=5,
                )
            )
        finally:
            app.close()
    if json:
        print_json(
            {
                "moments": rows,
                "balance": sheet.as_dict(),
                "facets": {name: dict(values) for name, values in page.facets.items()},
                "elapsed_s": round(time.monotonic() - started, 1),
            }
        )
    else:
        _show(rows, page)
        if not any(row["fetched"] or row["indexed"] for row in rows):
            typer.echo(
                "Nothing new: this folder's ledger knows these weeks, and asks for nothing twice."
            )
        typer.echo(sheet.sentence())
        typer.echo(f"\nDone in {time.monotonic() - started:.0f} s; its log is {data / LOG}.")
        typer.echo("Look further:")
        place = f"--data {shlex.quote(str(data))}"
        for line in ("search 'safe zone' --facet person", "balance", "serve"):
            typer.echo(f"  {command(f'{line} {place}')}")
    if not sheet.balances:
        raise typer.Exit(BAD_NEWS)
    if not json and sys.stdin.isatty() and sys.stdout.isatty():
        _serve(data)


def _serve(data: Path) -> None:
    """Serve the explorer over what the demo has indexed, until Ctrl-C."""
    typer.echo("\nThe explorer, over these articles:")
    app = build(Config(), data, find_config_dir(), clock=ScaledClock(MOMENTS[-1]))
    with closing(app), _log(data) as log, suppress(KeyboardInterrupt):
        logs.configure(file=log)
        try:
            run_server(app, "127.0.0.1", PORT, is_local=True)
        except UsageError:  # somebody else is there
            run_server(app, "127.0.0.1", 0, is_local=True)


def _log(data: Path) -> TextIO:
    """Open the log in the data folder, which is made. Raises StoreUnavailable."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        return (data / LOG).open("a", encoding="utf-8")
    except OSError as error:
        raise StoreUnavailable(f"{error.filename} cannot be written: {error.strerror}") from error


def demo_config(port: int) -> Config:
    """Return the settings for a world on this machine: loopback allowed, no need for patience."""
    return Config(
        fetch=FetchSettings(
            contact="rehearsal@example.org",
            allow_private=("127.0.0.0/8",),
            ports=(80, 443, port),
            pace_s=PACE_S,
        ),
        clock=ClockSettings(origin=MOMENTS[0]),
    )


async def _moments(
    app: App, world: WorldServer, clock: ScaledClock, *, quiet: bool
) -> list[dict[str, object]]:
    """Do one run at each moment; return what each did."""
    rows: list[dict[str, object]] = []
    try:
        for moment in MOMENTS:
            clock.set(moment)
            sync_catalogue(app, world.feeds(), at_once=True)
            asked = len(world.requests)
            run_id = await Run(app.doors(), once=True, stop=asyncio.Event()).go()
            counts = app.ledger.run_counts(run_id)
            row = {
                "moment": moment,
                "requests": len(world.requests) - asked,
                "fetched": _count(counts, "fetch", "ok"),
                "same": _count(counts, "fetch", "unchanged"),
                "indexed": _count(counts, "index", "ok"),
                "dropped": _count(counts, None, "dropped"),
                "copies": _count(counts, None, "duplicate"),
                "retracted": _count(counts, "index", "retracted"),
                "retries": _count(counts, None, "retry"),
            }
            rows.append(row)
            if not quiet and sys.stdout.isatty():
                typer.echo(f"{moment:%d %B %Y}: {row['indexed']} documents written")
    finally:
        await app.aclose_fetcher()
    return rows


def _count(counts: Mapping[tuple[str, str, str], int], stage: str | None, result: str) -> int:
    """Add up outcomes of a run by stage (None: any) and result."""
    return sum(
        count
        for (its_stage, its_result, _), count in counts.items()
        if its_result == result and stage in (None, its_stage)
    )


def _show(rows: list[dict[str, object]], page: SearchPage) -> None:
    """Print what each day brought and what the story looks like in the index."""
    columns = list(rows[0])
    print_table(
        "The rehearsal world, moment by moment",
        columns,
        [[f"{row['moment']:%d %b}", *list(row.values())[1:]] for row in rows],
    )
    print_columns(
        f"Topic '{STORY}': {page.total} articles",
        [
            (f"{name} ({count})" for name, count in page.facets.get(facet, ()))
            for facet in STORY_FACETS
        ],
        STORY_FACETS,
    )
    print_table(
        "The newest five of them",
        ("day", "outlet", "title"),
        [(hit.document["day"], hit.document["outlet"], hit.document["title"]) for hit in page.hits],
    )
