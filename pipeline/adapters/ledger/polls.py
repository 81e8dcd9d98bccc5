"""What one poll leaves behind, in one transaction: entries, sightings, URLs, validators."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import (
    chunks,
    insert_all,
    insert_new,
    insert_or_replace,
    rows_by,
    update_all,
)
from pipeline.adapters.ledger.erasing import ASKED, BLANK, buried, buried_key
from pipeline.adapters.ledger.further_feeds import newly_listed, renew_documents
from pipeline.adapters.ledger.leases import add_hosts, holds_host
from pipeline.adapters.ledger.merges import lock_merges, merge_if_one
from pipeline.adapters.ledger.outcomes import SAME_ARTICLE, insert_place, outcome_row
from pipeline.adapters.ledger.records import state_row, to_json
from pipeline.adapters.ledger.tables import articles, entries, feeds, outcomes, sightings, urls
from pipeline.errors import LeaseLost
from pipeline.feeds.merging import has_moved
from pipeline.index.event import FEED_FACTS
from pipeline.model import Result, Stage, Status
from pipeline.work import EntryDecision, Lease, Outcome, PollResult


@dataclass(frozen=True, slots=True)
class _Poll:
    """Whose poll it is and when it was, for every row that it writes."""

    feed_id: str
    publisher: str
    at: datetime
    run_id: str | None
    place_id: int | None  # of the feed document


def commit_poll(
    connection: Connection, lease: Lease, result: PollResult, run_id: str | None
) -> PollResult:
    """Write everything that one poll changed. Raises LeaseLost; see ports.Ledger.commit_poll."""
    moved = has_moved(result.state)
    if moved:
        lock_merges(connection)  # before any row is locked
    if not holds_host(connection, lease):
        raise LeaseLost(f"the lease on {lease.host} is no longer ours")
    feed = result.state.feed
    place_id = insert_place(connection, result.place) if result.place else None
    poll = _Poll(feed.feed_id, feed.publisher, result.outcome.at, run_id, place_id)
    decisions = [_with_whole_link(decision) for decision in result.decisions]
    gone = buried(connection, (decision.url_id for decision in decisions))
    discovered = _add_urls(connection, poll, decisions, gone)
    listed = newly_listed(connection, poll.feed_id, decisions)
    _add_sightings(connection, poll, decisions, discovered, gone)
    renew_documents(connection, listed, poll.at)
    _touch_known_urls(connection, poll, decisions)
    _add_entries(connection, poll, decisions, gone)
    _refresh_seen(connection, poll, result.seen_keys)
    if moved:
        result = merge_if_one(connection, result)
    add_hosts(connection, [result.state.host])
    learnt = {name: value for name, value in state_row(result.state).items() if name not in _OURS}
    update_all(connection, feeds, [learnt])
    ended = outcome_row(result.outcome, run_id, feed_id=feed.feed_id)
    facts = {name: getattr(result.state, name) for name in FEED_FACTS}
    told = {"counts": to_json(dict(result.counts)), "feed_facts": to_json(facts)}
    insert_all(connection, outcomes, [ended | told])
    return result


#: The operator's side of a feed: a poll that began before `sync_feeds` must not turn it back.
_OURS = ("feed", "publisher", "configured")


def _with_whole_link(decision: EntryDecision) -> EntryDecision:
    """Let an entry have a URL or none: an id without an address could never be fetched."""
    if decision.url is None or decision.host is None:
        return replace(decision, url_id=None, url=None, host=None)
    return decision


def _add_urls(
    connection: Connection, poll: _Poll, decisions: Sequence[EntryDecision], gone: set[str]
) -> set[str]:
    """Insert the URLs that nobody saw before, with what ends some of them at once."""
    wanted = {
        decision.url_id: decision
        for decision in reversed(decisions)  # the first entry of a document wins
        if decision.url_id is not None
    }
    if not wanted:
        return set()
    add_hosts(connection, [str(decision.host) for decision in wanted.values()])
    held = (
        sa.select(articles.c.article_id)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(urls.c.status.not_in((Status.DROPPED, Status.DEAD)))
    )
    owned = {row["article_id"] for row in rows_by(connection, held, articles.c.article_id, wanted)}
    rows = [_url_row(poll, wanted[url_id], owned, gone) for url_id in sorted(wanted)]
    statement = insert_new(urls, connection).returning(urls.c.url_id)
    new = set(connection.scalars(statement, rows))
    ended = [
        outcome_row(_end_of(row, poll.at), poll.run_id, url_id=row["url_id"])
        for row in rows
        if row["url_id"] in new and row["status"] != Status.IN_FLIGHT
    ]
    insert_all(connection, outcomes, ended)
    return new


def _url_row(
    poll: _Poll, decision: EntryDecision, owned: set[str], gone: set[str]
) -> dict[str, Any]:
    """Return a new URL's row: on its way, or at its end before it began."""
    status, reason = Status.IN_FLIGHT, None
    if decision.url_id in gone:
        status = Status.ERASED
    elif decision.drop_reason is not None:
        status, reason = Status.DROPPED, decision.drop_reason
    elif decision.url_id in owned:  # another link led to this very page before
        status, reason = Status.ALIAS, SAME_ARTICLE
    on_its_way = status is Status.IN_FLIGHT
    return {
        "url_id": decision.url_id,
        "url": decision.url if decision.url_id not in gone else "",
        "host": decision.host,
        "publisher": poll.publisher,
        "feed_id": poll.feed_id,
        "first_seen_at": poll.at,
        "status": status,
        "reason": reason,
        "stage": Stage.FETCH if on_its_way else None,
        "due_at": poll.at if on_its_way else None,
        "tries": 0,
        "revisits": 0,
        "article_id": decision.url_id if status is Status.ALIAS else None,
    }


def _end_of(row: dict[str, Any], at: datetime) -> Outcome:
    if row["status"] == Status.ERASED:
        return Outcome(Stage.POLL, Result.ERASED, at, ASKED)
    result = Result.ALIAS if row["status"] == Status.ALIAS else Result.DROPPED
    return Outcome(Stage.POLL, result, at, row["reason"])


def _add_sightings(
    connection: Connection,
    poll: _Poll,
    decisions: Sequence[EntryDecision],
    discovered: set[str],
    gone: set[str],
) -> None:
    rows, credited = [], set[str]()
    for decision in decisions:
        url_id = decision.url_id
        first = url_id is not None and url_id in discovered and url_id not in credited
        if url_id is not None:
            credited.add(url_id)
        rows.append(
            {
                "feed_id": poll.feed_id,
                "entry_key": _kept_key(decision, gone),
                "version": decision.version,
                "url_id": url_id,
                "first": first,
                "publisher": poll.publisher,
                "seen_at": poll.at,
                "drop_reason": decision.drop_reason,
                "entry": BLANK if url_id in gone else to_json(decision.entry),
                "place_id": poll.place_id,
                "run_id": poll.run_id,
            }
        )
    insert_all(connection, sightings, rows)


def _touch_known_urls(
    connection: Connection, poll: _Poll, decisions: Sequence[EntryDecision]
) -> None:
    """Note which URLs have text in a feed, and ask for pages again whose entry changed.

    A dropped one too: what made it no article may be what has changed.
    """
    with_text = {
        decision.url_id
        for decision in decisions
        if decision.url_id and (decision.entry.content or decision.entry.summary)
    }
    for chunk in chunks(sorted(with_text)):
        connection.execute(
            sa.update(urls)
            .where(urls.c.url_id.in_(chunk), ~urls.c.has_feed_text)
            .values(has_feed_text=True)
        )
    changed = {
        decision.url_id
        for decision in decisions
        if decision.url_id and decision.change == "changed"
    }
    for chunk in chunks(sorted(changed)):
        indexed = urls.c.url_id.in_(chunk) & (urls.c.status == Status.INDEXED)
        connection.execute(
            sa.update(urls)
            .where(indexed, urls.c.stage.is_not(None), urls.c.stage != Stage.FETCH)
            .where(urls.c.redo.is_(None))
            .values(redo=Stage.FETCH)  # after the work that is under way
        )
        dropped = urls.c.url_id.in_(chunk) & (urls.c.status == Status.DROPPED)
        connection.execute(  # two lines about an accident become an article within the hour
            sa.update(urls)
            .where(dropped, urls.c.stage.is_(None))
            .values(
                status=Status.IN_FLIGHT, reason=None, stage=Stage.FETCH, due_at=poll.at, tries=0
            )
        )
        connection.execute(
            sa.update(urls)
            .where(indexed, urls.c.stage.is_(None) | (urls.c.stage == Stage.FETCH))
            .where(urls.c.due_at.is_(None) | (urls.c.due_at > poll.at))
            .values(
                stage=Stage.FETCH,
                due_at=poll.at,
                tries=0,
                revisits=urls.c.revisits - 1,  # an extra visit takes no planned one's place
            )
        )


def _kept_key(decision: EntryDecision, gone: set[str]) -> str:
    key = decision.entry.key
    return buried_key(key) if decision.url_id in gone else key


def _add_entries(
    connection: Connection, poll: _Poll, decisions: Sequence[EntryDecision], gone: set[str]
) -> None:
    newest = {decision.entry.key: decision for decision in decisions}
    rows = [
        {
            "feed_id": poll.feed_id,
            "entry_key": _kept_key(decision, gone),
            "url_id": decision.url_id,
            "content_hash": decision.entry.content_hash,
            "version": decision.version,
            "publisher": poll.publisher,
            "first_seen_at": poll.at,
            "last_seen_at": poll.at,
        }
        for _, decision in sorted(newest.items())
    ]
    if rows:
        statement = insert_or_replace(entries, connection, keep=("first_seen_at", "publisher"))
        connection.execute(statement, rows)


def _refresh_seen(connection: Connection, poll: _Poll, keys: Sequence[str]) -> None:
    for chunk in chunks(sorted(set(keys))):
        connection.execute(
            sa.update(entries)
            .where(entries.c.feed_id == poll.feed_id, entries.c.entry_key.in_(chunk))
            .values(last_seen_at=poll.at)
        )
