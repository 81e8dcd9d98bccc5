"""Deletes what nobody will ask for again, some rows at a time. No term of the balance is here."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table

from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.tables import exports, findings, outcomes, silences
from pipeline.model import Result, Stage

#: Failures stay: they tell since when a feed fails.
_WELL = (Result.OK, Result.UNCHANGED)


def count_trimmable(connection: Connection, before: datetime) -> dict[str, int]:
    """Return what → rows that may go."""
    found = {}
    for what, (table, wanted) in _old(connection, before).items():
        query = sa.select(sa.func.count()).select_from(table).where(*wanted)
        found[what] = int(connection.execute(query).scalar_one())
    return found


def trim(connection: Connection, before: datetime, limit: int) -> dict[str, int]:
    """Delete up to `limit` rows of each kind; return what → rows."""
    deleted = {}
    for what, (table, wanted) in _old(connection, before).items():
        (key,) = table.primary_key.columns
        ids = connection.scalars(sa.select(key).where(*wanted).limit(limit)).all()
        for some in chunks(ids):
            connection.execute(sa.delete(table).where(key.in_(some)))
        deleted[what] = len(ids)
    return deleted


def _old(
    connection: Connection, before: datetime
) -> Mapping[str, tuple[Table, list[ColumnElement[bool]]]]:
    polls = [
        outcomes.c.at < before,
        outcomes.c.stage == Stage.POLL,
        outcomes.c.result.in_(_WELL),
    ]
    delivered = connection.execute(sa.select(sa.func.min(exports.c.position))).scalar()
    if delivered is not None:  # what is still to go out has to stay
        polls.append(outcomes.c.outcome_id <= delivered)
    return {
        "polls": (outcomes, polls),
        "findings": (findings, [findings.c.closed_at < before]),
        "silences": (silences, [silences.c.until < before]),
    }
