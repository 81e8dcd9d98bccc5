"""The append-only side of every commit: how an item ended a stage, and where its bytes are."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.tables import pages, places
from pipeline.model import ArchivePlace
from pipeline.work import Outcome, PageRecord

#: Why a URL is an alias: it leads to a page that another URL led to before.
SAME_ARTICLE = "same_article"
#: Enough for any message; what comes from outside could be a whole page.
MAX_DETAIL_CHARS = 2_000


def outcome_row(
    outcome: Outcome,
    run_id: str | None,
    *,
    feed_id: str | None = None,
    url_id: str | None = None,
    page_id: int | None = None,
) -> dict[str, Any]:
    """Return the row of an outcome of a feed (poll) or of a URL (every other stage)."""
    return {
        "run_id": run_id,
        "feed_id": feed_id,
        "url_id": url_id,
        "stage": outcome.stage,
        "result": outcome.result,
        "reason": outcome.reason,
        "detail": _for_people(outcome.detail),
        "attempt": outcome.attempt,
        "at": outcome.at,
        "page_id": page_id,
    }


def _for_people(detail: str) -> str:
    """Return free text from outside so that any ledger takes it; nothing is decided by it."""
    storable = detail.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return storable[:MAX_DETAIL_CHARS]


def insert_place(connection: Connection, place: ArchivePlace) -> int:
    """Keep where bytes are; return the place's id."""
    statement = sa.insert(places).values(
        segment=place.segment, offset=place.offset, length=place.length, sha256=place.sha256
    )
    return int(connection.execute(statement.returning(places.c.place_id)).scalar_one())


def insert_page(connection: Connection, url_id: str, page: PageRecord) -> int:
    """Keep the facts of one fetch; return the page's id."""
    statement = sa.insert(pages).values(
        url_id=url_id,
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        headers=to_json(page.headers),
        fetched_at=page.fetched_at,
        place_id=insert_place(connection, page.place) if page.place else None,
    )
    return int(connection.execute(statement.returning(pages.c.page_id)).scalar_one())
