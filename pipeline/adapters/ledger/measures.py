"""What quality is measured by: what feeds brought, gaps, and how extraction ended."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.tables import (
    articles,
    enrichments,
    outcomes,
    revisions,
    sightings,
    urls,
)
from pipeline.enrich.gazetteer import PLACE
from pipeline.model import Result, Stage
from pipeline.quality.drift import Pages, Texts

#: `reason` of a poll that had nothing in common with the one before (feeds/decide.py).
_GAP = "gap"


def new_by_span(
    connection: Connection, feed_ids: Collection[str], now: datetime, days: int
) -> dict[str, dict[int, int]]:
    """Return feed_id → days ago → entries listed for the first time."""
    starts = [now - timedelta(days=day + 1) for day in range(days)]
    spans = ((sightings.c.seen_at >= start, day) for day, start in enumerate(starts))
    ago = sa.case(*spans, else_=days).label("ago")
    query = (
        sa.select(sightings.c.feed_id, ago, sa.func.count().label("entries"))
        .where(sightings.c.version == 1)
        .where(sightings.c.seen_at >= starts[-1], sightings.c.seen_at < now)
        .group_by(sightings.c.feed_id, sa.text("ago"))
    )
    found: dict[str, dict[int, int]] = {feed_id: {} for feed_id in feed_ids}
    for chunk in chunks(sorted(found)):
        for row in connection.execute(query.where(sightings.c.feed_id.in_(chunk))):
            found[row.feed_id][int(row.ago)] = row.entries
    return found


def gaps_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Return feed_id → polls that had nothing in common with the one before."""
    query = (
        sa.select(outcomes.c.feed_id, sa.func.count().label("times"))
        .where(outcomes.c.at >= since, outcomes.c.stage == Stage.POLL, outcomes.c.reason == _GAP)
        .group_by(outcomes.c.feed_id)
    )
    return {row.feed_id: row.times for row in connection.execute(query)}


def extracted_pages(connection: Connection, since: datetime, until: datetime) -> dict[str, Pages]:
    """Return outlet → pages extracted in a window, and why some were dropped."""
    query = (
        sa.select(
            urls.c.publisher, outcomes.c.result, outcomes.c.reason, sa.func.count().label("pages")
        )
        .join(urls, urls.c.url_id == outcomes.c.url_id)
        .where(outcomes.c.at >= since, outcomes.c.at < until, outcomes.c.stage == Stage.EXTRACT)
        .where(outcomes.c.result != Result.RETRY)
        .group_by(urls.c.publisher, outcomes.c.result, outcomes.c.reason)
    )
    pages: dict[str, int] = defaultdict(int)
    dropped: dict[str, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query):
        pages[row.publisher] += row.pages
        if row.result == Result.DROPPED:
            dropped[row.publisher][row.reason or ""] = row.pages
    return {outlet: Pages(count, dropped[outlet]) for outlet, count in sorted(pages.items())}


def extracted_texts(
    connection: Connection, since: datetime, until: datetime, limit: int
) -> dict[str, Texts]:
    """Return outlet → texts of the newest revisions that were extracted in a window."""
    newest = (
        sa.select(outcomes.c.url_id)
        .where(outcomes.c.at >= since, outcomes.c.at < until)
        .where(outcomes.c.stage == Stage.EXTRACT, outcomes.c.result == Result.OK)
        .order_by(outcomes.c.at.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        sa.select(articles.c.publisher, revisions.c.extraction, enrichments.c.enrichment)
        .join(
            revisions,
            (revisions.c.article_id == articles.c.article_id)
            & (revisions.c.n == articles.c.revision_n),
        )
        .outerjoin(
            enrichments,
            (enrichments.c.article_id == articles.c.article_id)
            & (enrichments.c.n == articles.c.revision_n),
        )
        .where(articles.c.url_id.in_(sa.select(newest.c.url_id)))
        .order_by(articles.c.article_id)
    )
    chars: dict[str, list[int]] = defaultdict(list)
    undated: dict[str, int] = defaultdict(int)
    without: dict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query):
        extraction = orjson.loads(row.extraction)
        chars[row.publisher].append(len(extraction["text"]))
        undated[row.publisher] += extraction.get("published_at") is None
        without[row.publisher].update(_missing(extraction, row.enrichment))
    return {
        outlet: Texts(found, undated[outlet], dict(without[outlet]))
        for outlet, found in sorted(chars.items())
    }


def _missing(extraction: Mapping[str, Any], enrichment: str | None) -> dict[str, int]:
    """Return part → 1 when an article has none of it; what was not enriched yet lacks nothing."""
    missing = {"author": not extraction.get("authors")}
    if enrichment is not None:
        said = orjson.loads(enrichment)
        kinds = {entity["type"] for entity in said["entities"]}
        missing |= {
            "entities": kinds <= {PLACE},
            "places": PLACE not in kinds,
            "topics": not said["topics"],
        }
    return {part: int(is_missing) for part, is_missing in missing.items()}
