"""What there is to do and what was done: places, queues, delays, hours, actions."""

from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.bookkeeping import discovered, without_link
from pipeline.adapters.ledger.engine import insert_all
from pipeline.adapters.ledger.feed_history import start_of
from pipeline.adapters.ledger.tables import (
    actions,
    articles,
    changes,
    feeds,
    outcomes,
    urls,
)
from pipeline.model import Result, Stage, Status
from pipeline.oversight import (
    Action,
    Delays,
    Expected,
    HourCount,
    Queue,
    Tally,
)
from pipeline.work import Scope


def tally(connection: Connection) -> Tally:
    """Count what was sighted and where it stands; the connection must show one state to all."""
    columns = (urls.c.status, urls.c.failed_stage, urls.c.reason)
    query = sa.select(*columns, sa.func.count().label("urls")).group_by(*columns)
    placed: Counter[tuple[Status, str]] = Counter()
    for row in connection.execute(query):
        status, reason = Status(row.status), row.reason or ""
        if status is Status.DEAD:
            reason = f"{row.failed_stage}:{reason}"
        placed[status, reason] += row.urls
    return Tally(
        discovered=discovered(connection, Scope()),
        no_link=without_link(connection, Scope()),
        placed=dict(sorted(placed.items())),
    )


def expected(connection: Connection, newest: int) -> Expected:
    """Count what the index should hold, and name it where it was changed last."""
    on_its_way = (urls.c.status == Status.IN_FLIGHT) | (urls.c.stage == Stage.INDEX)
    unsettled = sa.func.coalesce(on_its_way, sa.false())  # most have no stage to go to
    held = urls.c.status == Status.INDEXED
    placed = articles.join(urls, urls.c.url_id == articles.c.url_id)
    counts = connection.execute(
        sa.select(
            sa.func.count(sa.case((held & ~unsettled, 1))).label("settled"),
            sa.func.count(sa.case((unsettled, 1))).label("unsettled"),
        ).select_from(placed)
    ).one()
    last = sa.select(changes.c.article_id).order_by(changes.c.change_id.desc()).limit(newest)
    rows = connection.execute(
        sa.select(articles.c.article_id, articles.c.indexed_version, held.label("held"))
        .select_from(placed)
        .where(articles.c.article_id.in_(sa.select(last.subquery().c.article_id)), ~unsettled)
    ).all()
    return Expected(
        settled=counts.settled,
        unsettled=counts.unsettled,
        newest={row.article_id: row.indexed_version or 0 for row in rows if row.held},
        newest_gone=frozenset(row.article_id for row in rows if not row.held),
    )


def delays(connection: Connection, since: datetime, until: datetime, limit: int) -> Delays:
    """Return first sight → first acknowledged write, of the newest `limit` in a window."""
    earlier = outcomes.alias("earlier")
    was_there = sa.select(earlier.c.outcome_id).where(
        earlier.c.url_id == outcomes.c.url_id,
        earlier.c.outcome_id < outcomes.c.outcome_id,
        earlier.c.stage == Stage.INDEX,
        earlier.c.result == Result.OK,
    )
    query = (
        sa.select(outcomes.c.at, urls.c.first_seen_at)
        .join(urls, urls.c.url_id == outcomes.c.url_id)
        .where(outcomes.c.at >= since, outcomes.c.at < until)
        .where(outcomes.c.stage == Stage.INDEX, outcomes.c.result == Result.OK)
        .where(~was_there.exists())
        .order_by(outcomes.c.at.desc())
        .limit(limit + 1)
    )
    seconds = [(row.at - row.first_seen_at).total_seconds() for row in connection.execute(query)]
    return Delays(seconds[:limit], complete=len(seconds) <= limit)


def queues(connection: Connection, now: datetime) -> list[Queue]:
    """Return what waits for each stage; feeds for POLL, URLs for the others."""
    on_its_way = (urls.c.status == Status.IN_FLIGHT) | (urls.c.stage != Stage.FETCH)
    due = (
        sa.select(
            urls.c.stage,
            on_its_way.label("on_its_way"),
            sa.func.count().label("items"),
            sa.func.min(urls.c.due_at).label("oldest"),
        )
        .where(urls.c.stage.in_(Stage), urls.c.due_at <= now)
        .group_by(urls.c.stage, on_its_way)
    )
    later = (
        sa.select(urls.c.stage, sa.func.count().label("items"))
        .where(urls.c.stage.in_(Stage), urls.c.due_at > now)
        .group_by(urls.c.stage)
    )
    waiting = {(row.stage, bool(row.on_its_way)): row for row in connection.execute(due)}
    postponed = {row.stage: row.items for row in connection.execute(later)}
    found = [_feeds_queue(connection, now)]
    for stage in list(Stage)[1:]:
        new, revisits = waiting.get((stage, True)), waiting.get((stage, False))
        since = new.oldest if new else None
        if stage is Stage.INDEX:
            since = waits_since(connection, stage)
        found.append(
            Queue(
                stage=stage,
                due=new.items if new else 0,
                waits_since=since,
                revisits_due=revisits.items if revisits else 0,
                later=postponed.get(stage, 0),
            )
        )
    return found


def waits_since(connection: Connection, stage: Stage) -> datetime | None:
    """Return since when the oldest item has waited for a stage; None: none does.

    That is when it was tried for the first time since it has come there, or fell due if it was not
    tried yet: each failed try puts it off, and would hide for how long it has waited.
    """
    put_off = (outcomes.c.stage == stage) & (outcomes.c.result == Result.RETRY)
    before = outcomes.alias("before")
    came_there = (
        sa.select(sa.func.max(before.c.outcome_id))
        .where(before.c.url_id == urls.c.url_id)
        .where((before.c.stage != stage) | (before.c.result != Result.RETRY))
        .correlate(urls)
        .scalar_subquery()
    )
    first_try = (
        sa.select(sa.func.min(outcomes.c.at))
        .where(outcomes.c.url_id == urls.c.url_id, put_off)
        .where(outcomes.c.outcome_id > sa.func.coalesce(came_there, 0))
        .correlate(urls)
        .scalar_subquery()
    )
    since = sa.func.min(sa.func.coalesce(first_try, urls.c.due_at))
    found: datetime | None = connection.execute(
        sa.select(since).where(urls.c.stage == stage)
    ).scalar()
    return found


def _feeds_queue(connection: Connection, now: datetime) -> Queue:
    polled = feeds.c.configured & ~feeds.c.paused
    is_due = feeds.c.next_poll_at.is_(None) | (feeds.c.next_poll_at <= now)
    query = sa.select(
        sa.func.count().label("all"),
        sa.func.count(sa.case((is_due, 1))).label("due"),
        sa.func.min(sa.case((is_due, feeds.c.next_poll_at))).label("oldest"),
    ).where(polled)
    row = connection.execute(query).one()
    return Queue(Stage.POLL, row.due, row.oldest, 0, row.all - row.due)


def feeds_of_run(connection: Connection, run_id: str) -> set[str]:
    """Return the ids of the feeds that were polled in a run."""
    polled = (outcomes.c.run_id == run_id, outcomes.c.stage == Stage.POLL)
    return set(connection.scalars(sa.select(outcomes.c.feed_id).where(*polled)))


def hourly(connection: Connection, since: datetime, until: datetime) -> list[HourCount]:
    """Return outcomes by hour, stage and result, oldest first."""
    hour = start_of("hour", outcomes.c.at, connection).label("hour")
    query = (
        sa.select(hour, outcomes.c.stage, outcomes.c.result, sa.func.count().label("items"))
        .where(outcomes.c.at >= since, outcomes.c.at < until)
        .group_by(hour, outcomes.c.stage, outcomes.c.result)
        .order_by(hour, outcomes.c.stage, outcomes.c.result)
    )
    return [
        HourCount(
            datetime.strptime(row.hour, "%Y-%m-%d %H").replace(tzinfo=UTC),
            Stage(row.stage),
            Result(row.result),
            row.items,
        )
        for row in connection.execute(query)
    ]


def add_action(connection: Connection, action: Action) -> None:
    """Keep what an operator did."""
    row = {
        "at": action.at,
        "actor": action.actor,
        "action": action.action,
        "subject": action.subject,
        "items": action.items,
    }
    insert_all(connection, actions, [row])


def recent_actions(connection: Connection, limit: int) -> list[Action]:
    """Return what operators did to items, newest first."""
    query = sa.select(actions).order_by(actions.c.action_id.desc()).limit(limit)
    return [
        Action(row.at, row.actor, row.action, row.subject, row.items)
        for row in connection.execute(query)
    ]
