"""Looks whether all is still good, keeps what is not, and tells whoever wants to know.

    inspect   measure, hold against objective and past, keep the findings in the ledger
    announce  findings as events, for dashboards; again until the cluster has them
    tell      the operator's webhook and the log: each finding once, again when worse or a day on

What could not be looked at (the index is away) closes no finding of its kind.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from pipeline.balance import BalanceSheet, balance
from pipeline.care import CareLedger
from pipeline.config import Config
from pipeline.errors import IndexUnavailable, ItemError, StoreUnavailable
from pipeline.model import Stage
from pipeline.ports import EventSink, Index
from pipeline.quality import ends, telling
from pipeline.quality.drift import drops_drift, texts_drift
from pipeline.quality.event import finding_event
from pipeline.quality.findings import Finding, FindingKind, KeptFinding
from pipeline.quality.volume import DAYS, odd_volumes
from pipeline.work import Scope

log = structlog.get_logger()

DAY, WEEK = timedelta(days=1), timedelta(days=7)
#: Freshness is that of the last hours: longer, and a bad morning is news all day.
_FRESH = timedelta(hours=3)
#: Bound what an inspection reads.
_DELAYS, _TEXTS = 100_000, 2_000
#: Events of what was closed go out again for so long, should the cluster have been away.
_RECENT = timedelta(days=2)

Post = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspection found."""

    findings: list[KeptFinding]  # open now, and those that it has closed
    not_looked_for: Mapping[FindingKind, str]  # kind → why

    @property
    def open(self) -> list[KeptFinding]:
        """What is wrong now."""
        return [one for one in self.findings if one.closed_at is None]


def inspect(ledger: CareLedger, index: Index, config: Config, now: datetime) -> Inspection:
    """Look at everything and keep what is found. Raises StoreUnavailable, AccessDenied."""
    unknown: dict[FindingKind, str] = {}
    found: list[Finding] = []
    try:
        found += ends.unbalanced(_sheet(ledger, index))
    except IndexUnavailable as error:
        unknown[FindingKind.BALANCE] = str(error)
    states = ledger.feed_states()
    delays = ledger.delays(now - _FRESH, now, limit=_DELAYS)
    objective_s = config.ops.freshness_objective_s
    found += ends.late(delays.seconds, objective_s)
    found += ends.waiting(
        ledger.waiting(Stage.INDEX), ledger.waits_since(Stage.INDEX), objective_s, now
    )
    found += ends.gaps(states, ledger.gaps_since(now - DAY))
    feed_ids = [state.feed.feed_id for state in states]
    found += odd_volumes(states, ledger.new_by_span(feed_ids, now, days=DAYS))
    day_ago, week_ago = now - DAY, now - DAY - WEEK
    found += drops_drift(
        ledger.extracted_pages(day_ago, now), ledger.extracted_pages(week_ago, day_ago)
    )
    found += texts_drift(
        ledger.extracted_texts(day_ago, now, limit=_TEXTS),
        ledger.extracted_texts(week_ago, day_ago, limit=_TEXTS),
    )
    looked_for = set(FindingKind) - set(unknown)
    return Inspection(ledger.keep_findings(found, looked_for, now), unknown)


def _sheet(ledger: CareLedger, index: Index) -> BalanceSheet:
    """Return the balance; look twice before saying that it is wrong, since runs go on meanwhile."""
    sheet = balance(ledger.books(Scope()), index.versions())
    return sheet if sheet.balances else balance(ledger.books(Scope()), index.versions())


def announce(ledger: CareLedger, sink: EventSink, now: datetime) -> int:
    """Send how findings stand as events; what the sink has already stays. Return how many."""
    events = [finding_event(one) for one in ledger.findings(closed_since=now - _RECENT)]
    if events:
        sink.write(events)
    return len(events)


async def tell(
    ledger: CareLedger, config: Config, now: datetime, post: Post | None
) -> list[KeptFinding]:
    """Tell of what is due, in the log and by `post` (None: nowhere else); return what was told.

    Raises StoreUnavailable when the webhook did not take it: then nobody counts as told.
    """
    settings = config.alerts
    due = telling.to_tell(
        ledger.findings(), ledger.silences(now), now, again_after_s=settings.again_after_s
    )
    for one in due:
        log.warning(
            "finding",
            kind=one.finding.kind,
            severity=one.finding.severity,
            words=one.finding.words,
            feed_id=one.finding.feed_id,
            outlet=one.finding.outlet,
        )
    if due and post is not None:
        try:
            await post(settings.webhook, telling.message(due, now))
        except ItemError as error:
            raise StoreUnavailable(f"the webhook of [alerts] took nothing: {error}") from None
    ledger.note_told(due, now)
    return due
