"""A further feed lists an article that we have: its document says so, so it is written again."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.tables import articles, sightings, urls
from pipeline.model import Stage, Status
from pipeline.work import EntryDecision


def newly_listed(
    connection: Connection, feed_id: str, decisions: Sequence[EntryDecision]
) -> set[str]:
    """Return the URLs that this feed has not listed before (call it before adding sightings)."""
    named = {decision.url_id for decision in decisions if decision.url_id is not None}
    before: set[str] = set()
    for chunk in chunks(sorted(named)):
        query = sa.select(sightings.c.url_id).where(
            sightings.c.url_id.in_(chunk), sightings.c.feed_id == feed_id
        )
        before.update(connection.scalars(query))
    return named - before


def renew_documents(connection: Connection, url_ids: Collection[str], at: datetime) -> None:
    """Raise the version of articles that the index has or is getting, and make it due.

    The URLs may be aliases: it is the article they lead to that is listed once more. Rows of
    `urls` are locked first, as every commit does, so that no version is lost.
    """
    for chunk in chunks(sorted(_owners(connection, url_ids))):
        locked = sa.select(urls.c.url_id).where(urls.c.url_id.in_(chunk)).order_by(urls.c.url_id)
        connection.execute(locked.with_for_update()).all()
        connection.execute(
            sa.update(articles)
            .where(articles.c.url_id.in_(chunk), articles.c.revision_n > 0)
            .values(doc_version=articles.c.doc_version + 1)
        )
        indexed = urls.c.url_id.in_(chunk) & (urls.c.status == Status.INDEXED)
        being_written = urls.c.url_id.in_(chunk) & urls.c.lease_token.is_not(None)
        connection.execute(
            sa.update(urls)
            .where(being_written, urls.c.stage == Stage.INDEX, urls.c.redo.is_(None))
            .values(redo=Stage.INDEX)
        )
        connection.execute(
            sa.update(urls)
            .where(indexed, urls.c.stage.is_(None) | (urls.c.stage == Stage.FETCH))
            .values(stage=Stage.INDEX, due_at=at, tries=0)
        )


def _owners(connection: Connection, url_ids: Collection[str]) -> set[str]:
    """Return the URLs that own the articles to which the given ones lead."""
    found: set[str] = set()
    for chunk in chunks(sorted(url_ids)):
        query = (
            sa.select(articles.c.url_id)
            .join(urls, urls.c.article_id == articles.c.article_id)
            .where(urls.c.url_id.in_(chunk))
        )
        found.update(connection.scalars(query))
    return found
