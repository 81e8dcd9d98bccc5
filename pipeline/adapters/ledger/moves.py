"""Gives articles another group id, because one that was just grouped belongs to two groups at once.

Their documents get a new version and are indexed again, so every move travels through the change
log. The rows of one move are bounded: only the smaller group moves.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import insert_all, update_all
from pipeline.adapters.ledger.further_feeds import renew_documents
from pipeline.adapters.ledger.records import reasons_of, to_json
from pipeline.adapters.ledger.story_tables import story_merges
from pipeline.adapters.ledger.tables import articles
from pipeline.enrich.stories import MAX_MERGED
from pipeline.model import Evidence
from pipeline.work import Move

#: More articles than are moved at once: the others follow with the next article of their group.
_MOST = MAX_MERGED + 1


def move(connection: Connection, moves: Sequence[Move], because_of: str, at: datetime) -> None:
    """Carry out what the grouping of one article means for others; doing it again does nothing."""
    for each in moves:
        rows = _affected(connection, each)
        if not rows:
            continue
        renew_documents(connection, [row["url_id"] for row in rows], at)  # locks them first
        update_all(
            connection,
            articles,
            [
                {
                    "article_id": row["article_id"],
                    each.field: each.into,
                    "grouped_by": _reasons(row["grouped_by"], each, because_of),
                }
                for row in rows
            ],
        )
        if each.field == "story_id":
            kept = {"at": at, "merged": each.was, "into": each.into, "articles": len(rows)}
            insert_all(connection, story_merges, [kept | {"because_of": because_of}])


def _affected(connection: Connection, each: Move) -> list[dict[str, Any]]:
    column = articles.c[each.field]
    wanted = column == each.was
    if each.was is None:
        wanted = column.is_(None) & (articles.c.article_id == each.article_id)
    query = (
        sa.select(articles.c.article_id, articles.c.url_id, articles.c.grouped_by)
        .where(wanted)
        .order_by(articles.c.article_id)
        .limit(_MOST)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _reasons(before: str | None, each: Move, because_of: str) -> str:
    """Say of one id that it came from another article's grouping; the others' reasons stay."""
    signal = "copied" if each.was is None else "merged"
    was = [("was", each.was)] if each.was is not None else []
    why = Evidence(signal, each.into, (("because_of", because_of), *was))
    return to_json((reasons_of(before) if before else {}) | {each.field: why})
