"""Which findings somebody is to be told about, and what is sent. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.quality.findings import KeptFinding, Silence, is_silenced


def to_tell(
    kept: Iterable[KeptFinding], silences: Sequence[Silence], now: datetime, *, again_after_s: float
) -> list[KeptFinding]:
    """Return open findings that are new, have got worse, or were last told of long ago.

    What is silenced is not told; when the silence ends it is, if it is still so. Worst first.
    """
    due = [
        one
        for one in kept
        if one.closed_at is None
        and _is_due(one, now - timedelta(seconds=again_after_s))
        and not is_silenced(one.finding, silences, now)
    ]
    return sorted(due, key=lambda one: (-one.finding.severity.rank, one.finding.key))


def _is_due(one: KeptFinding, long_ago: datetime) -> bool:
    if one.told_at is None or one.told_severity is None:
        return True
    return one.told_at <= long_ago or one.finding.severity.rank > one.told_severity.rank


def message(told: Sequence[KeptFinding], now: datetime) -> dict[str, Any]:
    """Return the body of an alert. `text` alone is what chat services show."""
    lines = [f"[{one.finding.severity}] {one.finding.words}" for one in told]
    return {
        "text": f"Newsline: {len(told)} findings\n" + "\n".join(lines),
        "at": _moment(now),
        "findings": [as_dict(one) for one in told],
    }


def late_message(dag_id: str, run_id: str, deadline_at: datetime, now: datetime) -> dict[str, Any]:
    """Return the body of an alert about a scheduler's run that has not kept its deadline."""
    by = f"{deadline_at.astimezone(UTC):%H:%M:%S} UTC"
    return {
        "text": f"Newsline: {dag_id} is late: {run_id} had not ended well by {by}",
        "at": _moment(now),
        "late": {"dag_id": dag_id, "dag_run_id": run_id, "deadline_at": _moment(deadline_at)},
    }


def as_dict(one: KeptFinding) -> dict[str, Any]:
    """Return a finding for JSON."""
    found = one.finding
    return {
        "finding_id": one.finding_id,
        "kind": str(found.kind),
        "severity": str(found.severity),
        "words": found.words,
        "evidence": dict(found.evidence),
        "feed_id": found.feed_id,
        "outlet": found.outlet,
        "opened_at": _moment(one.opened_at),
        "seen_at": _moment(one.seen_at),
        "closed_at": _moment(one.closed_at) if one.closed_at else None,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
