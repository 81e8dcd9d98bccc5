"""Delivers the ledger's outcomes as events: at least once, and by their ids effectively once.

What could not be delivered waits in the ledger and harms nobody: articles do not depend on events.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from pipeline.errors import AccessDenied, IndexUnavailable
from pipeline.index.event import Event, RecordedOutcome, events_of
from pipeline.ports import EventSink, IndexResult, Ledger

log = structlog.get_logger()

#: The name under which the ledger keeps how far we have come.
EXPORT = "events"
#: Lines of the ledger read and sent at a time: about half a megabyte.
BATCH = 1_000
#: How long a run leaves a sink alone that takes nothing.
REST_S = 30.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one batch of outcomes."""

    position: int  # every outcome up to this number is delivered
    events: int  # that the sink holds now
    refused: int  # that it will never take; they are left behind
    waiting: bool  # some could not be delivered now
    why: str = ""  # … for this reason

    @property
    def more(self) -> bool:
        """Another batch is worth trying at once."""
        return self.events + self.refused > 0 and not self.waiting


class EventDelivery:
    """Delivers the events of one run as they come. `monotonic` is the time that rests go by."""

    def __init__(
        self, ledger: Ledger, sink: EventSink, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._sink = sink
        self._monotonic = monotonic
        self._rests_until = 0.0

    def batch(self) -> bool:
        """Deliver what there is, up to a batch; tell whether to go on at once."""
        if self._monotonic() < self._rests_until:
            return False
        delivered = deliver_events(self._ledger, self._sink)
        if delivered.waiting:
            self._rests_until = self._monotonic() + REST_S
        return delivered.more


def deliver_events(ledger: Ledger, sink: EventSink, *, after: int | None = None) -> Delivered:
    """Send the next batch of events, those of outcomes `after` a number or not sent before."""
    start = ledger.export_position(EXPORT) if after is None else after
    lines = ledger.outcomes_after(start, limit=BATCH)
    if not lines:
        return Delivered(start, 0, 0, waiting=False)
    by_line = [(line, events_of(line)) for line in lines]
    try:
        answers = sink.write([event for _, events in by_line for event in events])
    except (IndexUnavailable, AccessDenied) as error:
        log.warning("events_wait", detail=str(error), after=start)
        return Delivered(start, 0, 0, waiting=True, why=str(error))
    delivered = _read(start, by_line, answers)
    if delivered.position > start:
        ledger.advance_export(EXPORT, delivered.position)
    return delivered


def _read(
    start: int,
    by_line: Sequence[tuple[RecordedOutcome, Sequence[Event]]],
    answers: Mapping[str, tuple[IndexResult, str]],
) -> Delivered:
    """Say how far the sink's answers let us go: up to the first line that has to be sent again.

    What the sink fails at is sent again first; if it fails again it is refused, and others go on.
    """
    position, held, refused = start, 0, 0
    for line, events in by_line:
        for event in events:
            result, detail = answers.get(event.event_id, (IndexResult.RETRY, "no answer"))
            tries_again = result is IndexResult.FAILED and position > start
            if result is IndexResult.RETRY or tries_again:
                log.warning("events_wait", detail=detail, after=position)
                return Delivered(position, held, refused, waiting=True, why=detail)
            if result in (IndexResult.REFUSED, IndexResult.FAILED):
                log.error("event_refused", detail=detail, outcome_id=line.outcome_id)
                refused += 1
            else:
                held += 1
        position = line.outcome_id
    return Delivered(position, held, refused, waiting=False)
