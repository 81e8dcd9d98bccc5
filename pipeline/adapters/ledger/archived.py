"""Where the archive keeps what the ledger knows, which of it stays, and how it is named anew.

A place whose bytes were removed is kept with an empty `segment`: its digest still tells whether a
page has changed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks, rows_by, update_all
from pipeline.adapters.ledger.erasure_tables import erasures
from pipeline.adapters.ledger.tables import outcomes, pages, places, sightings, urls
from pipeline.archived import Archived, pages_of_revisions
from pipeline.model import ArchivePlace, Result, Stage, Status

#: Whoever begins a segment commits what became of the exchange in it within minutes.
_AROUND = timedelta(minutes=15)
#: For one transaction, where PostgreSQL is set to answer before a commit is on disk.
_DURABLY = sa.text(
    "SELECT set_config('synchronous_commit', 'on', true)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)


def known_segments(connection: Connection, segments: Iterable[str]) -> set[str]:
    """Return those of some segments in which the ledger names anything."""
    query = sa.select(places.c.segment).distinct()
    return {row["segment"] for row in rows_by(connection, query, places.c.segment, segments)}


def at_work(connection: Connection, moments: Iterable[datetime]) -> set[datetime]:
    """Return those of some moments around which anything ended a stage."""
    query = sa.select(outcomes.c.outcome_id).limit(1)
    return {
        at
        for at in moments
        if connection.scalar(query.where(outcomes.c.at.between(at - _AROUND, at + _AROUND)))
    }


def archived(
    connection: Connection, segments: Collection[str], *, lock: bool = False
) -> list[Archived]:
    """Return everything that the ledger names in some segments, in order of place_id."""
    query = sa.select(places, pages.c.page_id, pages.c.url_id).outerjoin(
        pages, pages.c.place_id == places.c.place_id
    )
    if lock:
        query = query.with_for_update(of=places)
    rows = rows_by(connection, query, places.c.segment, segments)
    rows.sort(key=lambda row: int(row["place_id"]))
    its = {row["url_id"] for row in rows if row["url_id"] is not None}
    query = sa.select(urls.c.url_id, urls.c.page_id, urls.c.status)
    urls_of = {row["url_id"]: row for row in rows_by(connection, query, urls.c.url_id, its)}
    superseded = {
        row["url_id"]
        for row in rows
        if row["url_id"] in urls_of and urls_of[row["url_id"]]["page_id"] != row["page_id"]
    }
    read = pages_of_revisions(_steps(connection, superseded))
    listing = _listing_erased(connection, (row["place_id"] for row in rows if not row["page_id"]))
    return [_archived(row, urls_of.get(row["url_id"]), read, listing) for row in rows]


def _listing_erased(connection: Connection, place_ids: Iterable[int]) -> set[int]:
    """Return those of some feed documents that list something erased."""
    gone = sa.select(erasures.c.url_id)
    query = sa.select(sightings.c.place_id).where(sightings.c.url_id.in_(gone)).distinct()
    return {row["place_id"] for row in rows_by(connection, query, sightings.c.place_id, place_ids)}


def _steps(
    connection: Connection, url_ids: Collection[str]
) -> Iterable[tuple[str, Stage, Result, int | None]]:
    """Return the fetches and extractions of some URLs, each with the page whose body was kept."""
    kept = (pages.c.page_id == outcomes.c.page_id) & pages.c.place_id.is_not(None)
    query = (
        sa.select(outcomes.c.url_id, outcomes.c.stage, outcomes.c.result, pages.c.page_id)
        .outerjoin(pages, kept)
        .where(outcomes.c.stage.in_((Stage.FETCH, Stage.EXTRACT)))
        .order_by(outcomes.c.outcome_id)
    )
    for row in rows_by(connection, query, outcomes.c.url_id, url_ids):
        yield row["url_id"], Stage(row["stage"]), Result(row["result"]), row["page_id"]


def _archived(
    row: dict[str, Any],
    url: dict[str, Any] | None,
    read: Collection[int],
    listing: Collection[int],
) -> Archived:
    place = ArchivePlace(row["segment"], row["offset"], row["length"], row["sha256"])
    erased = row["place_id"] in listing or (url is not None and url["status"] == Status.ERASED)
    newest = url is not None and url["page_id"] == row["page_id"]
    stays = not erased and (newest or row["page_id"] in read)
    return Archived(row["place_id"], place, stays, erased)


def re_place(
    connection: Connection,
    segments: Collection[str],
    seen: Sequence[Archived],
    moved: Mapping[int, ArchivePlace],
) -> bool:
    """Name what was copied at its new place, and what goes at none; see care.Care."""
    if connection.dialect.name != "sqlite":  # files are deleted for it: no power cut may undo it
        connection.execute(_DURABLY)
    seen_in_order = sorted(seen, key=lambda one: one.place_id)
    if archived(connection, segments, lock=True) != seen_in_order:
        return False
    update_all(
        connection,
        places,
        [
            {"place_id": place_id, "segment": new.segment, "offset": new.offset}
            for place_id, new in sorted(moved.items())
        ],
    )
    for some in chunks(one.place_id for one in seen if one.place_id not in moved):
        connection.execute(
            sa.update(places)
            .where(places.c.place_id.in_(some))
            .values(segment="", offset=0, length=0)
        )
    return True
