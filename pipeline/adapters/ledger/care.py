"""`pipeline.care.Care` over SQLite or PostgreSQL: one short transaction per call."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.adapters.ledger import archived, findings, measures, replays, revivals, trimming
from pipeline.adapters.ledger.engine import Database
from pipeline.archived import Archived
from pipeline.care import Walk
from pipeline.config import RetrySettings
from pipeline.model import ArchivePlace
from pipeline.quality.drift import Pages, Texts
from pipeline.quality.findings import Finding, FindingKind, KeptFinding, Silence
from pipeline.work import Backfill


class SqlCare:
    """Every method is described in `pipeline.care.Care`."""

    database: Database

    def revive(self, settings: RetrySettings, now: datetime) -> Mapping[str, int]:
        """Make dead letters due again that may have got over it; return reason → URLs."""
        return self.database.write(lambda connection: revivals.revive(connection, settings, now))

    def send_to_enrich(self, article_ids: Collection[str], now: datetime) -> int:
        """Make articles in the index due for ENRICH again; return how many."""
        return self.database.write(
            lambda connection: replays.send_to_enrich(connection, article_ids, now)
        )

    def begin_backfill(self, backfill: Backfill, *, actor: str, now: datetime) -> datetime:
        """Return when a backfill began: now, unless it was begun before and not ended."""
        return self.database.write(
            lambda connection: revivals.begin_backfill(connection, backfill, actor, now)
        )

    def backfill_left(self, backfill: Backfill, begun_at: datetime) -> int:
        """Return how many URLs have not been through the stage since, and are at rest."""
        with self.database.reading() as connection:
            return replays.backfill_left(connection, backfill, begun_at)

    def backfill_batch(
        self, backfill: Backfill, begun_at: datetime, now: datetime, *, limit: int
    ) -> int:
        """Make some of the URLs that are left due; return how many."""
        return self.database.write(
            lambda connection: replays.backfill_batch(connection, backfill, begun_at, now, limit)
        )

    def end_backfill(self, backfill: Backfill, *, actor: str, now: datetime) -> None:
        """Keep that nothing of a backfill is left."""
        self.database.write(
            lambda connection: revivals.end_backfill(connection, backfill, actor, now)
        )

    def walks(self, backfill: Backfill) -> Mapping[str, Walk]:
        """Return feed_id → how far its archive was read in a backfill that has not ended."""
        with self.database.reading() as connection:
            return revivals.walks_of(connection, backfill)

    def keep_walk(self, backfill: Backfill, feed_id: str, walk: Walk) -> None:
        """Keep how far the archive of a feed was read."""
        self.database.write(
            lambda connection: revivals.keep_walk(connection, backfill, feed_id, walk)
        )

    def new_by_span(
        self, feed_ids: Collection[str], now: datetime, *, days: int
    ) -> Mapping[str, Mapping[int, int]]:
        """Return feed_id → days ago → entries that it listed for the first time."""
        with self.database.reading() as connection:
            return measures.new_by_span(connection, feed_ids, now, days)

    def gaps_since(self, since: datetime) -> Mapping[str, int]:
        """Return feed_id → polls that had nothing in common with the poll before."""
        with self.database.reading() as connection:
            return measures.gaps_since(connection, since)

    def extracted_pages(self, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """Return outlet → how extraction ended in a window."""
        with self.database.reading() as connection:
            return measures.extracted_pages(connection, since, until)

    def extracted_texts(
        self, since: datetime, until: datetime, *, limit: int
    ) -> Mapping[str, Texts]:
        """Return outlet → its texts among the newest that were extracted in a window."""
        with self.database.reading() as connection:
            return measures.extracted_texts(connection, since, until, limit)

    def count_trimmable(self, before: datetime) -> Mapping[str, int]:
        """Return what → rows that `trim` would delete by and by."""
        with self.database.reading() as connection:
            return trimming.count_trimmable(connection, before)

    def trim(self, before: datetime, *, limit: int) -> Mapping[str, int]:
        """Delete at most `limit` rows of each kind from before a moment; return what → rows."""
        return self.database.write(lambda connection: trimming.trim(connection, before, limit))

    def known_segments(self, segments: Collection[str]) -> Collection[str]:
        """Return those of some segments of the archive in which the ledger names anything."""
        with self.database.reading() as connection:
            return archived.known_segments(connection, segments)

    def at_work(self, moments: Collection[datetime]) -> Collection[datetime]:
        """Return those of some moments around which the ledger kept how anything ended."""
        with self.database.reading() as connection:
            return archived.at_work(connection, moments)

    def archived(self, segments: Collection[str]) -> list[Archived]:
        """Return everything that the ledger names in some segments."""
        with self.database.reading(snapshot=True) as connection:
            return archived.archived(connection, segments)

    def re_place(
        self,
        segments: Collection[str],
        seen: Sequence[Archived],
        moved: Mapping[int, ArchivePlace],
    ) -> bool:
        """Name what was copied at its new place, and what goes at none."""
        return self.database.write(
            lambda connection: archived.re_place(connection, segments, seen, moved)
        )

    def keep_findings(
        self, found: Sequence[Finding], looked_for: Collection[FindingKind], now: datetime
    ) -> list[KeptFinding]:
        """Keep what an inspection found; return what is open, and what it has closed."""
        return self.database.write(
            lambda connection: findings.keep_findings(connection, found, looked_for, now)
        )

    def findings(self, *, closed_since: datetime | None = None) -> list[KeptFinding]:
        """Return the open findings, and those that were closed since a moment."""
        with self.database.reading() as connection:
            return findings.list_findings(connection, closed_since)

    def note_told(self, told: Sequence[KeptFinding], now: datetime) -> None:
        """Keep that somebody was told of findings, as severe as they are."""
        self.database.write(lambda connection: findings.note_told(connection, told, now))

    def silence(self, silence: Silence) -> Silence:
        """Keep a silence and return it with its id."""
        number = self.database.write(lambda connection: findings.add_silence(connection, silence))
        return replace(silence, silence_id=number)

    def end_silence(self, silence_id: int, now: datetime) -> bool:
        """End a silence now; tell whether there was one under way."""
        return self.database.write(
            lambda connection: findings.end_silence(connection, silence_id, now)
        )

    def silences(self, now: datetime) -> list[Silence]:
        """Return the silences that have not ended."""
        with self.database.reading() as connection:
            return findings.list_silences(connection, now)
