"""Merged feeds in the ledger: found under a lock and audited; pipeline/feeds/merging.py decides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import database_now, insert_all
from pipeline.adapters.ledger.records import state_of, to_json
from pipeline.adapters.ledger.tables import feed_overrides, feeds
from pipeline.feeds.merging import find_survivor, merged, say_merged
from pipeline.urls import canonicalise, host_of
from pipeline.work import FeedState, PollResult

#: PostgreSQL advisory lock: two feeds that took each other's address at once would both vanish.
_MERGE_LOCK = 0x6E6C_0004
#: Who changed a feed, when it was no person.
OURSELVES = "newsline"


def lock_merges(connection: Connection) -> None:
    """Let one transaction at a time decide who gives way to whom; SQLite has one writer anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MERGE_LOCK)))


def merge_if_one(connection: Connection, result: PollResult) -> PollResult:
    """Return the result of a moved feed's poll, merged into the feed that is polled there.

    Call it under `lock_merges`.
    """
    before, at = result.state, result.outcome.at
    survivor = find_survivor(before, _polled_at(connection, before.url))
    if survivor is None:
        return result
    after = merged(before, survivor, at)
    note = f"{say_merged(after)}: a lasting redirect led to {before.url}, which that one polls"
    add_override(connection, before, after, actor=OURSELVES, note=note, at=at)
    return replace(result, state=after, counts={**result.counts, "merged": 1})


def _polled_at(connection: Connection, url: str) -> list[FeedState]:
    """Return the feeds that are polled on the host of an address, with "www." or without."""
    host = host_of(canonicalise(url))
    query = (
        sa.select(feeds)
        .where(feeds.c.host.in_((host, f"www.{host}")))
        .where(feeds.c.configured, ~feeds.c.paused)
    )
    return [state_of(row) for row in connection.execute(query).mappings()]


def note_ended_merges(
    connection: Connection, before: Mapping[str, FeedState], after: Sequence[FeedState]
) -> None:
    """Audit the merges that a new catalogue has ended; it carries no time, so the database's."""
    for state in after:
        old = before.get(state.feed.feed_id)
        if old is not None and old.merged_into is not None and state.merged_into is None:
            note = f"no longer merged into {old.merged_into}: the catalogue has changed"
            add_override(
                connection, old, state, actor=OURSELVES, note=note, at=database_now(connection)
            )


def add_override(
    connection: Connection,
    before: FeedState,
    after: FeedState,
    *,
    actor: str,
    note: str,
    at: datetime,
) -> None:
    """Keep who changed a feed and how."""
    row = {
        "feed_id": after.feed.feed_id,
        "at": at,
        "actor": actor,
        "note": note,
        "before": to_json(before),
        "after": to_json(after),
    }
    insert_all(connection, feed_overrides, [row])
