"""`pipeline.ports.Ledger` over SQLite or PostgreSQL: one short transaction per call."""

import fcntl
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from pipeline.adapters.ledger import (
    bookkeeping,
    changes,
    commits,
    exports,
    feeds,
    grouping,
    leases,
    polls,
    questions,
    reading,
    replays,
)
from pipeline.adapters.ledger.alerts import SqlAlerts
from pipeline.adapters.ledger.care import SqlCare
from pipeline.adapters.ledger.changes import SqlChangeLog
from pipeline.adapters.ledger.engine import Database, insert_or_replace
from pipeline.adapters.ledger.erasure import SqlErasure
from pipeline.adapters.ledger.histories import SqlHistories
from pipeline.adapters.ledger.keys import SqlKeys
from pipeline.adapters.ledger.oversight import SqlOversight
from pipeline.adapters.ledger.tables import robots, runs
from pipeline.adapters.ledger.webhooks import SqlWebhooks
from pipeline.errors import UsageError
from pipeline.index.event import RecordedOutcome
from pipeline.model import ArchivePlace, Change, Stage
from pipeline.work import (
    ArticleWork,
    Books,
    Decide,
    DuePage,
    FeedState,
    Lease,
    LifeLine,
    PollResult,
    Position,
    ReplaySelector,
    RobotsCopy,
    Scope,
    StepResult,
)


class SqlLedger(
    SqlOversight, SqlCare, SqlHistories, SqlChangeLog, SqlAlerts, SqlWebhooks, SqlErasure, SqlKeys
):
    """The ledger in a database. Every method is described in `pipeline.ports.Ledger`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._run_id: str | None = None
        self._settled = 0  # outcomes up to this number are there for good
        self._lock: IO[str] | None = None

    def acquire_pipeline_lock(self) -> None:
        """Make this the one process that works on a SQLite ledger; raises UsageError.

        Whoever held leases before is dead, so their work is free at once. PostgreSQL ledgers take
        any number of workers: there nothing is locked, and leases run out by themselves.
        """
        if not self.database.is_sqlite or self._lock is not None:
            return
        path = Path(f"{self.database.url.database}.lock")
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UsageError(
                f"another newsline process works on this ledger (lock file {path});"
                " stop it first, or use --data with another folder"
            ) from None
        self._lock = file
        self.database.write(leases.release_all)

    def close(self) -> None:
        """Release connections and locks."""
        self.database.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ── runs and catalogue ────────────────────────────────────────────────────────────────────
    def start_run(self, now: datetime) -> str:
        """Open a run and return its id."""
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        row = {"run_id": run_id, "started_at": now}
        self.database.write(lambda connection: connection.execute(sa.insert(runs), row))
        self.join_run(run_id)
        return run_id

    def join_run(self, run_id: str) -> None:
        """Let outcomes committed afterwards carry a run."""
        self._run_id = run_id

    def finish_run(self, run_id: str, now: datetime) -> None:
        """Close a run."""
        closed = sa.update(runs).where(runs.c.run_id == run_id).values(finished_at=now)
        self.database.write(lambda connection: connection.execute(closed))
        if self._run_id == run_id:
            self._run_id = None

    def run_counts(self, run_id: str) -> Mapping[tuple[str, str, str], int]:
        """Return (stage, result, reason or "") → outcomes recorded by a run."""
        with self.database.reading() as connection:
            return questions.run_counts(connection, run_id)

    def sync_feeds(self, states: Sequence[FeedState]) -> None:
        """Make the catalogue the given one."""
        self.database.write(lambda connection: feeds.sync_feeds(connection, states))

    def feed_states(self, feed_ids: Collection[str] | None = None) -> list[FeedState]:
        """Return the state of all feeds (or of those named), ordered by feed_id."""
        with self.database.reading() as connection:
            return feeds.feed_states(connection, feed_ids)

    def override_feed(self, state: FeedState, *, actor: str, note: str, now: datetime) -> None:
        """Save an operator's change to a feed, audited."""
        self.database.write(
            lambda connection: feeds.override_feed(
                connection, state, actor=actor, note=note, now=now
            )
        )

    # ── leases ────────────────────────────────────────────────────────────────────────────────
    def lease_hosts(
        self,
        stage: Stage,
        now: datetime,
        *,
        limit: int,
        lease_s: float,
        shard: tuple[int, int] | None = None,
    ) -> list[Lease]:
        """Lease up to `limit` hosts that have something due at `now`."""
        return self.database.write(
            lambda connection: leases.lease_hosts(
                connection, stage, now, limit=limit, lease_s=lease_s, shard=shard
            )
        )

    def lease_host(self, host: str, *, lease_s: float) -> Lease | None:
        """Lease one host by name, or None if somebody holds it."""
        return self.database.write(
            lambda connection: leases.lease_host(connection, host, lease_s=lease_s)
        )

    def renew(self, lease: Lease, *, lease_s: float) -> Lease:
        """Extend a lease. Raises LeaseLost."""
        return self.database.write(
            lambda connection: leases.renew(connection, lease, lease_s=lease_s)
        )

    def release(self, lease: Lease, *, next_request_at: datetime | None = None) -> None:
        """Give a lease back, with the host's pace."""
        self.database.write(
            lambda connection: leases.release(connection, lease, next_request_at=next_request_at)
        )

    def due_feeds(self, lease: Lease, now: datetime) -> list[FeedState]:
        """Return the feeds due on a leased host, most overdue first."""
        with self.database.reading() as connection:
            return feeds.due_feeds(connection, lease, now)

    def due_pages(self, lease: Lease, now: datetime, *, limit: int) -> list[DuePage]:
        """Return the pages due on a leased host, oldest due first."""
        with self.database.reading() as connection:
            return reading.due_pages(connection, lease, now, limit=limit)

    def lease_articles(
        self, stage: Stage, now: datetime, *, limit: int, lease_s: float
    ) -> tuple[Lease, list[ArticleWork]]:
        """Lease articles waiting for a stage, in order of first sight."""

        def work(connection: sa.Connection) -> tuple[Lease, list[ArticleWork]]:
            lease, url_ids = leases.lease_rows(connection, stage, now, limit=limit, lease_s=lease_s)
            return lease, reading.article_works(connection, url_ids, stage)

        return self.database.write(work)

    # ── results ───────────────────────────────────────────────────────────────────────────────
    def known_entries(self, feed_id: str, keys: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """Return key → (content_hash, version) of entries that the feed listed before."""
        with self.database.reading() as connection:
            return feeds.known_entries(connection, feed_id, keys)

    def commit_poll(self, lease: Lease, result: PollResult) -> PollResult:
        """Write everything that one poll changed and return it as kept. Raises LeaseLost."""
        run_id = self._run_id
        return self.database.write(
            lambda connection: polls.commit_poll(connection, lease, result, run_id)
        )

    def commit(self, lease: Lease, results: Sequence[StepResult]) -> list[str]:
        """Write results in one transaction and return the url_ids that were refused."""
        run_id = self._run_id
        return self.database.write(
            lambda connection: commits.commit(connection, lease, results, run_id)
        )

    def group(
        self, lease: Lease, works: Sequence[ArticleWork], decide: Decide, now: datetime
    ) -> tuple[list[StepResult], list[str]]:
        """Decide and write groups in one transaction; return results and what was refused."""
        run_id = self._run_id
        return self.database.write(
            lambda connection: grouping.group(
                connection, lease, works, decide, now=now, run_id=run_id
            )
        )

    # ── robots ────────────────────────────────────────────────────────────────────────────────
    def find_robots(self, origin: str) -> RobotsCopy | None:
        """Return the last copy of an origin's robots.txt."""
        with self.database.reading() as connection:
            return questions.find_robots(connection, origin)

    def save_robots(self, copy: RobotsCopy) -> None:
        """Keep a copy of robots.txt."""
        row = {
            "origin": copy.origin,
            "status": copy.status,
            "body": copy.body,
            "fetched_at": copy.fetched_at,
        }
        self.database.write(
            lambda connection: connection.execute(insert_or_replace(robots, connection), row)
        )

    # ── questions ─────────────────────────────────────────────────────────────────────────────
    def next_due_at(self, stage: Stage) -> datetime | None:
        """Return when the next item of a stage falls due; None: none will."""
        with self.database.reading() as connection:
            return questions.next_due_at(connection, stage)

    def due_by_shard(self, now: datetime, *, shards: int) -> Mapping[int, int]:
        """Return shard → hosts in it that could be visited now."""
        with self.database.reading() as connection:
            return leases.due_by_shard(connection, now, shards)

    def leased(self, stage: Stage) -> frozenset[str]:
        """Return the tokens of leases that articles waiting for a stage are under now."""
        with self.database.reading() as connection:
            return questions.leased(connection, stage)

    def waiting(self, stage: Stage) -> int:
        """Return how many items wait for a stage, due or not."""
        with self.database.reading() as connection:
            return questions.waiting(connection, stage)

    def books(self, scope: Scope) -> Books:
        """Return the ledger's side of the balance."""
        with self.database.reading(snapshot=True) as connection:
            return bookkeeping.books(connection, scope)

    def where(self, url: str) -> tuple[Position, list[LifeLine]] | None:
        """Return where a URL stands and its life, oldest first; None: never seen."""
        with self.database.reading(snapshot=True) as connection:
            return questions.where(connection, url)

    def addresses(self, article_ids: Collection[str]) -> Mapping[str, str]:
        """Return article_id → address of those articles that are known, for people to read."""
        with self.database.reading() as connection:
            return questions.addresses(connection, article_ids)

    def find_place(self, url_id: str) -> ArchivePlace | None:
        """Return where in the archive the newest page of a URL is at this moment."""
        with self.database.reading() as connection:
            return questions.find_place(connection, url_id)

    def replay(self, selector: ReplaySelector, now: datetime, *, dry_run: bool = False) -> int:
        """Make the selected URLs due again; return how many."""
        return self.database.write(
            lambda connection: replays.replay(connection, selector, now, dry_run=dry_run)
        )

    def number_changes(self) -> int:
        """Give committed changes their numbers; return how many got one."""
        return self.database.write(changes.number_changes)

    def changes_after(self, seq: int, *, limit: int) -> list[Change]:
        """Return numbered changes with a greater sequence, in order."""
        with self.database.reading() as connection:
            return changes.changes_after(connection, seq, limit=limit)

    def outcomes_after(self, position: int, *, limit: int) -> list[RecordedOutcome]:
        """Return settled outcomes with a greater number, in order."""
        if self._settled <= position:
            with self.database.reading() as connection:
                if not exports.has_outcomes_after(connection, position):
                    return []
                self._settled = exports.settled_bound(connection) or self._settled
        with self.database.reading(snapshot=True) as connection:
            return exports.outcomes_between(connection, position, self._settled, limit=limit)

    def export_position(self, name: str) -> int:
        """Return the number of the last outcome that an export has delivered."""
        with self.database.reading() as connection:
            return exports.export_position(connection, name)

    def advance_export(self, name: str, position: int) -> None:
        """Note how far an export has come; never backwards."""
        self.database.write(lambda connection: exports.advance_export(connection, name, position))

    def all_indexed(self, *, batch: int = 500) -> Iterator[list[ArticleWork]]:
        """Yield every article that belongs in the index, in order of article_id."""
        return reading.all_indexed(self.database, batch)

    def indexed(self, article_ids: Collection[str]) -> list[ArticleWork]:
        """Return those of some articles that belong in the index."""
        with self.database.reading(snapshot=True) as connection:
            return reading.indexed(connection, article_ids)

    def all_gone(self, *, batch: int = 5_000) -> Iterator[list[tuple[str, int]]]:
        """Yield (article_id, doc_version) of what was retracted or erased."""
        return reading.all_gone(self.database, batch)
