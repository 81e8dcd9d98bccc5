"""What failed for good and waits for a replay: grouped, and one by one."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import Row, rows_by
from pipeline.adapters.ledger.tables import outcomes, urls
from pipeline.model import Result, Stage, Status
from pipeline.oversight import DeadGroup, DeadLetter


def dead_groups(connection: Connection) -> list[DeadGroup]:
    """Return the dead letters by stage and reason, most first."""
    query = (
        sa.select(
            urls.c.failed_stage,
            urls.c.failed_reason,
            sa.func.count().label("urls"),
            sa.func.min(urls.c.first_seen_at).label("oldest"),
            sa.func.max(urls.c.first_seen_at).label("newest"),
        )
        .where(urls.c.failed_stage.is_not(None))
        .group_by(urls.c.failed_stage, urls.c.failed_reason)
    )
    groups = [
        DeadGroup(
            Stage(row.failed_stage), row.failed_reason or "", row.urls, row.oldest, row.newest
        )
        for row in connection.execute(query)
    ]
    return sorted(groups, key=lambda group: (-group.urls, group.stage, group.reason))


def dead_letters(
    connection: Connection,
    *,
    stage: Stage | None,
    reason: str | None,
    feed_id: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[DeadLetter]:
    """Return dead letters in order of (first_seen_at, url_id), with how each of them died."""
    query = sa.select(urls).where(urls.c.failed_stage.is_not(None))
    if stage is not None:
        query = query.where(urls.c.failed_stage == stage)
    if reason is not None:
        query = query.where(urls.c.failed_reason == reason)
    if feed_id is not None:
        query = query.where(urls.c.feed_id == feed_id)
    if after is not None:
        place = sa.tuple_(urls.c.first_seen_at, urls.c.url_id)
        at = sa.literal(after[0], urls.c.first_seen_at.type)
        query = query.where(place > sa.tuple_(at, sa.literal(after[1])))
    query = query.order_by(urls.c.first_seen_at, urls.c.url_id).limit(limit)
    rows = connection.execute(query).mappings().all()
    deaths = _deaths(connection, [row["url_id"] for row in rows])
    return [_dead_letter(row, deaths.get(row["url_id"])) for row in rows]


def _deaths(connection: Connection, url_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return url_id → the outcome with which it last died."""
    query = sa.select(outcomes).where(outcomes.c.result == Result.DEAD)
    rows = rows_by(connection, query, outcomes.c.url_id, url_ids)
    return {row["url_id"]: row for row in sorted(rows, key=lambda row: row["outcome_id"])}


def _dead_letter(row: Row, death: Row | None) -> DeadLetter:
    return DeadLetter(
        url_id=row["url_id"],
        url=row["url"],
        publisher=row["publisher"],
        feed_id=row["feed_id"],
        stage=Stage(row["failed_stage"]),
        reason=row["failed_reason"] or "",
        status=Status(row["status"]),
        first_seen_at=row["first_seen_at"],
        died_at=death["at"] if death else None,
        detail=death["detail"] if death else "",
        attempt=death["attempt"] if death else 0,
    )
