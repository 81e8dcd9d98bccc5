"""Outcomes for those who follow them from outside: every line once, none skipped.

On PostgreSQL a line's number is taken before its transaction ends, so that a reader who has seen 8
would never look for a 7 that is committed later. So only numbers up to a settled bound are read:
whoever holds one of those has committed, or never will.
"""

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from pipeline.adapters.ledger import reading
from pipeline.adapters.ledger.engine import chunks, insert_new
from pipeline.adapters.ledger.tables import exports, feeds, outcomes, urls
from pipeline.index.document import published_claim
from pipeline.index.event import FirstIndexed, RecordedOutcome, ends_first
from pipeline.model import Result, Stage
from pipeline.work import Outcome

#: While the bound is asked for, writers wait for us and we for them. Theirs are short transactions;
#: behind one that is not, nobody shall wait for long: the bound is asked for again soon.
_LOCK_TIMEOUT = "500ms"
_LOCK_NOT_AVAILABLE = "55P03"


def has_outcomes_after(connection: Connection, position: int) -> bool:
    """Tell whether a line with a greater number can be seen, settled or not."""
    newest = connection.execute(sa.select(sa.func.max(outcomes.c.outcome_id))).scalar()
    return newest is not None and newest > position


def settled_bound(connection: Connection) -> int | None:
    """Return a number up to which all lines are there for good; None: somebody writes for long."""
    if connection.dialect.name != "sqlite":  # SQLite gives numbers in the order of commits
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                # Waits for all who have added lines, and keeps others from it: a number is taken
                # only after the table's lock, which conflicts with this one.
                connection.exec_driver_sql("LOCK TABLE outcomes IN SHARE MODE")
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            return None
    return int(connection.execute(sa.select(sa.func.max(outcomes.c.outcome_id))).scalar() or 0)


def outcomes_between(
    connection: Connection, position: int, bound: int, *, limit: int
) -> list[RecordedOutcome]:
    """Return lines with numbers above a position and up to a bound, in order."""
    query = (
        sa.select(
            outcomes,
            urls.c.url,
            urls.c.article_id,
            urls.c.publisher,
            urls.c.feed_id.label("first_feed_id"),
            feeds.c.url.label("feed_url"),
            feeds.c.publisher.label("feed_publisher"),
        )
        .outerjoin(urls, urls.c.url_id == outcomes.c.url_id)
        .outerjoin(feeds, feeds.c.feed_id == outcomes.c.feed_id)
        .where(outcomes.c.outcome_id > position, outcomes.c.outcome_id <= bound)
        .order_by(outcomes.c.outcome_id)
        .limit(limit)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    first = _first_indexed(connection, rows)
    return [_line(row, first.get(row["outcome_id"])) for row in rows]


def _line(row: dict[str, Any], first: FirstIndexed | None) -> RecordedOutcome:
    outcome = Outcome(
        stage=Stage(row["stage"]),
        result=Result(row["result"]),
        at=row["at"],
        reason=row["reason"],
        detail=row["detail"],
        attempt=row["attempt"],
    )
    of_feed = row["url_id"] is None
    return RecordedOutcome(
        outcome_id=row["outcome_id"],
        outcome=outcome,
        run_id=row["run_id"],
        feed_id=row["feed_id"] if of_feed else row["first_feed_id"],
        outlet=row["feed_publisher"] if of_feed else row["publisher"],
        url_id=row["url_id"],
        article_id=row["article_id"] or row["url_id"],
        url=row["feed_url"] if of_feed else row["url"],
        counts=orjson.loads(row["counts"] or "{}"),
        feed_facts=orjson.loads(row["feed_facts"] or "{}"),
        first_indexed=first,
    )


def _first_indexed(
    connection: Connection, rows: Iterable[dict[str, Any]]
) -> dict[int, FirstIndexed]:
    """Return outcome_id → the article, for those lines with which one could first be found."""
    ended = {row["url_id"] for row in rows if ends_first(row["stage"], row["result"])}
    found: dict[int, FirstIndexed] = {}
    for chunk in chunks(sorted(ended)):
        query = (
            sa.select(outcomes.c.url_id, sa.func.min(outcomes.c.outcome_id).label("outcome_id"))
            .where(outcomes.c.url_id.in_(chunk))
            .where(outcomes.c.stage == Stage.INDEX, outcomes.c.result == Result.OK)
            .group_by(outcomes.c.url_id)
        )
        firsts = {row.url_id: row.outcome_id for row in connection.execute(query)}
        for work in reading.article_works(connection, list(firsts), Stage.INDEX):
            found[firsts[work.url_id]] = FirstIndexed(work.first_seen_at, published_claim(work))
    return found


def export_position(connection: Connection, name: str) -> int:
    """Return the number of the last line that an export has delivered."""
    query = sa.select(exports.c.position).where(exports.c.name == name)
    return int(connection.execute(query).scalar() or 0)


def advance_export(connection: Connection, name: str, position: int) -> None:
    """Note how far an export has come; of two that do the same, the one that is ahead wins."""
    connection.execute(insert_new(exports, connection), {"name": name, "position": 0})
    connection.execute(
        sa.update(exports)
        .where(exports.c.name == name, exports.c.position < position)
        .values(position=position)
    )
