"""What became of feeds: entries by day, polls, failures, listings, changes by hand."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.records import entry_of
from pipeline.adapters.ledger.tables import feed_overrides, feeds, outcomes, sightings, urls
from pipeline.model import Result, Status
from pipeline.oversight import FailedPolls, Listing, Override, PollRecord
from pipeline.work import FeedState

_STATE: TypeAdapter[FeedState] = TypeAdapter(FeedState)
_FAILED = (Result.RETRY, Result.DEAD)


def start_of(unit: str, column: ColumnElement[Any], connection: Connection) -> ColumnElement[str]:
    """Return SQL for the UTC day or hour of a time, as sortable text: 2019-09-10[ 08]."""
    if connection.dialect.name == "sqlite":  # where times are such text already
        return sa.func.substr(sa.cast(column, sa.String), 1, 10 if unit == "day" else 13)
    form = "YYYY-MM-DD" if unit == "day" else "YYYY-MM-DD HH24"
    return sa.func.to_char(sa.func.timezone("UTC", column), form)


def new_by_day(
    connection: Connection, feed_ids: Collection[str], since: datetime
) -> dict[str, dict[date, int]]:
    """Return feed_id → UTC day → entries listed for the first time."""
    day = start_of("day", sightings.c.seen_at, connection).label("day")
    query = (
        sa.select(sightings.c.feed_id, day, sa.func.count().label("entries"))
        .where(sightings.c.seen_at >= since, sightings.c.version == 1)
        .group_by(sightings.c.feed_id, day)
    )
    found: dict[str, dict[date, int]] = {feed_id: {} for feed_id in feed_ids}
    for chunk in chunks(sorted(found)):
        for row in connection.execute(query.where(sightings.c.feed_id.in_(chunk))):
            found[row.feed_id][date.fromisoformat(row.day)] = row.entries
    return found


def polls(connection: Connection, feed_id: str, limit: int) -> list[PollRecord]:
    """Return the last polls of a feed, newest first."""
    query = (
        sa.select(outcomes)
        .where(outcomes.c.feed_id == feed_id)
        .order_by(outcomes.c.at.desc(), outcomes.c.outcome_id.desc())
        .limit(limit)
    )
    return [_poll(row) for row in connection.execute(query)]


def _poll(row: Any) -> PollRecord:  # noqa: ANN401 - SQLAlchemy's row
    counts = orjson.loads(row.counts or "{}")
    return PollRecord(row.at, Result(row.result), row.reason, row.detail, counts)


def failed_polls(connection: Connection, feed_ids: Collection[str]) -> dict[str, FailedPolls]:
    """Return feed_id → failures since the last success.

    All polls after it are failures, so that the index by feed and time leads to them at once.
    """
    failed = outcomes.c.result.in_(_FAILED)
    later = feeds.c.last_success_at.is_(None) | (outcomes.c.at > feeds.c.last_success_at)
    query = (
        sa.select(
            feeds.c.feed_id,
            sa.func.count().label("times"),
            sa.func.min(outcomes.c.at).label("since"),
            sa.func.max(outcomes.c.at).label("last_at"),
        )
        .join(outcomes, (outcomes.c.feed_id == feeds.c.feed_id) & failed & later)
        .where(feeds.c.last_reason.is_not(None))  # whoever answered well last has none
        .group_by(feeds.c.feed_id)
    )
    found = {}
    for chunk in chunks(sorted(set(feed_ids))):
        for row in connection.execute(query.where(feeds.c.feed_id.in_(chunk))).all():
            last = (
                sa.select(outcomes)
                .where(outcomes.c.feed_id == row.feed_id, outcomes.c.at == row.last_at, failed)
                .order_by(outcomes.c.outcome_id.desc())
                .limit(1)
            )
            record = _poll(connection.execute(last).one())
            found[row.feed_id] = FailedPolls(row.times, row.since, record)
    return found


def listings(connection: Connection, feed_id: str, limit: int) -> list[Listing]:
    """Return what a feed last listed as new or changed, newest first."""
    query = (
        sa.select(sightings, urls.c.status, urls.c.reason)
        .outerjoin(urls, urls.c.url_id == sightings.c.url_id)
        .where(sightings.c.feed_id == feed_id)
        .order_by(sightings.c.seen_at.desc(), sightings.c.version, sightings.c.sighting_id)
        .limit(limit)
    )
    found = []
    for row in connection.execute(query):
        entry = entry_of(row.entry)
        found.append(
            Listing(
                seen_at=row.seen_at,
                version=row.version,
                title=entry.title,
                link=entry.link,
                status=Status(row.status) if row.status else None,
                reason=row.reason,
                drop_reason=row.drop_reason,
            )
        )
    return found


def overrides(connection: Connection, feed_id: str | None, limit: int) -> list[Override]:
    """Return changes by hand (or merges), newest first."""
    query = sa.select(feed_overrides).order_by(feed_overrides.c.override_id.desc()).limit(limit)
    if feed_id is not None:
        query = query.where(feed_overrides.c.feed_id == feed_id)
    return [
        Override(
            override_id=row.override_id,
            feed_id=row.feed_id,
            at=row.at.astimezone(UTC),
            actor=row.actor,
            note=row.note,
            before=_STATE.validate_json(row.before),
            after=_STATE.validate_json(row.after),
        )
        for row in connection.execute(query)
    ]
