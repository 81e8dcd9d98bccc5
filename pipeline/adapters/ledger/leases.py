"""Who may work on what: leases with unguessable tokens, by the database's clock.

A lease that ran out still holds until somebody else takes the work: its holder may be slow, but
nobody did the work twice. `now` decides what is due and never who holds what.
"""

import secrets
import zlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table

from pipeline.adapters.ledger.engine import chunks, database_now, insert_new, update_all
from pipeline.adapters.ledger.tables import feeds, hosts, urls
from pipeline.errors import LeaseLost
from pipeline.model import Stage
from pipeline.work import MAX_HOST_WAIT_S, Lease

#: PostgreSQL advisory lock: only one worker at a time looks whether `group` is being worked on.
GROUP_LOCK = 0x6E6C_0001


def add_hosts(connection: Connection, names: Iterable[str]) -> None:
    """Make sure that every host has its row."""
    rows = [{"host": name, "crc32": zlib.crc32(name.encode())} for name in sorted(set(names))]
    if rows:
        connection.execute(insert_new(hosts, connection), rows)


def lease_hosts(
    connection: Connection,
    stage: Stage,
    now: datetime,
    *,
    limit: int,
    lease_s: float,
    shard: tuple[int, int] | None,
) -> list[Lease]:
    """Take hosts with something due, soonest allowed first.

    A host that lets nobody in for MAX_HOST_WAIT_S is left alone until then.
    """
    clock = database_now(connection)
    query = (
        sa.select(hosts.c.host, hosts.c.next_request_at)
        .where(_free(hosts, clock), _has_due(stage, now), _lets_in(now))
        .order_by(hosts.c.next_request_at.nulls_first(), hosts.c.host)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if shard is not None:
        index, count = shard
        query = query.where(hosts.c.crc32 % count == index)
    found = connection.execute(query).all()
    expires_at = clock + timedelta(seconds=lease_s)
    leases = [Lease(secrets.token_hex(16), expires_at, host, at) for host, at in found]
    _take(connection, leases)
    return leases


def due_by_shard(connection: Connection, now: datetime, shards: int) -> dict[int, int]:
    """Count the hosts with something due, leased or not, by shard."""
    shard = (hosts.c.crc32 % shards).label("shard")
    query = (
        sa.select(shard, sa.func.count().label("hosts"))
        .where(_has_due(Stage.POLL, now) | _has_due(Stage.FETCH, now), _lets_in(now))
        .group_by(shard)
    )
    return {row.shard: row.hosts for row in connection.execute(query)}


def lease_host(connection: Connection, host: str, *, lease_s: float) -> Lease | None:
    """Take one host by name, or None."""
    add_hosts(connection, [host])
    clock = database_now(connection)
    query = (
        sa.select(hosts.c.next_request_at)
        .where(hosts.c.host == host, _free(hosts, clock))
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    expires_at = clock + timedelta(seconds=lease_s)
    lease = Lease(secrets.token_hex(16), expires_at, host, row.next_request_at)
    _take(connection, [lease])
    return lease


def lease_rows(
    connection: Connection, stage: Stage, now: datetime, *, limit: int, lease_s: float
) -> tuple[Lease, list[str]]:
    """Take URL rows waiting for a stage, in order of first sight; return their url_ids."""
    if stage is Stage.GROUP and connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(GROUP_LOCK)))
    clock = database_now(connection)
    lease = Lease(secrets.token_hex(16), clock + timedelta(seconds=lease_s))
    if stage is Stage.GROUP and _is_leased(connection, stage, clock):
        return lease, []  # depends on order, so there is one worker at a time
    query = (
        sa.select(urls.c.url_id)
        .where(urls.c.stage == stage, urls.c.due_at <= now, _free(urls, clock))
        .order_by(urls.c.first_seen_at, urls.c.article_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(connection.scalars(query))
    for chunk in chunks(taken):
        connection.execute(
            sa.update(urls)
            .where(urls.c.url_id.in_(chunk))
            .values(lease_token=lease.token, lease_expires_at=lease.expires_at)
        )
    return lease, taken


def renew(connection: Connection, lease: Lease, *, lease_s: float) -> Lease:
    """Extend a lease that is still ours. Raises LeaseLost."""
    expires_at = database_now(connection) + timedelta(seconds=lease_s)
    table = _table(lease)
    done = connection.execute(
        sa.update(table).where(_holds(table, lease)).values(lease_expires_at=expires_at)
    )
    if not done.rowcount:
        raise LeaseLost(f"the lease on {lease.host or 'a batch'} is no longer ours")
    return Lease(lease.token, expires_at, lease.host, lease.next_request_at)


def release(connection: Connection, lease: Lease, *, next_request_at: datetime | None) -> None:
    """Give back what is still ours."""
    table = _table(lease)
    values: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}
    if lease.host is not None and next_request_at is not None:
        values["next_request_at"] = next_request_at
    connection.execute(sa.update(table).where(_holds(table, lease)).values(values))


def release_all(connection: Connection) -> None:
    """End every lease: whoever held one is known to be dead."""
    for table in (hosts, urls):
        connection.execute(
            sa.update(table)
            .where(table.c.lease_token.is_not(None))
            .values(lease_token=None, lease_expires_at=None)
        )


def fence_host(connection: Connection, host: str) -> None:
    """End the lease on a host: what its holder commits from now on is refused."""
    connection.execute(
        sa.update(hosts).where(hosts.c.host == host).values(lease_token=None, lease_expires_at=None)
    )


def holds_host(connection: Connection, lease: Lease) -> bool:
    """Tell whether a host lease is ours, and keep it so until the transaction ends."""
    query = sa.select(hosts.c.host).where(_holds(hosts, lease)).with_for_update()
    return connection.execute(query).one_or_none() is not None


def _take(connection: Connection, leases: Collection[Lease]) -> None:
    update_all(
        connection,
        hosts,
        [
            {"host": lease.host, "lease_token": lease.token, "lease_expires_at": lease.expires_at}
            for lease in leases
        ],
    )


def _free(table: Table, clock: datetime) -> ColumnElement[bool]:
    return table.c.lease_token.is_(None) | (table.c.lease_expires_at < clock)


def _lets_in(now: datetime) -> ColumnElement[bool]:
    return hosts.c.next_request_at.is_(None) | (
        hosts.c.next_request_at <= now + timedelta(seconds=MAX_HOST_WAIT_S)
    )


def _has_due(stage: Stage, now: datetime) -> ColumnElement[bool]:
    if stage is Stage.POLL:
        due = sa.select(feeds.c.feed_id).where(
            feeds.c.host == hosts.c.host,
            feeds.c.configured,
            ~feeds.c.paused,
            feeds.c.next_poll_at.is_(None) | (feeds.c.next_poll_at <= now),
        )
    else:
        due = sa.select(urls.c.url_id).where(
            urls.c.host == hosts.c.host, urls.c.stage == stage, urls.c.due_at <= now
        )
    return due.exists()


def _is_leased(connection: Connection, stage: Stage, clock: datetime) -> bool:
    query = sa.select(urls.c.url_id).where(
        urls.c.lease_token.is_not(None), urls.c.stage == stage, urls.c.lease_expires_at >= clock
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def _table(lease: Lease) -> Table:
    return urls if lease.host is None else hosts


def _holds(table: Table, lease: Lease) -> ColumnElement[bool]:
    held = table.c.lease_token == lease.token
    return held if lease.host is None else held & (hosts.c.host == lease.host)
