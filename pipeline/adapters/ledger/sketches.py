"""What articles are found by while copies and stories are looked for; see story_tables.py."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks, insert_all, rows_by
from pipeline.adapters.ledger.story_tables import band_keys, sketches, story_terms, term_counts
from pipeline.enrich.stories import length, weigh
from pipeline.model import Enrichment

#: A text is printed by others within hours or days; later only an equal text is recognised, by its
#: fingerprint. Stories need three days (pipeline/enrich/stories.py).
KEPT = timedelta(days=7)
#: Term under which all sketches are counted.
ALL = -1

_COUNT = sa.text(
    "INSERT INTO term_counts (term, articles) VALUES (:term, :by) ON CONFLICT (term) "
    "DO UPDATE SET articles = term_counts.articles + excluded.articles"
)


def term_hash(term: str) -> int:
    """Return the number that stands for a term."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass")) >> 1


def hashed(terms: Mapping[str, float]) -> dict[int, float]:
    """Return hash → weight."""
    return {term_hash(term): weight for term, weight in terms.items()}


def terms_of(text: str) -> dict[int, float]:
    """Read the terms of a sketch."""
    return {int(term): weight for term, weight in orjson.loads(text)}


def count_terms(connection: Connection, terms: Iterable[int]) -> tuple[dict[int, int], int]:
    """Return how many sketches have each term, and how many there are."""
    rows = rows_by(connection, sa.select(term_counts), term_counts.c.term, [ALL, *terms])
    counts = {row["term"]: row["articles"] for row in rows}
    return counts, counts.pop(ALL, 0)


def day_of(at: datetime) -> int:
    """Return the day of a time, counted from 1970."""
    return int(at.astimezone(UTC).timestamp() // 86_400)


def remember(
    connection: Connection, article_id: str, said: Enrichment, at: datetime, now: datetime
) -> None:
    """Keep what an article can be found by, in place of what was kept before."""
    kept = {
        "article_id": article_id,
        "at": at,
        "bands": orjson.dumps(said.bands).decode(),
        "terms": orjson.dumps(sorted(hashed(said.terms).items())).decode(),
    }
    before = _find(connection, sketches.c.article_id == article_id)
    if before and all(before[0][name] == value for name, value in kept.items()):
        return
    _remove(connection, before)
    kept_at = before[0]["kept_at"] if before else now
    terms = hashed(said.terms)
    counts, total = count_terms(connection, terms)
    row = kept | {"kept_at": kept_at, "length": length(weigh(terms, counts, total))}
    number = connection.execute(
        sa.insert(sketches).values(row).returning(sketches.c.number)
    ).scalar_one()
    keys = sorted(set(said.bands))
    insert_all(connection, band_keys, [{"key": key, "number": number} for key in keys])
    day = day_of(at)
    insert_all(
        connection, story_terms, [{"term": t, "day": day, "number": number} for t in sorted(terms)]
    )
    _count(connection, sorted(terms), 1)


def forget(connection: Connection, article_ids: Iterable[str]) -> None:
    """Let articles be found no longer."""
    for chunk in chunks(sorted(article_ids)):
        _remove(connection, _find(connection, sketches.c.article_id.in_(chunk)))


def forget_old(connection: Connection, now: datetime, limit: int) -> None:
    """Forget up to `limit` of the articles whose time is over, oldest first."""
    _remove(connection, _find(connection, sketches.c.kept_at < now - KEPT, limit))


def _find(
    connection: Connection, wanted: sa.ColumnElement[bool], limit: int | None = None
) -> list[dict[str, Any]]:
    query = sa.select(sketches).where(wanted).order_by(sketches.c.kept_at, sketches.c.number)
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def _remove(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        number, terms = row["number"], sorted(terms_of(row["terms"]))
        connection.execute(
            sa.delete(band_keys).where(
                band_keys.c.key.in_(orjson.loads(row["bands"])), band_keys.c.number == number
            )
        )
        connection.execute(
            sa.delete(story_terms).where(
                story_terms.c.term.in_(terms),
                story_terms.c.day == day_of(row["at"]),
                story_terms.c.number == number,
            )
        )
        connection.execute(sa.delete(sketches).where(sketches.c.number == number))
        _count(connection, terms, -1)


def _count(connection: Connection, terms: Sequence[int], by: int) -> None:
    connection.execute(_COUNT, [{"term": term, "by": by} for term in (ALL, *terms)])
    if by < 0:
        gone = term_counts.c.term.in_([ALL, *terms]) & (term_counts.c.articles <= 0)
        connection.execute(sa.delete(term_counts).where(gone))
