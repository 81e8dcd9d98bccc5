"""What inspections found wrong, from when it was first seen until it was no longer; silences."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import insert_new, update_all
from pipeline.adapters.ledger.tables import findings, silences
from pipeline.quality.findings import Finding, FindingKind, KeptFinding, Severity, Silence

_OPEN = findings.c.closed_at.is_(None)


def keep_findings(
    connection: Connection,
    found: Sequence[Finding],
    looked_for: Collection[FindingKind],
    now: datetime,
) -> list[KeptFinding]:
    """Insert what is new, renew what is open, close what was not found again."""
    known = {one.finding.key: one for one in _select(connection, _OPEN)}
    wanted = {finding.key: finding for finding in found}
    renewed = [
        {"finding_id": known[key].finding_id, "seen_at": now, **_figures(finding)}
        for key, finding in wanted.items()
        if key in known
    ]
    update_all(connection, findings, renewed)
    for key, finding in wanted.items():
        if key not in known:  # unless another inspection at the same time was faster
            connection.execute(insert_new(findings, connection), _row(finding, now))
    over = [
        {"finding_id": one.finding_id, "closed_at": now}
        for key, one in known.items()
        if key not in wanted and one.finding.kind in looked_for
    ]
    update_all(connection, findings, over)
    ids = [row["finding_id"] for row in over]
    return _select(connection, _OPEN | findings.c.finding_id.in_(ids))


def list_findings(connection: Connection, closed_since: datetime | None) -> list[KeptFinding]:
    """Return the open findings, and those closed since a moment."""
    wanted = _OPEN if closed_since is None else _OPEN | (findings.c.closed_at >= closed_since)
    return _select(connection, wanted)


def note_told(connection: Connection, told: Sequence[KeptFinding], now: datetime) -> None:
    """Keep that somebody was told."""
    rows = [
        {"finding_id": one.finding_id, "told_at": now, "told_severity": one.finding.severity.value}
        for one in told
    ]
    update_all(connection, findings, rows)


def _figures(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "words": finding.words,
        "evidence": orjson.dumps(dict(finding.evidence)).decode(),
    }


def _row(finding: Finding, now: datetime) -> dict[str, Any]:
    return {
        "key": finding.key,
        "kind": finding.kind.value,
        "feed_id": finding.feed_id,
        "outlet": finding.outlet,
        "aspect": finding.aspect,
        "opened_at": now,
        "seen_at": now,
        **_figures(finding),
    }


def _select(connection: Connection, wanted: sa.ColumnElement[bool]) -> list[KeptFinding]:
    query = sa.select(findings).where(wanted).order_by(findings.c.finding_id)
    return [
        KeptFinding(
            finding_id=row.finding_id,
            finding=Finding(
                kind=FindingKind(row.kind),
                severity=Severity(row.severity),
                words=row.words,
                evidence=orjson.loads(row.evidence),
                feed_id=row.feed_id,
                outlet=row.outlet,
                aspect=row.aspect,
            ),
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            closed_at=row.closed_at,
            told_at=row.told_at,
            told_severity=Severity(row.told_severity) if row.told_severity else None,
        )
        for row in connection.execute(query)
    ]


def add_silence(connection: Connection, silence: Silence) -> int:
    """Keep a silence and return its id."""
    row = {
        "at": silence.at,
        "actor": silence.actor,
        "reason": silence.reason,
        "kind": silence.kind.value if silence.kind else None,
        "feed_id": silence.feed_id,
        "outlet": silence.outlet,
        "until": silence.until,
    }
    done = connection.execute(sa.insert(silences).returning(silences.c.silence_id), row)
    return int(done.scalar_one())


def end_silence(connection: Connection, silence_id: int, now: datetime) -> bool:
    """End a silence now; tell whether it was under way."""
    running = (silences.c.silence_id == silence_id) & (silences.c.until > now)
    done = connection.execute(sa.update(silences).where(running).values(until=now))
    return done.rowcount > 0


def list_silences(connection: Connection, now: datetime) -> list[Silence]:
    """Return the silences that have not ended, in the order in which they were made."""
    query = sa.select(silences).where(silences.c.until > now).order_by(silences.c.silence_id)
    return [
        Silence(
            actor=row.actor,
            reason=row.reason,
            at=row.at,
            until=row.until,
            kind=FindingKind(row.kind) if row.kind else None,
            feed_id=row.feed_id,
            outlet=row.outlet,
            silence_id=row.silence_id,
        )
        for row in connection.execute(query)
    ]
