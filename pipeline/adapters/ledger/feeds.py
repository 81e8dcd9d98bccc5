"""The catalogue's side of the ledger: feeds as configured, what was learnt of them, overrides."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks, insert_all, update_all
from pipeline.adapters.ledger.erasing import buried_key
from pipeline.adapters.ledger.leases import add_hosts, fence_host
from pipeline.adapters.ledger.merges import add_override, lock_merges, note_ended_merges
from pipeline.adapters.ledger.records import state_of, state_row
from pipeline.adapters.ledger.tables import entries, feeds
from pipeline.errors import UsageError
from pipeline.feeds.merging import unmerged, without_void_merges
from pipeline.work import FeedState, Lease


def sync_feeds(connection: Connection, states: Sequence[FeedState]) -> None:
    """Make the catalogue the given one; see ports.Ledger.sync_feeds.

    A poll of an old address that is under way would write over the new one: its lease is ended.
    """
    lock_merges(connection)
    known = {state.feed.feed_id: state for state in feed_states(connection, None)}
    given = {state.feed.feed_id for state in states}
    for state in states:
        before = known.get(state.feed.feed_id)
        if before is not None and before.feed.url != state.feed.url:
            fence_host(connection, before.host)
    gone = [replace(known[feed_id], configured=False) for feed_id in known.keys() - given]
    kept = [_kept(known.get(state.feed.feed_id), state) for state in states]
    after = without_void_merges(known, [*kept, *gone])
    note_ended_merges(connection, known, after)
    changed = [state for state in after if known.get(state.feed.feed_id) != state]
    rows = [state_row(state) for state in changed]
    add_hosts(connection, [row["host"] for row in rows])
    insert_all(connection, feeds, [row for row in rows if row["feed_id"] not in known])
    update_all(connection, feeds, [row for row in rows if row["feed_id"] in known])


def _kept(known: FeedState | None, given: FeedState) -> FeedState:
    """Return what is kept of a feed when the catalogue is read again."""
    if known is None:
        return replace(given, configured=True)
    if known.feed.url == given.feed.url:
        return replace(known, feed=given.feed, configured=True)
    if known.paused_reason == "gone":  # it was the old address that was gone
        known = replace(known, paused=False, paused_reason=None)
    return replace(
        unmerged(known),
        feed=given.feed,
        configured=True,
        url=given.url,
        host=given.host,
        etag=None,
        last_modified=None,
        body_hash=None,
        content_hash=None,
        redirect_target=None,
        redirect_since=None,
        gone_since=None,
        next_poll_at=given.next_poll_at,
    )


def feed_states(connection: Connection, feed_ids: Collection[str] | None) -> list[FeedState]:
    """Return the state of all feeds, or of those named, ordered by feed_id."""
    query = sa.select(feeds).order_by(feeds.c.feed_id)
    if feed_ids is None:
        return [state_of(row) for row in connection.execute(query).mappings()]
    return [
        state_of(row)
        for chunk in chunks(sorted(set(feed_ids)))
        for row in connection.execute(query.where(feeds.c.feed_id.in_(chunk))).mappings()
    ]


def due_feeds(connection: Connection, lease: Lease, now: datetime) -> list[FeedState]:
    """Return the feeds due on a leased host, most overdue first."""
    query = (
        sa.select(feeds)
        .where(feeds.c.host == lease.host, feeds.c.configured, ~feeds.c.paused)
        .where(feeds.c.next_poll_at.is_(None) | (feeds.c.next_poll_at <= now))
        .order_by(feeds.c.next_poll_at.nulls_first(), feeds.c.feed_id)
    )
    return [state_of(row) for row in connection.execute(query).mappings()]


def fenced_state(connection: Connection, feed_id: str) -> FeedState:
    """Return a feed's state, with its host's lease ended: nobody else's poll can change it now.

    Read again behind the fence: whoever held the host's row may just have committed a poll.
    """
    found = feed_states(connection, [feed_id])
    if not found:
        raise UsageError(f"no feed {feed_id!r} is known; run `newsline feeds list`")
    fence_host(connection, found[0].host)
    return feed_states(connection, [feed_id])[0]


def override_feed(
    connection: Connection, state: FeedState, *, actor: str, note: str, now: datetime
) -> None:
    """Save an operator's change and who made it.

    A poll that is under way would write over it, so the lease it runs under is ended: its result
    is refused and the feed is polled again, as changed.
    """
    before = feed_states(connection, [state.feed.feed_id])
    if not before:
        raise UsageError(f"no feed {state.feed.feed_id!r} is known; run `newsline feeds list`")
    add_hosts(connection, [state.host])
    fence_host(connection, before[0].host)
    update_all(connection, feeds, [state_row(replace(state, configured=before[0].configured))])
    add_override(connection, before[0], state, actor=actor, note=note, at=now)


def known_entries(
    connection: Connection, feed_id: str, keys: Collection[str]
) -> Mapping[str, tuple[str, int]]:
    """Return key → (content_hash, version) of those entries that the feed listed before."""
    found = _known(connection, feed_id, keys)
    others = {buried_key(key): key for key in set(keys) - found.keys()}  # erased since
    return found | {
        others[key]: known for key, known in _known(connection, feed_id, others).items()
    }


def _known(connection: Connection, feed_id: str, keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    query = sa.select(entries.c.entry_key, entries.c.content_hash, entries.c.version).where(
        entries.c.feed_id == feed_id
    )
    return {
        key: (content_hash, version)
        for chunk in chunks(sorted(set(keys)))
        for key, content_hash, version in connection.execute(
            query.where(entries.c.entry_key.in_(chunk))
        )
    }
