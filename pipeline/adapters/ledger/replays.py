"""Sends URLs through a stage again: dead letters, or anything that has ended."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.ledger.bookkeeping import url_conditions
from pipeline.adapters.ledger.copies import is_enriched
from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.tables import articles, outcomes, urls
from pipeline.errors import UsageError
from pipeline.model import Stage, Status
from pipeline.work import Backfill, ReplaySelector, Scope

#: An alias has no page of its own; what was retracted or erased stays away.
_REPLAYABLE = (Status.INDEXED, Status.DROPPED, Status.DUPLICATE, Status.DEAD)


def replay(
    connection: Connection, selector: ReplaySelector, now: datetime, *, dry_run: bool
) -> int:
    """Make the selected URLs due at a stage again; return how many."""
    conditions = replay_conditions(selector)
    if dry_run:
        query = sa.select(sa.func.count()).select_from(urls).where(*conditions)
        return int(connection.execute(query).scalar_one())
    stage = selector.stage.value if selector.stage is not None else urls.c.failed_stage
    return send_back(connection, conditions, stage, now)


def send_back(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    stage: str | ColumnElement[str | None],
    now: datetime,
) -> int:
    """Make URLs that meet all conditions due at a stage; return how many."""
    stays = urls.c.status == Status.INDEXED
    done = connection.execute(
        sa.update(urls)
        .where(*conditions)
        .values(
            stage=stage,
            due_at=now,
            tries=0,
            status=sa.case((stays, urls.c.status), else_=Status.IN_FLIGHT.value),
            reason=None,
            failed_stage=None,
            failed_reason=None,
        )
    )
    return done.rowcount


def send_to_enrich(connection: Connection, article_ids: Collection[str], now: datetime) -> int:
    """Make articles in the index due for ENRICH again, those at rest; return how many."""
    selector = ReplaySelector(stage=Stage.ENRICH, dead_only=False)
    conditions = [*replay_conditions(selector), urls.c.status == Status.INDEXED]
    return sum(
        send_back(connection, [*conditions, urls.c.article_id.in_(some)], Stage.ENRICH.value, now)
        for some in chunks(sorted(article_ids))
    )


def replay_conditions(selector: ReplaySelector) -> list[ColumnElement[bool]]:
    """Return what a URL must meet; what is being worked on is never disturbed."""
    at_rest = urls.c.stage.is_(None) | (urls.c.stage == Stage.FETCH)
    conditions = [
        urls.c.status.in_(_REPLAYABLE),
        at_rest,
        *url_conditions(
            Scope(
                feed_id=selector.feed_id,
                publisher=selector.publisher,
                since=selector.since,
                until=selector.until,
            )
        ),
    ]
    if selector.dead_only:
        conditions.append(urls.c.failed_stage.is_not(None))
    elif selector.stage is None:
        raise UsageError("replaying more than dead letters needs --stage: through which one?")
    if selector.died_at is not None:
        conditions.append(urls.c.failed_stage == selector.died_at)
    if selector.url_id is not None:
        conditions.append(urls.c.url_id == selector.url_id)
    if selector.reason is not None:
        its_reason = sa.func.coalesce(urls.c.failed_reason, urls.c.reason)
        conditions.append(its_reason == selector.reason)
    return conditions + _has_what_it_reads(selector.stage)


def _has_what_it_reads(stage: Stage | None) -> list[ColumnElement[bool]]:
    """Return what must be there for a stage to have something to work on."""
    if stage is None or stage is Stage.FETCH:
        return []
    if stage is Stage.POLL:
        raise UsageError(
            "a poll cannot be replayed; stages are fetch, extract, enrich, group, index"
        )
    if stage in (Stage.GROUP, Stage.INDEX):
        return [is_enriched()]
    owned = sa.select(articles.c.article_id).where(articles.c.url_id == urls.c.url_id)
    if stage is Stage.ENRICH:
        owned = owned.where(articles.c.revision_n > 0)
    return [owned.exists()]


def backfill_left(connection: Connection, backfill: Backfill, begun_at: datetime) -> int:
    """Count the URLs that a backfill has still to make due."""
    query = sa.select(sa.func.count()).select_from(urls).where(*_left(backfill, begun_at))
    return int(connection.execute(query).scalar_one())


def backfill_batch(
    connection: Connection, backfill: Backfill, begun_at: datetime, now: datetime, limit: int
) -> int:
    """Make some of the URLs that are left due, oldest first; return how many."""
    left = _left(backfill, begun_at)
    order = (urls.c.first_seen_at, urls.c.url_id)
    chosen = connection.scalars(sa.select(urls.c.url_id).where(*left).order_by(*order).limit(limit))
    return sum(
        send_back(connection, [*left, urls.c.url_id.in_(ids)], backfill.stage.value, now)
        for ids in chunks(chosen.all())
    )


def _left(backfill: Backfill, begun_at: datetime) -> list[ColumnElement[bool]]:
    """Return what a URL meets that has not been through the stage since the backfill began."""
    been_through = sa.select(outcomes.c.outcome_id).where(
        outcomes.c.url_id == urls.c.url_id,
        outcomes.c.stage == backfill.stage,
        outcomes.c.at >= begun_at,
    )
    conditions = [*replay_conditions(backfill.selector), ~been_through.exists()]
    if backfill.stage is Stage.FETCH:
        conditions.append(urls.c.page_id.is_(None))  # what is there need not be asked for again
    return conditions
