"""What is wrong, how badly, since when; and for how long nobody wants to hear of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    """What can be found wrong."""

    BALANCE = "balance"  # something is not accounted for
    FRESHNESS = "freshness"  # articles reach the index too late
    WAITING = "waiting"  # articles are ready for the index, and it does not take them
    VOLUME = "volume"  # a feed brings far less, or far more, than it used to
    DROPS = "drops"  # far more of an outlet's pages are dropped for one reason
    TEXT_LENGTH = "text_length"  # an outlet's texts are far shorter, or longer
    MISSING_DATES = "missing_dates"  # far more of an outlet's articles have no date
    MISSING_PARTS = "missing_parts"  # far more of them name nobody, no place, no topic, no author
    GAP = "gap"  # two polls of a feed had nothing in common: entries were probably missed


class Severity(StrEnum):
    """How badly."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return a number that grows with severity."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong now. What it is about is its identity: kind, feed, outlet, aspect."""

    kind: FindingKind
    severity: Severity
    words: str  # one sentence for people
    evidence: Mapping[str, Any]  # the figures that it rests on
    feed_id: str | None = None
    outlet: str | None = None
    aspect: str = ""  # what else makes it one of several, e.g. the reason of drops

    @property
    def key(self) -> str:
        """Return the identity: the same thing found again has the same key."""
        return "/".join((self.kind, self.outlet or "", self.feed_id or "", self.aspect))


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as the ledger keeps it, from when it was first seen until it was no longer."""

    finding_id: int
    finding: Finding
    opened_at: datetime
    seen_at: datetime  # by the last inspection that found it
    closed_at: datetime | None = None
    told_at: datetime | None = None  # when somebody was last told
    told_severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of what it covers until it ends; the findings are kept all the same."""

    actor: str
    reason: str
    at: datetime
    until: datetime  # every silence ends
    kind: FindingKind | None = None  # None: any
    feed_id: str | None = None
    outlet: str | None = None
    silence_id: int | None = None  # None: not kept yet

    def covers(self, finding: Finding, now: datetime) -> bool:
        """Tell whether it is about a finding, now."""
        asked = (self.kind, self.feed_id, self.outlet)
        own = (finding.kind, finding.feed_id, finding.outlet)
        fits = all(want in (None, value) for want, value in zip(asked, own, strict=True))
        return fits and self.at <= now < self.until


def is_silenced(finding: Finding, silences: Iterable[Silence], now: datetime) -> bool:
    """Tell whether any silence covers a finding now."""
    return any(silence.covers(finding, now) for silence in silences)
