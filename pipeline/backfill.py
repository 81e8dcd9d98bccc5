"""Goes through a stage again for a part of the past, as far as its time allows.

    no         from the archive and the ledger: extract, enrich, group or index again
    pages      ask for pages that were never had (stage fetch)
    archives   find older articles in feeds' archives and sitemaps (older.py), then fetch them

Some hundred URLs are made due at a time, oldest first, and done before the next: what is new need
not queue behind the past. What is cut short is due, and begun again it does only what is left.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from enum import StrEnum
from functools import partial

from pipeline.app import App
from pipeline.care import CareLedger, Walk
from pipeline.errors import UsageError
from pipeline.model import Stage
from pipeline.older import Older, Window, find_older
from pipeline.run import Share
from pipeline.scheduled import Counts, Tally, drain
from pipeline.work import Backfill, FeedState

#: URLs made due at a time: a minute or two of extracting.
BATCH = 500
#: Documents read of one feed's archive: at two seconds each, some minutes of one host.
MAX_DOCUMENTS = 100
_LAST = (Stage.GROUP, Stage.INDEX)
_DAY = timedelta(days=1)


class Network(StrEnum):
    """What a backfill may ask of the outside."""

    NO = "no"
    PAGES = "pages"
    ARCHIVES = "archives"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A backfill, and how it is to be done."""

    backfill: Backfill
    network: Network
    budget_s: float = 3000.0  # after so long nothing more is begun
    dry_run: bool = False  # count only


@dataclass(frozen=True, slots=True)
class Done:
    """What a backfill came to."""

    left: int  # URLs that it has still to make due
    made_due: int = 0
    outcomes: Counts = field(default_factory=dict)
    older: Mapping[str, Older] = field(default_factory=dict)  # feed_id → what its archive held
    archives_left: int = 0  # feeds whose archive was not read to its end


def wanted_of(given: Mapping[str, object], day: str | None = None) -> Wanted:
    """Read what was asked for; `day` (of a partition) stands for `since` and `until`.

    Raises UsageError for what makes no sense, and for all of the past by mistake.
    """
    network = Network(str(given.get("network") or Network.NO))
    stage = Stage.FETCH if network is not Network.NO else _stage(given.get("stage"))
    first, last = _day(day or given.get("since")), _day(day or given.get("until"))
    chosen = {name: _text(given.get(name)) for name in ("feed", "outlet", "reason")}
    if not any(chosen.values()) and first is None and last is None:
        raise UsageError("say which part of the past: feed, outlet, reason, since or until")
    backfill = Backfill(
        stage,
        feed_id=chosen["feed"],
        publisher=chosen["outlet"],
        reason=chosen["reason"],
        since=first,
        until=last + _DAY if last else None,  # the last day is part of it
    )
    minutes = float(str(given.get("minutes") or 50))
    return Wanted(backfill, network, minutes * 60, dry_run=bool(given.get("dry_run")))


def _stage(given: object) -> Stage:
    stage = Stage(str(given or Stage.EXTRACT))
    if stage in (Stage.POLL, Stage.FETCH):
        raise UsageError(f"stage {stage} needs the network: choose network pages or archives")
    return stage


def _text(given: object) -> str | None:
    return str(given) if given else None


def _day(given: object) -> datetime | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(str(given)[:10])
    except ValueError:
        raise UsageError(f"{given!r} is no day; write YYYY-MM-DD") from None
    return datetime.combine(day, clock_time(), tzinfo=UTC)


def run_backfill(app: App, run_id: str, wanted: Wanted, *, actor: str) -> Done:
    """Do what is left of a backfill, until its time is up or somebody ends the task."""
    ledger, backfill, now = app.ledger, wanted.backfill, app.clock.now()
    ends_at_s = time.monotonic() + wanted.budget_s
    if wanted.dry_run:
        return Done(left=ledger.backfill_left(backfill, now))
    begun_at = ledger.begin_backfill(backfill, actor=actor, now=now)
    older: Mapping[str, Older] = {}
    archives_left = 0
    if wanted.network is Network.ARCHIVES:
        older = asyncio.run(_find_older(app, wanted, ends_at_s))
        archives_left = len(_unread(app.ledger, backfill))
    stages = _stages(wanted)
    tally, made_due, whole = Tally(), 0, True
    while whole and (rest_s := ends_at_s - time.monotonic()) > 0 and not _is_full(app):
        batch = ledger.backfill_batch(backfill, begun_at, app.clock.now(), limit=BATCH)
        made_due += batch
        if batch or older:
            whole = drain(app, Share(stages, run_id=run_id, deadline_s=rest_s), tally)
        if not batch:
            break
    left = ledger.backfill_left(backfill, begun_at)
    if not left and not archives_left:
        ledger.end_backfill(backfill, actor=actor, now=app.clock.now())
    return Done(left, made_due, dict(sorted(tally.counts.items())), older, archives_left)


def _stages(wanted: Wanted) -> frozenset[Stage]:
    """Return what this process does; grouping and indexing are other tasks'."""
    if wanted.network is Network.NO:
        return frozenset({Stage.EXTRACT, Stage.ENRICH})
    return frozenset({Stage.FETCH, Stage.EXTRACT, Stage.ENRICH})


def _is_full(app: App) -> bool:
    """Tell whether so much waits for the index that more would only wait longer."""
    return sum(map(app.ledger.waiting, _LAST)) >= app.config.index.high_water


async def _find_older(app: App, wanted: Wanted, ends_at_s: float) -> dict[str, Older]:
    """Read the archives of the feeds that are meant, one feed after the other."""
    backfill = wanted.backfill
    doors = app.doors(frozenset({Stage.POLL}))
    window = Window(backfill.since, backfill.until)
    found: dict[str, Older] = {}
    try:
        for feed_id, walk in _unread(app.ledger, backfill).items():
            if time.monotonic() >= ends_at_s:
                break
            found[feed_id] = await find_older(
                doors,
                feed_id,
                window,
                max_documents=MAX_DOCUMENTS,
                walk=walk,
                keep=partial(app.ledger.keep_walk, backfill, feed_id),
            )
    finally:
        await app.aclose_fetcher()
    return found


def _unread(ledger: CareLedger, backfill: Backfill) -> dict[str, Walk | None]:
    """Return the feeds whose archives are still to be read, from where on; None: from the start."""
    walks = ledger.walks(backfill)
    feed_ids = [state.feed.feed_id for state in _meant(ledger.feed_states(), backfill)]
    unread = {feed_id: walks.get(feed_id) for feed_id in feed_ids}
    return {feed_id: walk for feed_id, walk in unread.items() if walk is None or walk.queue}


def _meant(states: Sequence[FeedState], backfill: Backfill) -> list[FeedState]:
    return [
        state
        for state in states
        if state.configured and not state.paused and state.merged_into is None
        if backfill.feed_id in (None, state.feed.feed_id)
        if backfill.publisher in (None, state.feed.publisher)
    ]
