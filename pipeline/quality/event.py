"""Findings as events of the pipeline, in the fields that other events have. Pure."""

import hashlib
from datetime import UTC, datetime

from pipeline.index.event import Event
from pipeline.index.schema import MAX_KEYWORD_CHARS
from pipeline.quality.findings import KeptFinding

#: `stage` of a finding, and its `result` when it is no longer so.
STAGE, OVER = "quality", "over"


def finding_event(one: KeptFinding) -> Event:
    """Return the event for how a finding stands; the same standing always has the same id."""
    found = one.finding
    result = OVER if one.closed_at else str(found.severity)
    said = f"finding\n{one.finding_id}\n{found.key}\n{_moment(one.opened_at)}\n{result}"
    told = {
        "at": _moment(one.closed_at or one.seen_at),
        "kind": "finding",
        "stage": STAGE,
        "result": result,
        "reason": str(found.kind),
        "detail": found.words[:MAX_KEYWORD_CHARS],
        "attempt": 1,
        "feed_id": found.feed_id,
        "outlet": found.outlet,
    }
    event_id = hashlib.blake2s(said.encode(), digest_size=16).hexdigest()
    return Event(event_id, {name: value for name, value in told.items() if value is not None})


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
