"""The change log: numbered in commit order, so that a reader who follows it misses nothing.

A number taken when a row is inserted becomes visible out of order: a reader who has seen 8 would
never look for a 7 that was committed later. So writers add lines without a number, and one short
transaction at a time gives the next numbers to what is committed.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import chunks, update_all
from pipeline.adapters.ledger.tables import changes
from pipeline.model import Change

#: PostgreSQL advisory lock under which changes are numbered; held until the transaction ends.
_NUMBERING_LOCK = 0x6E6C_0002


def number_changes(connection: Connection) -> int:
    """Give committed lines their number; return how many lines the log has more."""
    if connection.dialect.name != "sqlite":  # SQLite took its write lock at BEGIN
        # The first statement: the next one must see all that was numbered before it.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
    waiting = connection.execute(
        sa.select(changes.c.change_id, changes.c.article_id, changes.c.doc_version)
        .where(changes.c.seq.is_(None), ~changes.c.superseded)
        .order_by(changes.c.change_id)
    ).all()
    if not waiting:
        return 0
    listed = _listed_versions(connection, sorted({line.article_id for line in waiting}))
    last = connection.execute(sa.select(sa.func.max(changes.c.seq))).scalar() or 0
    numbered: list[dict[str, Any]] = []
    superseded: list[dict[str, Any]] = []
    for line in waiting:
        if line.doc_version <= listed.get(line.article_id, 0):
            superseded.append({"change_id": line.change_id, "superseded": True})
            continue
        listed[line.article_id] = line.doc_version
        numbered.append({"change_id": line.change_id, "seq": last + len(numbered) + 1})
    update_all(connection, changes, numbered)
    update_all(connection, changes, superseded)
    return len(numbered)


def _listed_versions(connection: Connection, article_ids: list[str]) -> dict[str, int]:
    """Return article_id → newest version that the log lists."""
    found: dict[str, int] = {}
    for chunk in chunks(article_ids):
        query = (
            sa.select(changes.c.article_id, sa.func.max(changes.c.doc_version))
            .where(changes.c.article_id.in_(chunk), changes.c.seq.is_not(None))
            .group_by(changes.c.article_id)
        )
        found.update((article_id, version) for article_id, version in connection.execute(query))
    return found


def changes_after(connection: Connection, seq: int, *, limit: int) -> list[Change]:
    """Return numbered changes with a greater number, in order."""
    query = sa.select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
    return [
        Change(row.seq, row.kind, row.article_id, row.doc_version, row.at)
        for row in connection.execute(query)
    ]
