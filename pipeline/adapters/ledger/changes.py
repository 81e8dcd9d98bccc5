"""The change log: numbered in commit order, so that a reader who follows it misses nothing.

A number taken when a row is inserted becomes visible out of order: a reader who has seen 8 would
never look for a 7 that was committed later. So writers add lines without a number, and one short
transaction at a time gives the next numbers to what is committed.
"""

import secrets
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.change_tables import change_log
from pipeline.adapters.ledger.engine import Database, chunks, update_all
from pipeline.adapters.ledger.tables import changes
from pipeline.changes.log import About, LoggedChange, LogState
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
    last = _state(connection).last_seq
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
    return [_change(row) for row in connection.execute(query)]


def _change(row: Any) -> Change:  # noqa: ANN401 - a row of `changes`
    return Change(row.seq, row.kind, row.article_id, row.doc_version, row.at)


def begin_log(connection: Connection) -> None:
    """Make the log another one: tokens that were given before are of no use in it."""
    connection.execute(sa.update(change_log).values(log_id=secrets.token_hex(4)))


def _state(connection: Connection) -> LogState:
    log_id, trimmed = connection.execute(sa.select(change_log)).one()
    last = connection.execute(sa.select(sa.func.max(changes.c.seq))).scalar() or 0
    return LogState(log_id, trimmed, max(last, trimmed))  # a number is never given twice


class SqlChangeLog:
    """Every method is described in `pipeline.changes.log.ChangeLog`."""

    database: Database

    def lines_after(self, seq: int, *, limit: int) -> tuple[LogState, list[LoggedChange]]:
        """Return numbered lines with a greater sequence, in order, and the log's state."""
        before = changes.alias("before")
        line_before = (
            sa.select(before.c.change_id)
            .where(
                before.c.article_id == changes.c.article_id,
                before.c.doc_version < changes.c.doc_version,
                before.c.seq.is_not(None),
            )
            .order_by(before.c.doc_version.desc())
            .limit(1)
            .correlate(changes)
            .scalar_subquery()
        )
        was = changes.alias("was")
        query = (
            sa.select(changes, was.c.kind.label("was_kind"), was.c.about.label("was_about"))
            .select_from(changes.outerjoin(was, was.c.change_id == line_before))
            .where(changes.c.seq > seq)
            .order_by(changes.c.seq)
            .limit(limit)
        )
        with self.database.reading(snapshot=True) as connection:
            return _state(connection), [
                LoggedChange(
                    change=_change(row),
                    about=_about(row.about),
                    was_listed=row.was_kind == "upsert",
                    was_about=_about(row.was_about),
                )
                for row in connection.execute(query)
            ]

    def trim_changes(self, before: datetime, *, limit: int) -> int:
        """Delete at most `limit` lines from before a moment; return how many."""
        return self.database.write(lambda connection: _trim(connection, before, limit))


def _about(text: str | None) -> About | None:
    if text is None:
        return None
    return {name: tuple(values) for name, values in orjson.loads(text).items()}


def _trim(connection: Connection, before: datetime, limit: int) -> int:
    """Delete old lines in the order of the log, so that what a kept line stands for stays true."""
    end = sa.select(sa.func.max(changes.c.seq)).where(changes.c.at < before)
    last = connection.execute(end).scalar() or 0
    later = changes.alias("later")
    is_repeated = sa.exists().where(
        later.c.article_id == changes.c.article_id, later.c.seq > changes.c.seq, later.c.seq <= last
    )
    some = (
        sa.select(changes.c.change_id, changes.c.seq)
        .where(changes.c.seq <= last, sa.or_(changes.c.kind == "retract", is_repeated))
        .order_by(changes.c.seq)
        .limit(limit)
    )
    rows = connection.execute(some).all()
    unlisted = sa.delete(changes).where(changes.c.superseded, changes.c.at < before)
    count = int(connection.execute(unlisted).rowcount)
    for chunk in chunks([row.change_id for row in rows]):
        connection.execute(sa.delete(changes).where(changes.c.change_id.in_(chunk)))
    if rows:
        connection.execute(sa.update(change_log).values(trimmed_seq=rows[-1].seq))
    return count + len(rows)
