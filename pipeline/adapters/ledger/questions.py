"""Questions about one thing: the life of a URL, copies of a text, when work falls due."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import database_now, rows_by
from pipeline.adapters.ledger.records import entry_of, place_of, state_of
from pipeline.adapters.ledger.tables import (
    articles,
    changes,
    feeds,
    outcomes,
    pages,
    places,
    robots,
    sightings,
    urls,
)
from pipeline.errors import UsageError
from pipeline.feeds.merging import MERGED, say_merged
from pipeline.model import ArchivePlace, Stage, Status
from pipeline.urls import article_id as id_of
from pipeline.work import LifeLine, Position, RobotsCopy

_PLACE = (places.c.segment, places.c.offset, places.c.length, places.c.sha256)


def where(connection: Connection, url: str) -> tuple[Position, list[LifeLine]] | None:
    """Return where a URL stands and its life, oldest first. Raises UsageError for no web URL.

    The address at which an article was found in the end serves as well as the link to it.
    """
    try:
        wanted = id_of(url)
    except ValueError as error:
        raise UsageError(f"{url!r} is no web address: {error}") from None
    owner = sa.select(articles.c.url_id).where(articles.c.article_id == wanted).scalar_subquery()
    query = (
        sa.select(urls, articles.c.doc_version, articles.c.duplicate_of)
        .outerjoin(articles, articles.c.url_id == urls.c.url_id)
        .where((urls.c.url_id == wanted) | (urls.c.url_id == owner))
        .order_by(sa.case((urls.c.url_id == wanted, 0), else_=1))
    )
    row = connection.execute(query.limit(1)).mappings().one_or_none()
    if row is None:
        return None
    is_alias = row["status"] == Status.ALIAS
    is_copy = row["status"] == Status.DUPLICATE
    position = Position(
        url_id=row["url_id"],
        url=row["url"],
        article_id=row["article_id"],
        status=Status(row["status"]),
        reason=row["reason"] or row["failed_reason"],
        stage=Stage(row["stage"]) if row["stage"] else None,
        due_at=row["due_at"],
        doc_version=row["doc_version"],
        alias_of=_url_of_owner(connection, row["article_id"]) if is_alias else None,
        duplicate_of=_url_of_owner(connection, row["duplicate_of"]) if is_copy else None,
    )
    its_article = None if is_alias else row["article_id"]
    return position, _life(connection, row["url_id"], its_article)


def _url_of_owner(connection: Connection, article_id: str | None) -> str | None:
    query = (
        sa.select(urls.c.url)
        .join(articles, articles.c.url_id == urls.c.url_id)
        .where(articles.c.article_id == article_id)
    )
    return connection.execute(query).scalar_one_or_none()


def addresses(connection: Connection, article_ids: Collection[str]) -> dict[str, str]:
    """Return article_id → the address of each article that the ledger knows."""
    query = sa.select(articles.c.article_id, articles.c.url)
    rows = rows_by(connection, query, articles.c.article_id, article_ids)
    return {row["article_id"]: row["url"] for row in rows}


def _life(connection: Connection, url_id: str, article_id: str | None) -> list[LifeLine]:
    """Return every step; those at one moment in the order sighting, merge, outcomes, change."""
    lines = [
        *(_sighted(row) for row in _rows(connection, _sightings_of(url_id))),
        *(_merged(row) for row in _rows(connection, _merged_feeds_of(url_id))),
        *(_ended(row) for row in _rows(connection, _outcomes_of(url_id))),
        *(_listed(row) for row in _rows(connection, _changes_of(article_id))),
    ]
    return sorted(lines, key=lambda line: line.at)


def _rows(connection: Connection, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _sightings_of(url_id: str) -> sa.Select[Any]:
    return (
        sa.select(sightings, *_PLACE)
        .outerjoin(places, places.c.place_id == sightings.c.place_id)
        .where(sightings.c.url_id == url_id)
        .order_by(sightings.c.sighting_id)
    )


def _merged_feeds_of(url_id: str) -> sa.Select[Any]:
    listing = sa.select(sightings.c.feed_id).where(sightings.c.url_id == url_id)
    query = sa.select(feeds).where(feeds.c.feed_id.in_(listing), feeds.c.merged_into.is_not(None))
    return query.order_by(feeds.c.feed_id)


def _outcomes_of(url_id: str) -> sa.Select[Any]:
    return (
        sa.select(outcomes, *_PLACE)
        .outerjoin(pages, pages.c.page_id == outcomes.c.page_id)
        .outerjoin(places, places.c.place_id == pages.c.place_id)
        .where(outcomes.c.url_id == url_id)
        .order_by(outcomes.c.outcome_id)
    )


def _changes_of(article_id: str | None) -> sa.Select[Any]:
    query = sa.select(changes).where(changes.c.article_id == article_id, ~changes.c.superseded)
    return query.order_by(changes.c.change_id)


def _sighted(row: Mapping[str, Any]) -> LifeLine:
    entry = entry_of(row["entry"])
    result = "new" if row["version"] == 1 else "changed"
    detail = f"{row['feed_id']}: {entry.title}"
    return LifeLine(row["seen_at"], "sighting", result, row["drop_reason"], detail, place_of(row))


def _merged(row: Mapping[str, Any]) -> LifeLine:
    detail = f"{row['feed_id']}: {say_merged(state_of(row))}"
    return LifeLine(row["merged_at"], "feed", MERGED, None, detail)


def _ended(row: Mapping[str, Any]) -> LifeLine:
    return LifeLine(
        row["at"], row["stage"], row["result"], row["reason"], row["detail"], place_of(row)
    )


def _listed(row: Mapping[str, Any]) -> LifeLine:
    number = "not numbered yet" if row["seq"] is None else f"line {row['seq']}"
    detail = f"document version {row['doc_version']}, {number}"
    return LifeLine(row["at"], "change", row["kind"], None, detail)


def next_due_at(connection: Connection, stage: Stage) -> datetime | None:
    """Return when the next item of a stage falls due; None: none will."""
    if stage is Stage.POLL:
        query = sa.select(sa.func.min(feeds.c.next_poll_at)).where(
            feeds.c.configured, ~feeds.c.paused
        )
    else:
        query = sa.select(sa.func.min(urls.c.due_at)).where(urls.c.stage == stage)
    return connection.execute(query).scalar()


def leased(connection: Connection, stage: Stage) -> frozenset[str]:
    """Return the tokens of leases that articles waiting for a stage are under at this moment."""
    query = (
        sa.select(urls.c.lease_token)
        .distinct()
        .where(urls.c.lease_token.is_not(None), urls.c.stage == stage)
        .where(urls.c.lease_expires_at > database_now(connection))
    )
    return frozenset(connection.scalars(query))


def waiting(connection: Connection, stage: Stage) -> int:
    """Return how many items wait for a stage, due or not."""
    query = sa.select(sa.func.count()).select_from(urls).where(urls.c.stage == stage)
    return int(connection.execute(query).scalar_one())


def find_place(connection: Connection, url_id: str) -> ArchivePlace | None:
    """Return where the newest page of a URL is."""
    query = (
        sa.select(*_PLACE)
        .join(pages, pages.c.place_id == places.c.place_id)
        .join(urls, urls.c.page_id == pages.c.page_id)
        .where(urls.c.url_id == url_id)
    )
    row = connection.execute(query).mappings().one_or_none()
    return place_of(row) if row is not None else None


def find_robots(connection: Connection, origin: str) -> RobotsCopy | None:
    """Return the last copy of an origin's robots.txt."""
    row = connection.execute(sa.select(robots).where(robots.c.origin == origin)).one_or_none()
    return None if row is None else RobotsCopy(row.origin, row.status, row.body, row.fetched_at)


def run_counts(connection: Connection, run_id: str) -> dict[tuple[str, str, str], int]:
    """Return (stage, result, reason or "") → outcomes recorded by a run."""
    reason = sa.func.coalesce(outcomes.c.reason, "")
    query = (
        sa.select(outcomes.c.stage, outcomes.c.result, reason, sa.func.count())
        .where(outcomes.c.run_id == run_id)
        .group_by(outcomes.c.stage, outcomes.c.result, reason)
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}
