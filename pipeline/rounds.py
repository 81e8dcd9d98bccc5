"""What the tasks of the further DAGs do: retry, backfill, quality, index, readers of changes.

As in `scheduled.py`, whose settings, rules and errors hold here too: tasks take and return ids and
counts, and what is cut short or done twice is still due, or was refused.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypedDict

from pipeline import eraser, inspection, retention, trimming, upkeep
from pipeline.app import why_no_snapshots
from pipeline.backfill import run_backfill, wanted_of
from pipeline.cli.quality import poster
from pipeline.errors import IndexUnavailable
from pipeline.ports import IndexResult
from pipeline.rebuild import rebuild
from pipeline.scheduled import Counts, open_shared

#: Changes read at a time.
CHANGES = 1_000
_NAMED = 20
#: Of a night: rewriting old segments must not take the disk from the trip for hours.
ARCHIVE_S = 600.0


class Revived(TypedDict):
    """What a run of `news_retry` begins with."""

    run_id: str  # of the ledger; given to every other task of the run
    revived: dict[str, int]  # reason → dead letters that are due again


class Changed(TypedDict):
    """What changed after a place in the change log."""

    position: int  # read up to here: the next question begins there
    kinds: Counts  # "upsert" and "retract" → articles
    more: bool  # ask again


def revive() -> Revived:
    """Open a run and make dead letters due that may have got over it."""
    with open_shared() as app:
        now = app.clock.now()
        revived = app.ledger.revive(app.config.retry, now)
        return {"run_id": app.ledger.start_run(now), "revived": dict(revived)}


def begin() -> str:
    """Open a run and return its id."""
    with open_shared() as app:
        return app.ledger.start_run(app.clock.now())


def backfill(
    run_id: str, given: Mapping[str, object], day: str | None, actor: str
) -> dict[str, Any]:
    """Do what is left of a backfill, as far as its time allows; see `pipeline.backfill.Done`.

    `given` are the parameters of `news_backfill`, `day` is that of a partition.
    """
    wanted = wanted_of(given, day)
    with open_shared() as app:
        done = run_backfill(app, run_id, wanted, actor=actor)
    return {"subject": wanted.backfill.subject, "dry_run": wanted.dry_run, **asdict(done)}


def match_alerts() -> dict[str, Any]:
    """Match saved searches with what was indexed. Raises IndexUnavailable."""
    with open_shared() as app:
        return asdict(asyncio.run(app.delivery.match_all()))


def tell_alerts() -> dict[str, Any]:
    """Tell the receivers of alerts what is due."""
    with open_shared() as app:
        return asdict(asyncio.run(app.delivery.tell_all()))


def push_changes() -> dict[str, Any]:
    """Tell the receivers of the change feed what they have not heard."""
    with open_shared() as app:
        return asdict(asyncio.run(app.delivery.push_all()))


def changes(position: int) -> Changed:
    """Say what changed after a position, up to a thousand changes."""
    with open_shared() as app:
        found = app.ledger.changes_after(position, limit=CHANGES)
    return {
        "position": found[-1].seq if found else position,
        "kinds": dict(Counter(change.kind for change in found)),
        "more": len(found) == CHANGES,
    }


class Inspected(TypedDict):
    """What a run of `news_quality` found."""

    open: dict[str, int]  # kind → findings
    closed: int  # that are no longer so
    events: int  # sent to the cluster
    told: int
    not_looked_for: dict[str, str]  # kind → why


def quality() -> Inspected:
    """Inspect, announce and tell. Raises StoreUnavailable when the webhook took nothing."""
    with open_shared() as app:
        now = app.clock.now()
        done = inspection.inspect(app.ledger, app.index, app.config, now)
        events = inspection.announce(app.ledger, app.events, now) if app.events else 0
        told = asyncio.run(inspection.tell(app.ledger, app.config, now, poster(app)))
    return {
        "open": dict(Counter(str(one.finding.kind) for one in done.open)),
        "closed": len(done.findings) - len(done.open),
        "events": events,
        "told": len(told),
        "not_looked_for": {str(kind): why for kind, why in done.not_looked_for.items()},
    }


def index_status() -> dict[str, Any]:
    """Say how the index is, and in how many documents it differs from the ledger."""
    with open_shared() as app:
        return upkeep.status(app.ledger, app.index)


def index_rebuild() -> dict[str, Any]:
    """Make the index anew. Raises IndexUnavailable when the new one may not serve yet."""
    with open_shared() as app:
        done = rebuild(app.ledger, app.index)
    if not done.serves:
        named = ", ".join(one.article_id for one in done.differences[:_NAMED])
        raise IndexUnavailable(f"the new index is not complete, the old one serves on: {named}")
    return {
        "documents": {str(result): count for result, count in done.results.items()},
        "refused": len(done.refused),
        "caught_up": done.caught_up,
    }


def index_verify() -> dict[str, Any]:
    """Compare every document with the ledger and write again what differs."""
    with open_shared() as app:
        found = list(upkeep.differences(app.ledger, app.index))
        answers = upkeep.repair(app.ledger, app.index, found) if found else {}
    return {
        "differences": dict(Counter(str(one.how) for one in found)),
        "repaired": sum(result is IndexResult.OK for result, _ in answers.values()),
    }


def why_no_snapshot() -> str | None:
    """Say why no snapshot is taken; None: one is."""
    with open_shared() as app:
        return why_no_snapshots(app.config.index)


def index_snapshot() -> dict[str, Any]:
    """Take a snapshot and delete those that are too many. Raises IndexUnavailable if it failed."""
    with open_shared() as app:
        taken = app.snapshots.take(datetime.now(UTC))
        if not taken.succeeded:
            raise IndexUnavailable(f"the snapshot {taken.name} failed: {taken.problem}")
        removed = app.snapshots.prune(app.config.index.snapshot_keep)
    return {
        "name": taken.name,
        "indices": list(taken.indices),
        "shards": taken.shards,
        "removed": removed,
    }


def index_prune() -> list[str]:
    """Delete the indices of earlier rebuilds when the one that serves has proved itself."""
    with open_shared() as app:
        settings = app.config.index
        if settings.kind != "elasticsearch":
            return []  # a folder: a rebuild leaves nothing behind
        return app.prune_index(keep_days=settings.keep_days)


def trim_ledger() -> dict[str, Any]:
    """Delete what the settings let go of the ledger, or count it where they keep all."""
    with open_shared() as app:
        ledger, settings, now = app.ledger, app.config.retention, app.clock.now()
        done = retention.trim_ledger(ledger, settings, now)
        return {**done, "changes_deleted": retention.trim_changes(ledger, settings, now)}


def trim_archive() -> dict[str, Any]:
    """Take out of the archive what was erased, and what the settings let go of.

    The latter for ten minutes, then the next night.
    """
    with open_shared() as app:
        settings = app.config.retention
        erased = eraser.remove_from_archive(app.ledger, app.segments)
        done = trimming.trim_archive(app.ledger, app.segments, settings, budget_s=ARCHIVE_S)
    return {**asdict(done), "erased": asdict(erased)}


def erase_outlived() -> dict[str, int]:
    """Erase what outlets let us keep for some days, when these are over; the trip takes it out."""
    with open_shared() as app:
        outlets = {state.feed.publisher for state in app.ledger.feed_states()}
        urls = eraser.erase_outlived(app.ledger, outlets, app.config.rights, app.clock.now())
        return {"erased": urls, "waiting": app.ledger.erasures_waiting()}


def clean_airflow(url: str) -> str:
    """Delete old metadata of the Airflow whose database has a URL; return what its command said."""
    with open_shared() as app:
        return retention.clean_airflow(url, app.config.retention)


def remove_logs() -> int:
    """Delete old logs of tasks on this machine; return how many."""
    with open_shared() as app:
        return retention.remove_logs(retention.airflow_logs(), app.config.retention)
