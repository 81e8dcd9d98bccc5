"""Sends copies back to `group` when what they are copies of has changed.

A duplicate is not in the index; were its original to leave, the story would vanish without a word.
And grouping follows first sight: an article that comes late to it may be the original of copies
that were grouped before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.ledger.tables import articles, enrichments, urls
from pipeline.model import Stage, Status


def free_copies(connection: Connection, article_id: str, at: datetime) -> None:
    """Group the duplicates of an article anew: it left the index, or its text changed.

    Also one that is still indexed because it could not be taken out: a dead letter of `index`.
    """
    owned = sa.select(articles.c.url_id).where(articles.c.duplicate_of == article_id)
    to_take_out = (urls.c.status == Status.INDEXED) & urls.c.retract
    _send_back(connection, owned, at, (urls.c.status == Status.DUPLICATE) | to_take_out)


def recall_later_copies(
    connection: Connection, article: dict[str, Any], fingerprint: str, at: datetime
) -> None:
    """Group those copies anew that came before this article although first seen after it."""
    later = sa.select(articles.c.url_id).where(
        articles.c.fingerprint == fingerprint,
        articles.c.grouped_fingerprint == fingerprint,
        sa.tuple_(articles.c.first_seen_at, articles.c.article_id)
        > sa.tuple_(
            sa.literal(article["first_seen_at"], articles.c.first_seen_at.type),
            sa.literal(article["article_id"], articles.c.article_id.type),
        ),
    )
    ended = urls.c.status.in_((Status.DUPLICATE, Status.INDEXED))
    _send_back(connection, later, at, ended)


def recall(connection: Connection, article_ids: Sequence[str], at: datetime) -> None:
    """Group articles anew that turned out to be later copies of one at the same publisher."""
    if article_ids:
        found = sa.select(articles.c.url_id).where(articles.c.article_id.in_(article_ids))
        _send_back(connection, found, at, urls.c.status == Status.INDEXED)


def regroup_the_last(connection: Connection, syndication_id: str, at: datetime) -> None:
    """Group the one article anew that a syndication group has left; alone it is no group."""
    staying = sa.select(articles.c.url_id).where(articles.c.syndication_id == syndication_id)
    if len(connection.execute(staying.limit(2)).all()) == 1:
        _send_back(connection, staying, at, urls.c.status == Status.INDEXED)


def is_enriched() -> ColumnElement[bool]:
    """Return the condition that a URL's article can be grouped and indexed as it stands."""
    return (
        sa.select(enrichments.c.n)
        .join(articles, articles.c.article_id == enrichments.c.article_id)
        .where(articles.c.url_id == urls.c.url_id, enrichments.c.n == articles.c.revision_n)
        .exists()
    )


def _send_back(
    connection: Connection,
    url_ids: Select[tuple[str]],
    at: datetime,
    at_rest: ColumnElement[bool],
) -> None:
    """Make URLs due for `group`: now, or when the index has answered about them.

    Those that are on their way to `group` anyhow are left alone.
    """
    found = list(connection.scalars(url_ids.order_by(articles.c.url_id)))
    if not found:
        return
    chosen = urls.c.url_id.in_(found)
    at_rest &= is_enriched()  # else its newest text died before `group`, as a dead letter
    connection.execute(
        sa.update(urls)
        .where(chosen, urls.c.stage.in_((Stage.INDEX, Stage.EXTRACT)))
        .values(redo=Stage.GROUP)
    )
    in_flight = sa.case(
        (urls.c.status == Status.DUPLICATE, Status.IN_FLIGHT.value), else_=urls.c.status
    )
    connection.execute(
        sa.update(urls)
        .where(chosen, at_rest, urls.c.stage.is_(None) | (urls.c.stage == Stage.FETCH))
        .values(stage=Stage.GROUP, due_at=at, tries=0, status=in_flight, reason=None)
    )
