"""What scheduled upkeep asks of the ledger beside the trip and the page: `Care`.

Every call is bounded, by a limit or a window of time, and what changes anything says so.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.archived import Archived
from pipeline.config import RetrySettings
from pipeline.model import ArchivePlace
from pipeline.oversight import Oversight
from pipeline.ports import Ledger
from pipeline.quality.drift import Pages, Texts
from pipeline.quality.findings import Finding, FindingKind, KeptFinding, Silence
from pipeline.work import Backfill


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the archive of a feed was read, document by document."""

    queue: tuple[str, ...]  # addresses to ask next; none: it was read to its end
    asked: frozenset[str] = frozenset()


class Care(Protocol):
    """Upkeep of a ledger in a database."""

    def revive(self, settings: RetrySettings, now: datetime) -> Mapping[str, int]:
        """Make dead letters due again at the stage where each one died; return reason → URLs.

        Articles of which an enricher failed are sent to the enrichers again in the same way.
        Only those of `revive_reasons`, long enough after they died, that did not die more than
        `revive_rounds` times before; oldest first, at most `revive_limit`. Audited as an action.
        """
        ...

    def send_to_enrich(self, article_ids: Collection[str], now: datetime) -> int:
        """Make articles in the index due for ENRICH again; return how many.

        What is being worked on is left alone.
        """
        ...

    # ── backfills ─────────────────────────────────────────────────────────────────────────────
    def begin_backfill(self, backfill: Backfill, *, actor: str, now: datetime) -> datetime:
        """Return when a backfill began: now (audited), unless it was begun before and not ended."""
        ...

    def backfill_left(self, backfill: Backfill, begun_at: datetime) -> int:
        """Return how many URLs have not been through the stage since, and are at rest."""
        ...

    def backfill_batch(
        self, backfill: Backfill, begun_at: datetime, now: datetime, *, limit: int
    ) -> int:
        """Make up to `limit` of the URLs that are left due, oldest first; return how many.

        A backfill of FETCH is about URLs of which no page was ever had.
        """
        ...

    def end_backfill(self, backfill: Backfill, *, actor: str, now: datetime) -> None:
        """Keep that nothing of a backfill is left: the next one of its kind begins anew."""
        ...

    def walks(self, backfill: Backfill) -> Mapping[str, Walk]:
        """Return feed_id → how far its archive was read in a backfill that has not ended."""
        ...

    def keep_walk(self, backfill: Backfill, feed_id: str, walk: Walk) -> None:
        """Keep how far the archive of a feed was read."""
        ...

    # ── what quality is measured by ───────────────────────────────────────────────────────────
    def new_by_span(
        self, feed_ids: Collection[str], now: datetime, *, days: int
    ) -> Mapping[str, Mapping[int, int]]:
        """Return feed_id → days ago (0: the last 24 hours) → entries that it listed first then."""
        ...

    def gaps_since(self, since: datetime) -> Mapping[str, int]:
        """Return feed_id → polls that had nothing in common with the poll before."""
        ...

    def extracted_pages(self, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """Return outlet → how extraction ended in a window."""
        ...

    def extracted_texts(
        self, since: datetime, until: datetime, *, limit: int
    ) -> Mapping[str, Texts]:
        """Return outlet → its texts among the newest `limit` that were extracted in a window."""
        ...

    # ── retention ─────────────────────────────────────────────────────────────────────────────
    def count_trimmable(self, before: datetime) -> Mapping[str, int]:
        """Return what → rows that `trim` would delete by and by."""
        ...

    def trim(self, before: datetime, *, limit: int) -> Mapping[str, int]:
        """Delete at most `limit` rows of each kind from before a moment; return what → rows.

        Outcomes of polls that went well (and were delivered, where events are), findings that are
        over, silences that have ended. The balance is counted from none of them.
        """
        ...

    def known_segments(self, segments: Collection[str]) -> Collection[str]:
        """Return those of some segments of the archive in which the ledger names anything."""
        ...

    def at_work(self, moments: Collection[datetime]) -> Collection[datetime]:
        """Return those of some moments around which the ledger kept how anything ended."""
        ...

    def archived(self, segments: Collection[str]) -> list[Archived]:
        """Return everything that the ledger names in some segments, in order of place_id."""
        ...

    def re_place(
        self,
        segments: Collection[str],
        seen: Sequence[Archived],
        moved: Mapping[int, ArchivePlace],
    ) -> bool:
        """Let what was copied be at its new place (place_id → place), and what goes at none.

        All of it, or nothing and False: when the ledger now names something else in these segments
        than was seen, or something else of it stays.
        """
        ...

    # ── findings ──────────────────────────────────────────────────────────────────────────────
    def keep_findings(
        self, found: Sequence[Finding], looked_for: Collection[FindingKind], now: datetime
    ) -> list[KeptFinding]:
        """Keep what an inspection found; return what is open, and what it has closed.

        A finding that is open already goes on with its new figures. An open one of a kind that was
        looked for, and was not found again, is closed.
        """
        ...

    def findings(self, *, closed_since: datetime | None = None) -> list[KeptFinding]:
        """Return the open findings, and those that were closed since a moment; oldest first."""
        ...

    def note_told(self, told: Sequence[KeptFinding], now: datetime) -> None:
        """Keep that somebody was told of findings, as severe as they are."""
        ...

    def silence(self, silence: Silence) -> Silence:
        """Keep a silence and return it with its id."""
        ...

    def end_silence(self, silence_id: int, now: datetime) -> bool:
        """End a silence now; tell whether there was one under way."""
        ...

    def silences(self, now: datetime) -> list[Silence]:
        """Return the silences that have not ended."""
        ...


class CareLedger(Ledger, Oversight, Care, Protocol):
    """A ledger that answers all questions: one in a database does."""
