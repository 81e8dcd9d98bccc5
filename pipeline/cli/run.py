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
from pipeline.balance import BalanceSheet, balance
from pipeline.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FEEDS,
    ConfigOption,
    DataOption,
    FeedsOption,
    open_app,
    open_config,
)
from pipeline.cli.output import (
    BAD_NEWS,
    OK,
    REFUSED,
    WRONG_USE,
    JsonFlag,
    console,
    print_json,
    print_table,
)
from pipeline.config import load
from pipeline.enrich.enrichers import Enrichers
from pipeline.errors import AccessDenied, ConfigError, Fault, IndexUnavailable, NewslineError
from pipeline.feeds.catalogue import load_catalogue
from pipeline.feeds.merging import say_merged
from pipeline.fetch.user_agent import user_agent
from pipeline.model import Feed, Result, Stage
from pipeline.run import Observer, Run
from pipeline.work import Books, FeedState, PollResult, Scope, StepResult

#: Health of feeds that bring nothing and need somebody to look.
ILL = frozenset({"failing", "gone", "empty", "paused"})


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command("run")(run)
    app.command("check")(check)


def run(
    feeds: FeedsOption = DEFAULT_FEEDS,
    data: DataOption = DEFAULT_DATA,
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
        with observer:
            run_id = asyncio.run(run_app(app, catalogue, once=once, observer=observer))
        code = _summary(app, run_id, json=json)
    if code:
        raise typer.Exit(code)


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
        return await Run(app.doors(), once=once, stop=stop, observer=observer).go()
    finally:
        await app.aclose_fetcher()


def check(
    feeds: FeedsOption = DEFAULT_FEEDS,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Read every configuration file and report all that is wrong with them, at once.

    Example: newsline check --feeds my-feeds.toml
    """
    file, folder = open_config(config)
    faults: list[Fault] = []
    for read in (
        lambda: load(file),
        lambda: load_catalogue(feeds),
        lambda: Enrichers.load(folder),
    ):
        try:
            read()
        except ConfigError as error:
            faults += error.faults
    rows = [(fault.file, fault.key, fault.problem) for fault in faults]
    if json:
        print_json(
            {"faults": [dict(zip(("file", "key", "problem"), row, strict=True)) for row in rows]}
        )
    elif rows:
        print_table("Faults", ("file", "key", "problem"), rows)
    else:
        settings = load(file)
        typer.echo(f"settings: {file or 'defaults'}; feeds: {feeds}; gazetteer: {folder}: all good")
        typer.echo(f"publishers will see: {user_agent(settings.fetch)}")
        if not settings.fetch.contact:
            typer.echo("advice: set [fetch] contact, so that a publisher can reach you")
    if faults:
        raise typer.Exit(WRONG_USE)


class _Silent(Observer):
    """Says nothing: the summary at the end is enough for a machine."""

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
        sys.stdout.write(f"index away, articles wait: {why}\n")


class _Bars(_Silent):
    """Progress bars for a person: feeds polled, and articles at the end of their trip."""

    def __init__(self, feeds: int) -> None:
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
        ends = [r.outcome.result for r in results if r.next_stage is None or stage is Stage.INDEX]
        self._ended.update(ends)
        note = ", ".join(
            f"{count} {'indexed' if result == Result.OK else result}"
            for result, count in self._ended.most_common()
        )
        self._progress.update(self._indexed, advance=len(ends), note=note)

    def index_away(self, why: str) -> None:
        """Show why nothing is indexed."""
        self._progress.update(self._indexed, note=f"waiting, the index is away: {why}")


def _observer(json: bool, feeds: int) -> _Silent:
    """Choose how progress is shown."""
    if json:
        return _Silent()
    return _Bars(feeds) if sys.stdout.isatty() else _Lines()


def _ask_index(app: App, books: Books) -> tuple[BalanceSheet, NewslineError | None]:
    """Hold the books against the index; against themselves, with the reason, if it says nothing."""
    try:
        return balance(books, app.index.versions()), None
    except (AccessDenied, IndexUnavailable) as error:
        return balance(books, books.indexed.items()), error


def _summary(app: App, run_id: str, *, json: bool) -> int:
    """Print what the run did, how the feeds are and whether the books balance.

    Returns the exit code: OK when the books balance and not every feed that is polled is failing,
    REFUSED when the index is away.
    """
    counts = app.ledger.run_counts(run_id)
    sheet, unasked = _ask_index(app, app.ledger.books(Scope()))
    states = [state for state in app.ledger.feed_states() if state.configured]
    ill = [state for state in states if state.health in ILL]
    merged = [state for state in states if state.merged_into is not None]
    if json:
        rows = [dict(zip(("stage", "result", "reason"), key, strict=True)) | {"count": count}
                for key, count in sorted(counts.items())]  # fmt: skip
        feeds = {
            "configured": len(states),
            "failing": [state.feed.feed_id for state in ill],
            "merged": {state.feed.feed_id: state.merged_into for state in merged},
        }
        found = {"run_id": run_id, "outcomes": rows, "feeds": feeds, "balance": sheet.as_dict()}
        print_json(found | {"index_not_asked": str(unasked) if unasked else None})
    else:
        if counts:
            print_table(
                f"Run {run_id}",
                ("stage", "result", "reason", "count"),
                [(*key, count) for key, count in sorted(counts.items())],
            )
        else:
            typer.echo(f"Nothing was due. {_next_poll(states)}")
        if ill:
            print_table(
                "Feeds that fail",
                ("feed", "why", "next try"),
                [(state.feed.feed_id, state.last_reason, _minute(state.next_poll_at))
                 for state in ill],
            )  # fmt: skip
            typer.echo("`newsline feeds check` says more; `newsline replay --stage poll` asks now.")
        for state in merged:
            typer.echo(f"{state.feed.feed_id} is {say_merged(state)}.")
        typer.echo(sheet.sentence())
        if unasked:
            typer.echo(f"By the ledger alone: the index was not asked. {unasked}")
    if isinstance(unasked, IndexUnavailable):
        return REFUSED
    return OK if sheet.balances and len(ill) < max(1, len(states) - len(merged)) else BAD_NEWS


def _next_poll(states: Sequence[FeedState]) -> str:
    """Say when a feed is asked next."""
    due = [state.next_poll_at for state in states if state.next_poll_at and not state.paused]
    return f"The next feed is due at {_minute(min(due))}." if due else "No feed is active."


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never: paused"
