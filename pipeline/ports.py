"""The doors to the world: Clock, Fetcher, Archive, Ledger, Index, EventSink, Workers.

Everything above `adapters/` speaks to these protocols only. Each has a contract test suite in
tests/contract/ that every implementation passes.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pipeline.index.event import Event, RecordedOutcome
from pipeline.index.query import Query, SearchPage
from pipeline.model import ArchivePlace, Change, Document, Page, Stage
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


class Clock(Protocol):
    """The time by which work is due. Leases do not use it: they go by the database's clock."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for a span of this clock's time."""
        ...


class FetchKind(StrEnum):
    """What is fetched decides Accept header and limits."""

    FEED = "feed"
    PAGE = "page"
    ROBOTS = "robots"


#: Asked before each request of a redirect chain that goes to another host than the last one;
#: waits for that host's pace, or raises Transient("host_busy") when somebody else holds it.
HostGate = Callable[[str], Awaitable[None]]


class Fetcher(Protocol):
    """The one way out to the network. Every request passes the address guard."""

    async def get(
        self,
        url: str,
        kind: FetchKind,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        gate: HostGate | None = None,
    ) -> Page:
        """Fetch one URL, following redirects within the limits.

        Any HTTP status is a Page, 304 and 5xx too. Raises Transient or Permanent with a reason of
        pipeline/fetch/reasons.py when there is no usable response (DNS, TLS, limits, guard).
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class Archive(Protocol):
    """Raw bytes of every exchange, as WARC."""

    def append(self, page: Page) -> ArchivePlace:
        """Write request and response; durable only after the next `flush`."""
        ...

    def flush(self) -> None:
        """Make everything appended so far durable. Called before the ledger row is committed."""
        ...

    def read(self, place: ArchivePlace) -> Page:
        """Read one exchange back. Raises Permanent("archive_missing" | "archive_corrupt")."""
        ...

    def close(self) -> None:
        """Close the open segment."""
        ...


class Ledger(Protocol):
    """The durable record of everything discovered and of how it ended."""

    def close(self) -> None:
        """Release connections and locks."""
        ...

    # ── runs and catalogue ────────────────────────────────────────────────────────────────────
    def start_run(self, now: datetime) -> str:
        """Open a run and return its id; outcomes committed afterwards carry it."""
        ...

    def join_run(self, run_id: str) -> None:
        """Let outcomes committed afterwards carry a run that another process has opened."""
        ...

    def finish_run(self, run_id: str, now: datetime) -> None:
        """Close a run."""
        ...

    def run_counts(self, run_id: str) -> Mapping[tuple[str, str, str], int]:
        """Return (stage, result, reason or "") → outcomes recorded by a run."""
        ...

    def sync_feeds(self, states: Sequence[FeedState]) -> None:
        """Make the catalogue the given one.

        A feed seen for the first time is inserted as given. For a known one only the operator's
        side (`feed`) changes; if its configured URL changed, `url`, `host`, validators and learnt
        redirects are reset too. Feeds not given are marked `configured=False`, nothing is deleted.
        A merge ends (audited) when either feed is taken out or is given another address.
        """
        ...

    def feed_states(self, feed_ids: Collection[str] | None = None) -> list[FeedState]:
        """Return the state of all feeds (or of those named), ordered by feed_id."""
        ...

    def override_feed(self, state: FeedState, *, actor: str, note: str, now: datetime) -> None:
        """Save an operator's change to a feed (paused, url, next_poll_at), audited."""
        ...

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
        """Lease up to `limit` hosts that have a feed (POLL) or a page (FETCH) due at `now`.

        Hosts whose pace allows a request soonest come first. `shard` (i, n) takes only hosts with
        crc32(host) % n == i. A host is held by one lease at a time, whatever the stage.
        """
        ...

    def lease_host(self, host: str, *, lease_s: float) -> Lease | None:
        """Lease one host by name (a redirect leads there), or None if somebody holds it."""
        ...

    def renew(self, lease: Lease, *, lease_s: float) -> Lease:
        """Extend a lease. Raises LeaseLost."""
        ...

    def release(self, lease: Lease, *, next_request_at: datetime | None = None) -> None:
        """Give a lease back, with the host's pace. A lost lease is ignored."""
        ...

    def due_feeds(self, lease: Lease, now: datetime) -> list[FeedState]:
        """Return the feeds due on a leased host, most overdue first."""
        ...

    def due_pages(self, lease: Lease, now: datetime, *, limit: int) -> list[DuePage]:
        """Return the pages due on a leased host, oldest due first."""
        ...

    def lease_articles(
        self, stage: Stage, now: datetime, *, limit: int, lease_s: float
    ) -> tuple[Lease, list[ArticleWork]]:
        """Lease articles waiting for EXTRACT, ENRICH, GROUP or INDEX, in order of first sight.

        Order is (first_seen_at, article_id). One token covers the whole batch.
        """
        ...

    # ── results ───────────────────────────────────────────────────────────────────────────────
    def known_entries(self, feed_id: str, keys: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """Return key → (content_hash, version) of those entries that the feed listed before."""
        ...

    def commit_poll(self, lease: Lease, result: PollResult) -> PollResult:
        """Write entries, sightings, URLs, outcome, state and validators, all or nothing.

        Raises LeaseLost. A URL already known gets the sighting only; a changed entry of an
        INDEXED or DROPPED one makes its page due now. A feed that has moved to where another one
        is polled is merged into that one, audited: the result is returned as it was kept.
        """
        ...

    def commit(self, lease: Lease, results: Sequence[StepResult]) -> list[str]:
        """Write results in one transaction and return the url_ids that were refused (lease lost).

        A host lease covers every URL on the host; a batch lease the rows it leased. Rules that
        belong to the ledger because they need its rows: an `article_id` owned by another URL makes
        this one an ALIAS; an extraction whose text equals the newest revision's, by the same
        version of the extractor, adds none (and ends UNCHANGED); revision, enrichment, grouping,
        retraction each raise `doc_version` by one when they change something; an acknowledged
        index write adds an unnumbered change.
        """
        ...

    def group(
        self, lease: Lease, works: Sequence[ArticleWork], decide: Decide, now: datetime
    ) -> tuple[list[StepResult], list[str]]:
        """Decide and write the groups of articles, one after the other, in one transaction.

        Each decision sees what those before it have changed, and is committed by the rules of
        `commit`; returns the results and the url_ids that were refused. Articles whose group is
        merged into another get a new doc_version and become due for INDEX.
        """
        ...

    # ── robots ────────────────────────────────────────────────────────────────────────────────
    def find_robots(self, origin: str) -> RobotsCopy | None:
        """Return the last copy of an origin's robots.txt."""
        ...

    def save_robots(self, copy: RobotsCopy) -> None:
        """Keep a copy of robots.txt."""
        ...

    # ── questions ─────────────────────────────────────────────────────────────────────────────
    def next_due_at(self, stage: Stage) -> datetime | None:
        """Return when the next item of a stage falls due (the past: it is due), None: none."""
        ...

    def due_by_shard(self, now: datetime, *, shards: int) -> Mapping[int, int]:
        """Return shard → hosts in it that could be visited now for a feed or a page."""
        ...

    def leased(self, stage: Stage) -> frozenset[str]:
        """Return the tokens of leases that articles waiting for a stage are under now."""
        ...

    def waiting(self, stage: Stage) -> int:
        """Return how many items wait for a stage, due or not."""
        ...

    def books(self, scope: Scope) -> Books:
        """Return the ledger's side of the balance."""
        ...

    def where(self, url: str) -> tuple[Position, list[LifeLine]] | None:
        """Return where a URL stands and its life, oldest first; None: never seen."""
        ...

    def find_place(self, url_id: str) -> ArchivePlace | None:
        """Return where in the archive the newest page of a URL is at this moment."""
        ...

    def replay(self, selector: ReplaySelector, now: datetime, *, dry_run: bool = False) -> int:
        """Make the selected URLs due again; return how many."""
        ...

    def number_changes(self) -> int:
        """Give a sequence number to committed changes, in order; return how many were numbered."""
        ...

    def changes_after(self, seq: int, *, limit: int) -> list[Change]:
        """Return numbered changes with a greater sequence, in order."""
        ...

    def outcomes_after(self, position: int, *, limit: int) -> list[RecordedOutcome]:
        """Return outcomes with a greater number, in order, but only settled ones.

        No line with a number up to that of the last one returned can appear later. Fewer than
        `limit` may come although there are more: ask again.
        """
        ...

    def export_position(self, name: str) -> int:
        """Return the number of the last outcome that an export has delivered, 0: none yet."""
        ...

    def advance_export(self, name: str, position: int) -> None:
        """Note how far an export has come; never backwards, whoever else does the same."""
        ...

    def all_indexed(self, *, batch: int = 500) -> Iterable[list[ArticleWork]]:
        """Yield every article that belongs in the index, for a rebuild; in order of article_id."""
        ...

    def indexed(self, article_ids: Collection[str]) -> list[ArticleWork]:
        """Return those of some articles that belong in the index, as `all_indexed` has them."""
        ...

    def all_gone(self, *, batch: int = 5_000) -> Iterable[list[tuple[str, int]]]:
        """Yield (article_id, doc_version) of what was retracted or erased: it must stay out."""
        ...


class IndexResult(StrEnum):
    """What the index said about one item."""

    OK = "ok"
    NEWER = "newer"  # it already holds this version or a later one
    RETRY = "retry"
    FAILED = "failed"  # the index failed at this document, again and again, and took others
    REFUSED = "refused"  # this document will never be accepted


class IndexReader(Protocol):
    """The reading side of an index."""

    def versions(self) -> Iterable[tuple[str, int]]:
        """Yield (article_id, doc_version) of every document that a search can find."""
        ...

    def find(self, article_id: str) -> Document | None:
        """Return one document as it was written."""
        ...

    def read(self, article_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return article_id → document for those of some that are there, as they were written."""
        ...

    def search(self, query: Query) -> SearchPage:
        """Answer a query. Raises UsageError for one that cannot be answered within bounds."""
        ...

    def describe(self) -> Mapping[str, object]:
        """Return facts about the index for `newsline index status`, in words and numbers."""
        ...


class Index(IndexReader, Protocol):
    """The searchable view. Disposable: `newsline index rebuild` makes it anew from the ledger."""

    def write(
        self,
        documents: Sequence[Document],
        retractions: Sequence[tuple[str, int]],
        *,
        replace_equal: bool = False,
        indexed_at: Mapping[str, datetime] | None = None,
    ) -> Mapping[str, tuple[IndexResult, str]]:
        """Write documents and take out (article_id, doc_version); durable when this returns.

        What is held in the same or a later version stays (NEWER); with `replace_equal`, for
        repairs, only what is held in a later one. `indexed_at` is article_id → when this version
        was indexed first, for what is written again; the others are taken to be written now.

        Returns article_id → (result, detail) for every item given. An id without an answer was
        not acknowledged; callers treat it as RETRY. Raises IndexUnavailable or AccessDenied when
        nothing at all could be written.
        """
        ...

    def start_rebuild(self) -> "Index":
        """Return a fresh, empty index to fill beside this one."""
        ...

    def finish_rebuild(self, rebuilt: "Index") -> None:
        """Make the rebuilt index the one that serves, in one step."""
        ...

    def close(self) -> None:
        """Release locks and files."""
        ...


class EventSink(Protocol):
    """Where the pipeline's own events go for its operators' dashboards."""

    def write(self, events: Sequence[Event]) -> Mapping[str, tuple[IndexResult, str]]:
        """Write events, each once; return event_id → (result, detail). Raises as an index does."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...


class Workers(Protocol):
    """A pool of killable processes for hostile bytes, with CPU, memory and wall limits per item."""

    async def run(self, task: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - tasks differ
        """Run a named task of pipeline/tasks.py.

        Raises Permanent("parser_timeout" | "parser_memory" | "parser_crash") when the item killed
        its worker; ItemErrors that the task raises come through, and a ConfigError.
        """
        ...

    def close(self) -> None:
        """End the processes."""
        ...
