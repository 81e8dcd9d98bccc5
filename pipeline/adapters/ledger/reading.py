"""What the stages are given to work on: due pages, and articles with all that a stage reads."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import Database, rows_by
from pipeline.adapters.ledger.records import (
    enrichment_of,
    extraction_of,
    header,
    headers_of,
    page_of,
    reasons_of,
    sighting_of,
)
from pipeline.adapters.ledger.tables import (
    articles,
    changes,
    enrichments,
    feeds,
    pages,
    places,
    revisions,
    sightings,
    urls,
)
from pipeline.model import Enrichment, Stage, Status
from pipeline.work import (
    ArticleWork,
    DuePage,
    Grouping,
    Lease,
    PageRecord,
    Revision,
    Sighting,
)

_PLACE = (places.c.segment, places.c.offset, places.c.length, places.c.sha256)


def due_pages(connection: Connection, lease: Lease, now: datetime, *, limit: int) -> list[DuePage]:
    """Return the pages due on a leased host, oldest due first, with their last validators."""
    query = (
        sa.select(urls, pages.c.headers, places.c.sha256)
        .outerjoin(pages, pages.c.page_id == urls.c.page_id)
        .outerjoin(places, places.c.place_id == pages.c.place_id)
        .where(urls.c.stage == Stage.FETCH, urls.c.host == lease.host, urls.c.due_at <= now)
        .order_by(urls.c.due_at, urls.c.url_id)
        .limit(limit)
    )
    return [_due_page(dict(row)) for row in connection.execute(query).mappings()]


def _due_page(row: dict[str, Any]) -> DuePage:
    headers = headers_of(row["headers"]) if row["headers"] else ()
    return DuePage(
        url_id=row["url_id"],
        url=row["url"],
        feed_id=row["feed_id"],
        publisher=row["publisher"],
        tries=row["tries"],
        article_id=row["article_id"],
        revisits=row["revisits"],
        etag=header(headers, "etag"),
        last_modified=header(headers, "last-modified"),
        sha256=row["sha256"],
        gone_since=row["gone_since"],
        status=Status(row["status"]),
        has_feed_text=row["has_feed_text"],
    )


def article_works(
    connection: Connection, url_ids: Sequence[str], stage: Stage
) -> list[ArticleWork]:
    """Return leased articles in order of first sight, each with what the stage reads."""
    query = sa.select(
        urls,
        articles.c.doc_version,
        articles.c.revision_n,
        articles.c.url.label("article_url"),
        articles.c.grouped_fingerprint,
        articles.c.duplicate_of,
        articles.c.syndication_id,
        articles.c.story_id,
        articles.c.grouped_by,
    ).join(articles, articles.c.url_id == urls.c.url_id)
    rows = rows_by(connection, query, urls.c.url_id, url_ids)
    rows.sort(key=lambda row: (row["first_seen_at"], row["article_id"]))
    extract = stage is Stage.EXTRACT
    read = stage is not Stage.EXTRACT
    newest = {row["article_id"]: row["revision_n"] for row in rows}
    its_pages = _pages(connection, rows) if extract else {}
    its_revisions = _revisions(connection, newest) if read else {}
    its_enrichments = (
        _enrichments(connection, newest) if stage in (Stage.GROUP, Stage.INDEX) else {}
    )
    its_sightings = _sightings(connection, newest)
    return [
        ArticleWork(
            url_id=row["url_id"],
            article_id=row["article_id"],
            url=row["article_url"],
            publisher=row["publisher"],
            tries=row["tries"],
            status=Status(row["status"]),
            first_seen_at=row["first_seen_at"],
            doc_version=row["doc_version"],
            page=its_pages.get(row["page_id"]),
            revision=its_revisions.get(row["article_id"]),
            enrichment=its_enrichments.get(row["article_id"]),
            grouping=_grouping(row),
            sightings=tuple(its_sightings.get(row["article_id"], ())),
            revisits=row["revisits"],
            retract=row["retract"],
        )
        for row in rows
    ]


def all_indexed(database: Database, batch: int) -> Iterator[list[ArticleWork]]:
    """Yield every article that the index holds, as it holds it, in order of article_id.

    A revision that has not got as far as the index yet is left out: it follows by itself.
    """
    after = ""
    while True:
        with database.reading(snapshot=True) as connection:
            works, after = _indexed_after(connection, after, batch)
        if not after:
            return
        yield works


def indexed(connection: Connection, article_ids: Collection[str]) -> list[ArticleWork]:
    """Return those of some articles that the index holds, as it holds them."""
    rows = rows_by(connection, _belonging(), articles.c.article_id, article_ids)
    return _as_indexed(connection, rows)


def all_gone(database: Database, batch: int) -> Iterator[list[tuple[str, int]]]:
    """Yield (article_id, doc_version) of what was retracted or erased, in order of article_id."""
    after = ""
    while True:
        query = (
            sa.select(articles.c.article_id, articles.c.doc_version)
            .join(urls, articles.c.url_id == urls.c.url_id)
            .where(articles.c.article_id > after)
            .where(urls.c.status.in_((Status.RETRACTED, Status.ERASED)))
            .order_by(articles.c.article_id)
            .limit(batch)
        )
        with database.reading() as connection:
            found = [(row.article_id, row.doc_version) for row in connection.execute(query)]
        if not found:
            return
        yield found
        after = found[-1][0]


def _belonging() -> sa.Select[Any]:
    """Select the articles that the index holds, with the newest revision that it knows."""
    enriched = (
        sa.select(sa.func.max(enrichments.c.n))
        .where(enrichments.c.article_id == articles.c.article_id)
        .scalar_subquery()
    )
    taken = (
        sa.select(sa.func.min(changes.c.at))
        .where(changes.c.article_id == articles.c.article_id)
        .where(changes.c.doc_version == articles.c.indexed_version)
        .scalar_subquery()
    )
    return (
        sa.select(
            articles,
            sa.func.coalesce(enriched, articles.c.revision_n).label("ready_n"),
            taken.label("indexed_at"),
            urls.c.tries,
            urls.c.revisits,
        )
        .join(urls, articles.c.url_id == urls.c.url_id)
        .where(articles.c.indexed_version.is_not(None))
        .where(urls.c.status == Status.INDEXED)
    )


def _indexed_after(connection: Connection, after: str, batch: int) -> tuple[list[ArticleWork], str]:
    query = (
        _belonging()
        .where(articles.c.article_id > after)
        .order_by(articles.c.article_id)
        .limit(batch)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return _as_indexed(connection, rows), rows[-1]["article_id"] if rows else ""


def _as_indexed(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[ArticleWork]:
    """Return what the index holds of some articles."""
    newest = {row["article_id"]: row["ready_n"] for row in rows}
    its_revisions = _revisions(connection, newest)
    its_enrichments = _enrichments(connection, newest)
    its_sightings = _sightings(connection, newest)
    return [
        ArticleWork(
            url_id=row["url_id"],
            article_id=row["article_id"],
            url=row["url"],
            publisher=row["publisher"],
            tries=row["tries"],
            status=Status.INDEXED,
            first_seen_at=row["first_seen_at"],
            doc_version=row["indexed_version"],
            revision=its_revisions.get(row["article_id"]),
            enrichment=its_enrichments.get(row["article_id"]),
            grouping=_grouping(row),
            sightings=tuple(its_sightings.get(row["article_id"], ())),
            revisits=row["revisits"],
            indexed_at=row["indexed_at"],
        )
        for row in rows
    ]


def _grouping(row: dict[str, Any]) -> Grouping | None:
    if row["grouped_fingerprint"] is None:
        return None
    why = reasons_of(row["grouped_by"]) if row["grouped_by"] else {}
    return Grouping(row["duplicate_of"], row["syndication_id"], row["story_id"], why)


def _pages(connection: Connection, rows: Iterable[dict[str, Any]]) -> dict[int, PageRecord]:
    query = sa.select(pages, *_PLACE).outerjoin(places, places.c.place_id == pages.c.place_id)
    ids = [row["page_id"] for row in rows if row["page_id"] is not None]
    return {
        row["page_id"]: page_of(row) for row in rows_by(connection, query, pages.c.page_id, ids)
    }


def _revisions(connection: Connection, newest: dict[str, int]) -> dict[str, Revision]:
    key = sa.tuple_(revisions.c.article_id, revisions.c.n)
    return {
        row["article_id"]: Revision(
            article_id=row["article_id"],
            n=row["n"],
            content_hash=row["content_hash"],
            extraction=extraction_of(row["extraction"]),
            created_at=row["created_at"],
        )
        for row in rows_by(connection, sa.select(revisions), key, newest.items())
    }


def _enrichments(connection: Connection, newest: dict[str, int]) -> dict[str, Enrichment]:
    key = sa.tuple_(enrichments.c.article_id, enrichments.c.n)
    return {
        row["article_id"]: enrichment_of(row["enrichment"])
        for row in rows_by(connection, sa.select(enrichments), key, newest.items())
    }


def _sightings(connection: Connection, article_ids: Iterable[str]) -> dict[str, list[Sighting]]:
    """Return article_id → its sightings and those of its aliases, oldest first."""
    query = (
        sa.select(sightings, feeds.c.feed, urls.c.article_id)
        .join(urls, urls.c.url_id == sightings.c.url_id)
        .join(feeds, feeds.c.feed_id == sightings.c.feed_id)
    )
    rows = rows_by(connection, query, urls.c.article_id, article_ids)
    rows.sort(key=lambda row: row["sighting_id"])
    found: dict[str, list[Sighting]] = {}
    for row in rows:
        found.setdefault(row["article_id"], []).append(sighting_of(row))
    return found
