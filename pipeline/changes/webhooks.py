"""Receivers to whom the change feed is pushed, and what they are sent: CloudEvents 1.0, in batches.

A batch is one message (`application/cloudevents-batch+json`), signed. The next one is sent when a
receiver has taken the one before, so it hears of everything in the order of the log, at least once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson

from pipeline.changes.following import FeedLine, Filters
from pipeline.changes.reading import as_values
from pipeline.changes.tokens import Place, as_token
from pipeline.messages import Message

MAX_NAME_CHARS = 100
#: Lines of one batch, and bytes after which no more are added.
MAX_LINES, MAX_BYTES = 100, 1_000_000
_TYPE = "org.newsline.article."
_RESET = "org.newsline.changes.reset"
_BATCH = "application/cloudevents-batch+json"
#: Before each further try; after the last one every six hours, for as long as it takes.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of the change feed."""

    name: str
    url: str
    place: Place  # the last line that it took
    filters: Filters = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    created_at: datetime | None = None
    due_at: datetime | None = None
    told_at: datetime | None = None  # last message that was taken
    tries: int = 0  # that failed, since
    failed_reason: str | None = None


class Webhooks(Protocol):
    """Receivers of the change feed. A ledger in a database has them."""

    def add_webhook(self, webhook: Webhook, now: datetime) -> Webhook:
        """Keep a receiver. Raises UsageError when there is one of that name."""
        ...

    def webhooks(self) -> list[Webhook]:
        """Return all receivers by name."""
        ...

    def remove_webhook(self, name: str) -> bool:
        """Delete a receiver; False: there is none of that name."""
        ...

    def claim_webhook(self, name: str, now: datetime, until: datetime) -> Webhook | None:
        """Take a receiver that is due, alone, until a moment; None: it is not due, or taken."""
        ...

    def note_read(self, claimed: Webhook, further: Webhook) -> bool:
        """Keep how far a claimed receiver has read, how it answered, and when it is due again.

        False: the claim is over; who has it now tells the receiver the same again.
        """
        ...


def next_try(now: datetime, tries: int) -> datetime:
    """Return when to send again what failed `tries` times in a row."""
    return now + _WAITS[min(tries, len(_WAITS)) - 1]


def batch(webhook: Webhook, lines: Sequence[FeedLine], log_id: str) -> tuple[Message, int]:
    """Return the next message for a receiver, and how many of the lines are in it (at least 1)."""
    events: list[bytes] = []
    size = 0
    for line in lines:
        event = orjson.dumps(_event(line, log_id), option=orjson.OPT_UTC_Z)
        if events and size + len(event) > MAX_BYTES:
            break
        events.append(event)
        size += len(event)
    message_id = f"{log_id}.{lines[0].seq}-{lines[len(events) - 1].seq}"
    body = b"[" + b",".join(events) + b"]"
    return Message(message_id, body, _BATCH, webhook.secret), len(events)


def reset(webhook: Webhook, log_id: str, now: datetime, why: str) -> Message:
    """Return what tells a receiver to empty its copy: everything comes again."""
    event = _envelope(log_id, f"reset-{webhook.place.seq}", _RESET, now.isoformat())
    body = orjson.dumps([event | {"data": {"why": why}}])
    return Message(f"{log_id}.reset-{webhook.place.seq}", body, _BATCH, webhook.secret)


def _event(line: FeedLine, log_id: str) -> dict[str, Any]:
    envelope = _envelope(log_id, str(line.seq), f"{_TYPE}{line.kind}", line.at)
    return envelope | {"subject": line.article_id, "data": as_values(line)}


def _envelope(log_id: str, event_id: str, kind: str, at: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"urn:newsline:{log_id}",
        "type": kind,
        "time": at,
        "datacontenttype": "application/json",
    }


def shown(webhook: Webhook) -> Mapping[str, Any]:
    """Return what everybody may see of a receiver: not its secret."""
    return {
        "name": webhook.name,
        "url": webhook.url,
        "filters": {name: list(values) for name, values in webhook.filters.items()},
        "after": as_token(webhook.place) if webhook.place.log_id else str(webhook.place.seq),
        "created_at": webhook.created_at,
        "told_at": webhook.told_at,
        "tries": webhook.tries,
        "failed_reason": webhook.failed_reason,
        "due_at": webhook.due_at,
    }
