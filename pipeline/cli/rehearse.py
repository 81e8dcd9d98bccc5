"""`newsline rehearse`: serve the rehearsal news world and say how to run the pipeline on it."""

import signal
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.adapters.clock import ScaledClock
from pipeline.cli.hints import command, complete
from pipeline.cli.output import JsonFlag, print_json, print_table
from pipeline.errors import UsageError
from pipeline.feeds.catalogue import write_catalogue
from pipeline.rehearsal.script import Event, Script, load_script
from pipeline.rehearsal.server import DEFAULT_PORT, WorldServer

_BEHIND_S = 300.0  # of the world's time that the clock in pipeline.toml may be behind


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("rehearse")(rehearse)


def rehearse(
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port on 127.0.0.1; 0: any free one.")
    ] = DEFAULT_PORT,
    at: Annotated[
        str, typer.Option("--at", help="What time it is in the world, with zone.")
    ] = "2019-09-10T12:00:00Z",
    rate: Annotated[
        float,
        typer.Option("--rate", min=0.001, max=100_000, help="World seconds per real second."),
    ] = 1.0,
    folder: Annotated[
        Path,
        typer.Option("--dir", help="Where to write feeds.toml and pipeline.toml.", file_okay=False),
    ] = Path("var/rehearsal"),
    script: Annotated[
        Path | None,
        typer.Option("--script", help="Your own events (TOML), instead of those that ship."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Show the script of events and end.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Serve ten invented outlets on this machine until interrupted.

    Their feeds and pages behave like real ones, bad days included: they rot, redirect, answer 429,
    edit and retract. The world moves with its clock; pipeline.toml is kept at the same time, so
    that a run started later agrees with it.

    Example: newsline rehearse --at 2019-09-08T18:00:00Z --rate 3600
    """
    events = load_script(script) if script else load_script()
    if show:
        _show(events, json=json)
        return
    clock = ScaledClock(_moment(at), rate)
    with WorldServer(clock, port=port, script=events) as world:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "feeds.toml").write_text(write_catalogue(world.feeds()), "utf-8")
        stop = _stop_on_signals()
        _write_settings(folder, world.port, clock.now(), rate)
        _tell(world, folder, json=json)
        while not stop.wait(min(1.0, _BEHIND_S / rate)):
            _write_settings(folder, world.port, clock.now(), rate)


def settings_toml(port: int, now: datetime, rate: float) -> str:
    """Return the settings with which a run meets the world: its port, its time, its patience."""
    return f"""\
# Written by `newsline rehearse`, and kept at the world's time while it serves.
[fetch]
contact = "rehearsal@example.org"
allow_private = ["127.0.0.0/8"]
ports = [{port}]
pace_s = 0.05

[clock]
origin = {now.astimezone(UTC).isoformat()}
origin_at = {datetime.now(UTC).isoformat()}
rate = {rate}
"""


def _write_settings(folder: Path, port: int, now: datetime, rate: float) -> None:
    """Replace pipeline.toml in one step: a run may be reading it."""
    fresh = folder / ".pipeline.toml.new"
    fresh.write_text(settings_toml(port, now, rate), "utf-8")
    fresh.replace(folder / "pipeline.toml")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(f"--at {text!r} is no time with zone, such as 2019-09-10T12:00:00Z")
    return at.astimezone(UTC)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _tell(world: WorldServer, folder: Path, *, json: bool) -> None:
    """Say what is served and what to run next."""
    feeds, settings, data = folder / "feeds.toml", folder / "pipeline.toml", folder / "data"
    run = command(f"run --once --feeds {feeds} --config {settings} --data {data}")
    if json:
        served = [asdict(feed) for feed in world.feeds()]
        print_json({"port": world.port, "run": run, "feeds": served})
        return
    typer.echo(f"{len(world.feeds())} feeds of ten outlets are served on port {world.port}.")
    typer.echo(f"In another terminal:\n\n  {run}\n")
    typer.echo(complete("Ctrl-C ends it; `newsline rehearse --list` shows what goes wrong when."))


def _show(script: Script, *, json: bool) -> None:
    """Print the events in order of time."""
    events = sorted(script.events, key=lambda event: (event.since, event.name))
    if json:
        print_json([_row(event) for event in events])
        return
    rows = [
        (
            f"{event.since:%Y-%m-%d %H:%M}",
            f"{event.until:%Y-%m-%d %H:%M}",
            event.target,
            event.does,
            event.note,
        )
        for event in events
    ]
    print_table(
        "What goes wrong in the rehearsal world (UTC)",
        ("from", "until", "where", "what", "note"),
        rows,
    )


def _row(event: Event) -> dict[str, object]:
    return event.model_dump(mode="json", exclude_none=True, by_alias=True)
