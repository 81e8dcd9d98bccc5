"""`pipeline.oversight.Oversight` over SQLite or PostgreSQL: one short transaction per question."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from pipeline.adapters.ledger import dead_letters, feed_history, feeds, replays, workload
from pipeline.adapters.ledger.engine import Database
from pipeline.model import Stage
from pipeline.oversight import (
    Action,
    DeadGroup,
    DeadLetter,
    Delays,
    Expected,
    FailedPolls,
    HourCount,
    Listing,
    Override,
    PollRecord,
    Queue,
    Tally,
)
from pipeline.work import FeedState, ReplaySelector

#: What `actions` says of dead letters and others that were made due again.
REPLAY = "replay"


class SqlOversight:
    """Every method is described in `pipeline.oversight.Oversight`."""

    database: Database

    def tally(self) -> Tally:
        """Return the ledger's own side of the balance, without any article's id."""
        with self.database.reading(snapshot=True) as connection:
            return workload.tally(connection)

    def expected(self, *, newest: int) -> tuple[Tally, Expected]:
        """Return the tally, and beside it what the index should hold."""
        with self.database.reading(snapshot=True) as connection:
            return workload.tally(connection), workload.expected(connection, newest)

    def new_by_day(
        self, feed_ids: Collection[str], since: datetime
    ) -> Mapping[str, Mapping[date, int]]:
        """Return feed_id → UTC day → entries that it listed for the first time."""
        with self.database.reading() as connection:
            return feed_history.new_by_day(connection, feed_ids, since)

    def polls(self, feed_id: str, *, limit: int) -> list[PollRecord]:
        """Return the last polls of a feed, newest first."""
        with self.database.reading() as connection:
            return feed_history.polls(connection, feed_id, limit)

    def failed_polls(self, feed_ids: Collection[str]) -> Mapping[str, FailedPolls]:
        """Return feed_id → failures since the last success."""
        with self.database.reading(snapshot=True) as connection:
            return feed_history.failed_polls(connection, feed_ids)

    def listings(self, feed_id: str, *, limit: int) -> list[Listing]:
        """Return what a feed last listed as new or changed, newest first."""
        with self.database.reading() as connection:
            return feed_history.listings(connection, feed_id, limit)

    def overrides(self, feed_id: str | None = None, *, limit: int) -> list[Override]:
        """Return changes by hand (or merges), newest first."""
        with self.database.reading() as connection:
            return feed_history.overrides(connection, feed_id, limit)

    def delays(self, since: datetime, until: datetime, *, limit: int) -> Delays:
        """Return first sight → first acknowledged index write, in a window."""
        with self.database.reading() as connection:
            return workload.delays(connection, since, until, limit)

    def queues(self, now: datetime) -> list[Queue]:
        """Return what waits for each stage."""
        with self.database.reading(snapshot=True) as connection:
            return workload.queues(connection, now)

    def waits_since(self, stage: Stage) -> datetime | None:
        """Return since when the oldest item has waited for a stage; None: none does."""
        with self.database.reading() as connection:
            return workload.waits_since(connection, stage)

    def dead_groups(self) -> list[DeadGroup]:
        """Return the dead letters by stage and reason, most first."""
        with self.database.reading() as connection:
            return dead_letters.dead_groups(connection)

    def dead_letters(
        self,
        *,
        stage: Stage | None = None,
        reason: str | None = None,
        feed_id: str | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[DeadLetter]:
        """Return dead letters in order of (first_seen_at, url_id), after a place in it."""
        with self.database.reading(snapshot=True) as connection:
            return dead_letters.dead_letters(
                connection, stage=stage, reason=reason, feed_id=feed_id, after=after, limit=limit
            )

    def feeds_of_run(self, run_id: str) -> Collection[str]:
        """Return the ids of the feeds that were polled in a run."""
        with self.database.reading() as connection:
            return workload.feeds_of_run(connection, run_id)

    def hourly(self, since: datetime, until: datetime) -> list[HourCount]:
        """Return outcomes by hour, stage and result, oldest first."""
        with self.database.reading() as connection:
            return workload.hourly(connection, since, until)

    def actions(self, *, limit: int) -> list[Action]:
        """Return what operators did to items, newest first."""
        with self.database.reading() as connection:
            return workload.recent_actions(connection, limit)

    def change_feed(
        self,
        feed_id: str,
        change: Callable[[FeedState], FeedState],
        *,
        actor: str,
        note: str,
        now: datetime,
    ) -> FeedState:
        """Save what `change` makes of a feed's state at that very moment, audited."""

        def work(connection: Connection) -> FeedState:
            after = change(feeds.fenced_state(connection, feed_id))
            feeds.override_feed(connection, after, actor=actor, note=note, now=now)
            return after

        return self.database.write(work)

    def replay_by(
        self, selector: ReplaySelector, *, actor: str, subject: str, now: datetime
    ) -> int:
        """Do `Ledger.replay` and keep who did it; return how many."""

        def work(connection: Connection) -> int:
            items = replays.replay(connection, selector, now, dry_run=False)
            workload.add_action(connection, Action(now, actor, REPLAY, subject, items))
            return items

        return self.database.write(work)
