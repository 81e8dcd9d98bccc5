"""What those who run the pipeline ask the ledger beside the balance: `Oversight` and its answers.

Every question is bounded: by a window of time, by the catalogue, or by a limit. None changes
anything but the one that says so.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from pipeline.model import Result, Stage, Status
from pipeline.work import FeedState, ReplaySelector


@dataclass(frozen=True, slots=True)
class Tally:
    """The ledger's own side of the balance, in numbers: what was sighted, and where it stands."""

    discovered: int  # URLs, counted over the sightings
    no_link: int  # entries without a usable link: sighted, no URL
    placed: Mapping[tuple[Status, str], int]  # (status, reason or "") → URLs


@dataclass(frozen=True, slots=True)
class Expected:
    """What the index should hold: how many documents in all, and which of those written last."""

    settled: int  # articles that it acknowledged, and that nothing is being done to
    unsettled: int  # articles that it may or may not hold at this moment
    newest: Mapping[str, int]  # article_id → doc_version that it acknowledged, of the last changes
    newest_gone: frozenset[str]  # articles of the last changes that it must not hold


@dataclass(frozen=True, slots=True)
class PollRecord:
    """How one poll of a feed ended."""

    at: datetime
    result: Result
    reason: str | None
    detail: str
    counts: Mapping[str, int] = field(default_factory=dict)  # as in PollResult.counts


@dataclass(frozen=True, slots=True)
class FailedPolls:
    """The failures of a feed since it last answered well."""

    times: int
    since: datetime  # the first of them
    last: PollRecord


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry that a feed listed for the first time, or with another text."""

    seen_at: datetime
    version: int  # 1: new
    title: str
    link: str | None
    status: Status | None  # of its URL; None: it has none
    reason: str | None
    drop_reason: str | None


@dataclass(frozen=True, slots=True)
class Delays:
    """How long articles took from first sight to the index, of those that got there in a window."""

    seconds: Sequence[float]
    complete: bool  # False: there were more; these are the newest


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one stage. Revisits of what is indexed are counted apart: nobody waits."""

    stage: Stage
    due: int
    #: Since when the oldest of what is due is due. Of what is for the index: since when it waits,
    #: however often the index was asked and did not take it.
    waits_since: datetime | None
    revisits_due: int
    later: int  # due at a later time: retries and revisits


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Dead letters that died of one thing at one stage."""

    stage: Stage
    reason: str
    urls: int
    oldest_seen_at: datetime  # first sight of the oldest of them
    newest_seen_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One URL that failed for good and waits for a replay."""

    url_id: str
    url: str
    publisher: str
    feed_id: str  # of the first sighting
    stage: Stage
    reason: str
    status: Status  # an article may be indexed, and only a later stage have failed
    first_seen_at: datetime
    died_at: datetime | None
    detail: str
    attempt: int


@dataclass(frozen=True, slots=True)
class HourCount:
    """Outcomes of one stage within one hour."""

    hour: datetime
    stage: Stage
    result: Result
    items: int


@dataclass(frozen=True, slots=True)
class Override:
    """Who changed a feed, and how it stood before and after."""

    override_id: int
    feed_id: str
    at: datetime
    actor: str
    note: str
    before: FeedState
    after: FeedState


@dataclass(frozen=True, slots=True)
class Action:
    """What an operator did to items, rather than to a feed."""

    at: datetime
    actor: str
    action: str
    subject: str  # which items, in words
    items: int


class Oversight(Protocol):
    """Questions of the ops page. A ledger in a database answers them."""

    def tally(self) -> Tally:
        """Return the ledger's own side of the balance, without any article's id."""
        ...

    def expected(self, *, newest: int) -> tuple[Tally, Expected]:
        """Return the tally, and beside it what the index should hold; `newest` bounds the ids."""
        ...

    def new_by_day(
        self, feed_ids: Collection[str], since: datetime
    ) -> Mapping[str, Mapping[date, int]]:
        """Return feed_id → UTC day → entries that it listed for the first time since a moment.

        An entry without a usable link counts too: the feed did bring it.
        """
        ...

    def feeds_of_run(self, run_id: str) -> Collection[str]:
        """Return the ids of the feeds that were polled in a run."""
        ...

    def polls(self, feed_id: str, *, limit: int) -> list[PollRecord]:
        """Return the last polls of a feed, newest first."""
        ...

    def failed_polls(self, feed_ids: Collection[str]) -> Mapping[str, FailedPolls]:
        """Return feed_id → failures since the last success, for those feeds that have any."""
        ...

    def listings(self, feed_id: str, *, limit: int) -> list[Listing]:
        """Return what a feed last listed as new or changed, newest first."""
        ...

    def delays(self, since: datetime, until: datetime, *, limit: int) -> Delays:
        """Return first sight → first acknowledged index write, for those written in a window."""
        ...

    def queues(self, now: datetime) -> list[Queue]:
        """Return what waits for each stage."""
        ...

    def waits_since(self, stage: Stage) -> datetime | None:
        """Return since when the oldest item has waited for a stage, due or not; None: none does.

        Failed tries do not make it younger: they put off when it is due.
        """
        ...

    def dead_groups(self) -> list[DeadGroup]:
        """Return the dead letters by stage and reason, most first."""
        ...

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
        ...

    def hourly(self, since: datetime, until: datetime) -> list[HourCount]:
        """Return outcomes by hour, stage and result, oldest first."""
        ...

    def overrides(self, feed_id: str | None = None, *, limit: int) -> list[Override]:
        """Return changes by hand (or merges) of a feed, or of all, newest first."""
        ...

    def actions(self, *, limit: int) -> list[Action]:
        """Return what operators did to items, newest first."""
        ...

    def addresses(self, article_ids: Collection[str]) -> Mapping[str, str]:
        """Return article_id → address of those articles that are known."""
        ...

    def change_feed(
        self,
        feed_id: str,
        change: Callable[[FeedState], FeedState],
        *,
        actor: str,
        note: str,
        now: datetime,
    ) -> FeedState:
        """Do `Ledger.override_feed` with what `change` makes of the state at that very moment.

        A poll that is under way is refused afterwards; one that was faster is seen by `change`.
        Raises UsageError for an unknown feed, and whatever `change` raises: nothing is kept then.
        """
        ...

    def replay_by(
        self, selector: ReplaySelector, *, actor: str, subject: str, now: datetime
    ) -> int:
        """Do `Ledger.replay` and keep who did it, in one transaction; return how many."""
        ...
