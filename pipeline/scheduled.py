"""What a scheduler's tasks do: the trip of `run.py`, spread over processes that share a ledger.

    plan      bring the catalogue into the ledger, open a run, see which shards have work
    shard     poll, fetch, extract and enrich: the hosts of one shard first       (side by side)
    group     find copies, in order of first sight                                (one at a time)
    index     write documents, deliver events                             (one at a time, embedded)
    publish   close the run and say what it did

Each leases what is due, begins nothing more once its time is up and gives back what it has not
done: whatever is cut short, killed or done twice at once is due for the next run, or was refused.
Tasks take and return ids and counts only. Settings, catalogue and data folder are those of the
command, from NEWSLINE_CONFIG, NEWSLINE_FEEDS and NEWSLINE_DATA. What a task raises says what to do
(`errors.py`): StoreUnavailable may pass, ConfigError and UsageError want somebody to act.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import structlog

from pipeline.app import INPUT_STAGES, App, sync_catalogue
from pipeline.cli.options import DEFAULT_DATA, DEFAULT_FEEDS, open_app
from pipeline.errors import ConfigError, Fault, IndexBusy, IndexUnavailable
from pipeline.feeds.catalogue import load_catalogue
from pipeline.model import Stage
from pipeline.run import Observer, Run, Share
from pipeline.work import FeedState, Outcome, PollResult, StepResult

log = structlog.get_logger()

GROUP = frozenset({Stage.GROUP})
INDEX = frozenset({Stage.INDEX})
#: Where articles wait between tasks; feeds and pages wait for their time, which says nothing.
ARTICLE_STAGES = (Stage.EXTRACT, Stage.ENRICH, Stage.GROUP, Stage.INDEX)

#: "stage:result" or "stage:result:reason" → items that ended so.
Counts = dict[str, int]


class Plan(TypedDict):
    """What a run is to do."""

    run_id: str  # of the ledger; given to every other task of the run
    shards: list[int]  # those with hosts to visit; at least one, since articles may wait for it
    due: dict[str, int]  # hosts to visit; articles that wait for a stage, by its name


class Published(TypedDict):
    """What a run did."""

    run_id: str
    outcomes: Counts
    indexed: int  # documents written
    waiting: dict[str, int]  # articles left for the next run, by the stage they wait for


def plan() -> Plan:
    """Bring the catalogue into the ledger, open a run and see which shards have work."""
    with open_shared() as app:
        catalogue = load_catalogue(Path(os.environ.get("NEWSLINE_FEEDS", DEFAULT_FEEDS)))
        sync_catalogue(app, catalogue, at_once=False)
        now = app.clock.now()
        by_shard = app.ledger.due_by_shard(now, shards=app.config.scheduled.shards)
        return {
            "run_id": app.ledger.start_run(now),
            "shards": sorted(by_shard) or [0],
            "due": {"hosts": sum(by_shard.values()), **_waiting(app)},
        }


def shard(run_id: str, number: int) -> Counts:
    """Poll, fetch, extract and enrich what is due, the hosts of one shard first."""
    return _do(run_id, INPUT_STAGES, shard=number)


def group(run_id: str) -> Counts:
    """Find copies among what was enriched; nothing while another run does so."""
    return _do(run_id, GROUP)


def index(run_id: str) -> Counts:
    """Write documents; nothing while another process writes an embedded index.

    Raises IndexUnavailable when articles wait because the index is away.
    """
    try:
        return _do(run_id, INDEX)
    except IndexBusy as error:
        log.warning("index_busy", detail=str(error))
        return {}


def publish(run_id: str) -> Published:
    """Close the run and say what it did."""
    with open_shared() as app:
        outcomes = app.ledger.run_counts(run_id)
        app.ledger.finish_run(run_id, app.clock.now())
        return {
            "run_id": run_id,
            "outcomes": {_name(*key): count for key, count in sorted(outcomes.items())},
            "indexed": outcomes.get((Stage.INDEX, "ok", ""), 0),
            "waiting": _waiting(app),
        }


class Tally(Observer):
    """Counts how items end, and remembers why the index is away."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.away = ""

    def polled(self, state: FeedState, result: PollResult) -> None:  # noqa: ARG002 - the protocol's
        """Count a poll."""
        self._count(result.outcome)

    def stepped(self, stage: Stage, results: Sequence[StepResult]) -> None:  # noqa: ARG002
        """Count the items that ended a stage."""
        for result in results:
            self._count(result.outcome)

    def index_away(self, why: str) -> None:
        """Remember it: the task is to fail, although nothing is lost."""
        self.away = why

    def _count(self, outcome: Outcome) -> None:
        self.counts[_name(outcome.stage, outcome.result, outcome.reason)] += 1


def _do(run_id: str, stages: frozenset[Stage], *, shard: int | None = None) -> Counts:
    """Do a share until nothing of it is due, its time is up or somebody ends the task."""
    tally = Tally()
    with open_shared() as app:
        settings = app.config.scheduled
        share = Share(
            stages,
            shard=None if shard is None else (shard, settings.shards),
            run_id=run_id,
            deadline_s=settings.deadline_s,
        )
        drain(app, share, tally)
    if tally.away:
        raise IndexUnavailable(tally.away)
    return dict(sorted(tally.counts.items()))


def drain(app: App, share: Share, observer: Observer) -> bool:
    """Do a share of the trip; tell whether it came to its end before somebody ended the task."""
    return asyncio.run(_run(app, share, observer))


async def _run(app: App, share: Share, observer: Observer) -> bool:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        doors = app.doors(share.stages)
        await Run(doors, once=True, stop=stop, observer=observer, share=share).go()
    finally:
        await app.aclose_fetcher()
    return not stop.is_set()


@contextmanager
def open_shared() -> Iterator[App]:
    """Build the app. Raises ConfigError for a ledger that several processes cannot share."""
    named = os.environ.get("NEWSLINE_CONFIG")
    data = Path(os.environ.get("NEWSLINE_DATA", DEFAULT_DATA))
    with open_app(data, Path(named) if named else None) as app:
        if not app.config.ledger.url.startswith("postgresql"):
            problem = "tasks that run side by side need a PostgreSQL ledger"
            raise ConfigError([Fault(named or "environment", "ledger.url", problem)])
        yield app


def _waiting(app: App) -> dict[str, int]:
    return {stage.value: app.ledger.waiting(stage) for stage in ARTICLE_STAGES}


def _name(stage: str, result: str, reason: str | None) -> str:
    return ":".join(part for part in (stage, result, reason) if part)
