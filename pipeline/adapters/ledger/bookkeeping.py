"""The ledger's side of the balance: each term counted from the table that it belongs to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.ledger.tables import articles, entries, outcomes, sightings, urls
from pipeline.errors import UsageError
from pipeline.model import Result, Stage, Status
from pipeline.work import Books, Scope

Conditions = list[ColumnElement[bool]]


def books(connection: Connection, scope: Scope) -> Books:
    """Count what a scope holds; the connection must show one state to all of these reads."""
    mine = url_conditions(scope)
    counts = connection.execute(
        sa.select(
            urls.c.status,
            urls.c.reason,
            urls.c.stage,
            urls.c.failed_stage,
            sa.func.count().label("urls"),
        )
        .where(*mine)
        .group_by(urls.c.status, urls.c.reason, urls.c.stage, urls.c.failed_stage)
    ).all()

    def tally(status: Status, name: Callable[[Any], str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in counts:
            if row.status == status:
                found[name(row)] = found.get(name(row), 0) + row.urls
        return dict(sorted(found.items()))

    by_status = {
        status: sum(row.urls for row in counts if row.status == status) for status in Status
    }
    indexed, in_flight, elsewhere = _articles(connection, mine)
    return Books(
        discovered=discovered(connection, scope),
        no_link=without_link(connection, scope),
        by_status={status: count for status, count in by_status.items() if count},
        dropped_by_reason=tally(Status.DROPPED, lambda row: row.reason or ""),
        dead_by_reason=tally(Status.DEAD, lambda row: f"{row.failed_stage}:{row.reason}"),
        in_flight_by_stage=tally(Status.IN_FLIGHT, lambda row: row.stage or ""),
        indexed=indexed,
        in_flight=in_flight,
        elsewhere=None if scope == Scope() else elsewhere,
        unchanged=_unchanged(connection, scope.run_id) if scope.run_id else frozenset(),
    )


def url_conditions(scope: Scope) -> Conditions:
    """Return what a row of `urls` must meet to be within a scope."""
    conditions = _by_origin(scope, urls.c.publisher, urls.c.first_seen_at)
    if scope.feed_id is not None:
        seen = sa.select(sightings.c.url_id).where(sightings.c.feed_id == scope.feed_id)
        conditions.append(urls.c.url_id.in_(seen))
    if scope.run_id is not None:
        conditions.append(urls.c.url_id.in_(_touched(scope.run_id)))
    return conditions


def _touched(run_id: str) -> sa.CompoundSelect[Any]:
    """Select the URLs that a run listed as new or changed, or worked on."""
    listed = sa.select(sightings.c.url_id).where(sightings.c.run_id == run_id)
    worked_on = sa.select(outcomes.c.url_id).where(outcomes.c.run_id == run_id)
    return sa.union(
        listed.where(sightings.c.url_id.is_not(None)),
        worked_on.where(outcomes.c.url_id.is_not(None)),
    )


def _unchanged(connection: Connection, run_id: str) -> frozenset[str]:
    """Return the articles that a run looked at, found as they were, and did not write."""
    mine = outcomes.c.run_id == run_id
    written = sa.select(outcomes.c.url_id).where(
        mine, outcomes.c.stage == Stage.INDEX, outcomes.c.result == Result.OK
    )
    query = (
        sa.select(articles.c.article_id)
        .distinct()
        .join(outcomes, outcomes.c.url_id == articles.c.url_id)
        .where(mine, outcomes.c.result == Result.UNCHANGED)
        .where(articles.c.url_id.not_in(written.where(outcomes.c.url_id.is_not(None))))
    )
    return frozenset(connection.scalars(query))


def _by_origin(
    scope: Scope, publisher: ColumnElement[Any], first_seen_at: ColumnElement[Any]
) -> Conditions:
    conditions: Conditions = []
    if scope.publisher is not None:
        conditions.append(publisher == scope.publisher)
    if scope.day is not None:
        start = _midnight(scope.day)
        conditions += [first_seen_at >= start, first_seen_at < start + timedelta(days=1)]
    if scope.since is not None:
        conditions.append(first_seen_at >= scope.since)
    if scope.until is not None:
        conditions.append(first_seen_at < scope.until)
    return conditions


def _midnight(day: str) -> datetime:
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{day!r} is no day; write YYYY-MM-DD") from None


def discovered(connection: Connection, scope: Scope) -> int:
    """Count URLs by what was sighted: nothing here looks at the `urls` table."""
    query = sa.select(sa.func.count(sightings.c.url_id.distinct()))
    origin = _by_origin(scope, sightings.c.publisher, sightings.c.seen_at)
    if origin:
        discoveries = sa.select(sightings.c.url_id).where(sightings.c.first, *origin)
        query = query.where(sightings.c.url_id.in_(discoveries))
    if scope.feed_id is not None:
        query = query.where(sightings.c.feed_id == scope.feed_id)
    if scope.run_id is not None:
        query = query.where(sightings.c.url_id.in_(_touched(scope.run_id)))
    return int(connection.execute(query).scalar_one())


def without_link(connection: Connection, scope: Scope) -> int:
    """Count entries that never were a URL."""
    conditions = _by_origin(scope, entries.c.publisher, entries.c.first_seen_at)
    if scope.feed_id is not None:
        conditions.append(entries.c.feed_id == scope.feed_id)
    if scope.run_id is not None:
        listed = sa.select(sightings.c.entry_key).where(
            sightings.c.run_id == scope.run_id, sightings.c.feed_id == entries.c.feed_id
        )
        conditions.append(entries.c.entry_key.in_(listed.correlate(entries)))
    query = sa.select(sa.func.count()).select_from(entries)
    return int(
        connection.execute(query.where(entries.c.url_id.is_(None), *conditions)).scalar_one()
    )


def _articles(
    connection: Connection, mine: Conditions
) -> tuple[dict[str, int], frozenset[str], frozenset[str]]:
    """Return what the index holds, what it may or may not hold, and what it must not hold."""
    query = (
        sa.select(articles.c.article_id, articles.c.indexed_version, urls.c.status, urls.c.stage)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(*mine)
    )
    indexed: dict[str, int] = {}
    in_flight: set[str] = set()
    elsewhere: set[str] = set()
    for row in connection.execute(query):
        if row.status == Status.INDEXED:
            indexed[row.article_id] = row.indexed_version or 0
        if row.status == Status.IN_FLIGHT or row.stage == Stage.INDEX:
            in_flight.add(row.article_id)
        elif row.status != Status.INDEXED:
            elsewhere.add(row.article_id)
    return indexed, frozenset(in_flight), frozenset(elsewhere)
