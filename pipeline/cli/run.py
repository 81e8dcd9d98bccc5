"""`newsline run` and `newsline check`: the trip itself, and a look at the settings before it."""

import asyncio
import logging
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline import logs
from pipeline.app import App, sync_catalogue
from pipeline.cli.hints import complete
from pipeline.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FEEDS,
    ConfigOption,
    FeedsOption,
    NewDataOption,
    open_app,
)
from pipeline.cli.output import (
    JsonFlag,
    console,
    quantity,
)
from pipeline.cli.run_summary import summarise
from pipeline.deliver import Matched, Told
from pipeline.feeds.catalogue import load_catalogue
from pipeline.feeds.merging import say_merged
from pipeline.model import Feed, Result, Stage
from pipeline.pushing import Pushed
from pipeline.run import Observer, Run
from pipeline.work import FeedState, PollResult, StepResult


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("run")(run)


def run(
    feeds: FeedsOption = DEFAULT_FEEDS,
    data: NewDataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Do all that is due now, then end.")] = False,
    json: JsonFlag = False,
) -> None:
    """Poll feeds, fetch and extract what is new, enrich it, index it.

    Runs until it is stopped (Ctrl-C or SIGTERM), or with --once until nothing is due. Stopping
    loses nothing: what was under way is still due in the ledger.

    Example: newsline run --once --feeds my-feeds.toml --data var/mine
    """
    # On a terminal the bars say what goes on; elsewhere the log does, line by line.
    logs.configure(level=logging.ERROR if sys.stdout.isatty() else logging.INFO)
    catalogue = load_catalogue(feeds)
    with open_app(data, config) as app:
        app.ledger.acquire_pipeline_lock()
        observer = _observer(json, len(catalogue))
        if isinstance(observer, _Lines) and not once:
            typer.echo(_waits(app.ledger.next_due_at(Stage.POLL), len(catalogue)))
        with observer:
            run_id = asyncio.run(run_app(app, catalogue, once=once, observer=observer))
        code = summarise(app, run_id, away=observer.away, told=observer.told, json=json)
    if code:
        raise typer.Exit(code)


def _waits(due_at: datetime | None, feeds: int) -> str:
    """Say that the run goes on, for a log in which nothing may stand for hours."""
    first = f"the first is due at {due_at:%Y-%m-%d %H:%M} UTC" if due_at else "all are due"
    return f"{quantity(feeds, 'feed')}, {first}. Runs until it is stopped (SIGTERM or Ctrl-C)."


async def run_app(
    app: App, catalogue: Sequence[Feed], *, once: bool, observer: Observer | None = None
) -> str:
    """Run the trip until it is quiet (once) or a signal stops it; return the run id."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        sync_catalogue(app, catalogue, at_once=once)
        return await Run(
            app.doors(), once=once, stop=stop, observer=observer, delivery=app.delivery
        ).go()
    finally:
        await app.aclose_fetcher()


class _Silent(Observer):
    """Says nothing: the summary at the end is enough for a machine."""

    away: str | None = None  # why the index takes nothing; None: the last write went well

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()  # what was delivered, for the summary

    def delivered(
        self, *, matched: Matched | None = None, told: Told | Pushed | None = None
    ) -> None:
        """Count it for the summary."""
        self.told["hits"] += matched.hits if matched else 0
        self.told["messages"] += told.messages if told else 0
        self.told["not_taken"] += told.failed if told else 0

    def index_away(self, why: str) -> None:
        """Remember it for the summary."""
        self.away = why

    def stepped(self, stage: Stage, results: Sequence[StepResult]) -> None:  # noqa: ARG002
        """Note that the index is back."""
        if stage is Stage.INDEX:
            self.away = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class _Lines(_Silent):
    """A line for each feed, for logs and pipes."""

    def polled(self, state: FeedState, result: PollResult) -> None:
        """Print how a poll ended."""
        counts = " ".join(f"{name}={count}" for name, count in result.counts.items() if count)
        outcome = result.outcome
        merged = say_merged(result.state)
        parts = (outcome.reason or outcome.result, outcome.detail, counts, merged)
        sys.stdout.write(f"{state.feed.feed_id}: {' · '.join(part for part in parts if part)}\n")

    def index_away(self, why: str) -> None:
        """Print why nothing is indexed."""
        super().index_away(why)
        sys.stdout.write(complete(f"index away, articles wait: {why}\n"))


class _Bars(_Silent):
    """Progress bars for a person: feeds polled, and articles at the end of their trip."""

    def __init__(self, feeds: int) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description:>9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console(),
        )
        self._polled = self._progress.add_task("feeds", total=feeds, note="")
        self._indexed = self._progress.add_task("articles", total=None, note="")
        self._ended: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def polled(self, state: FeedState, result: PollResult) -> None:  # noqa: ARG002 - the protocol's
        """Count a feed."""
        self._progress.update(self._polled, advance=1, note=state.feed.feed_id)

    def stepped(self, stage: Stage, results: Sequence[StepResult]) -> None:
        """Count the articles that ended their trip."""
        super().stepped(stage, results)
        ends = [r.outcome.result for r in results if r.next_stage is None or stage is Stage.INDEX]
        self._ended.update(ends)
        note = ", ".join(
            f"{count} {'indexed' if result == Result.OK else result}"
            for result, count in self._ended.most_common()
        )
        self._progress.update(self._indexed, advance=len(ends), note=note)

    def index_away(self, why: str) -> None:
        """Show why nothing is indexed."""
        super().index_away(why)
        self._progress.update(self._indexed, note=f"waiting, the index is away: {why}")


def _observer(json: bool, feeds: int) -> _Silent:
    """Choose how progress is shown."""
    if json:
        return _Silent()
    return _Bars(feeds) if sys.stdout.isatty() else _Lines()
