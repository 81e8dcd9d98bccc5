"""Records of work: what is due, who holds it, how it ended. Kept by the ledger.

A URL row has two independent sides. Its *place in the books* (`Status`) is what `newsline balance`
counts. Its *work* (a Stage and a time, or none) is what is still to be done: an article may be
INDEXED and at the same time due for a revisit (stage FETCH) or for a new enrichment (stage ENRICH).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model import (
    ArchivePlace,
    DateClaim,
    Enrichment,
    Entry,
    Evidence,
    Extraction,
    Feed,
    Result,
    Stage,
    Status,
)


@dataclass(frozen=True, slots=True)
class FeedState:
    """All that was learnt about one feed. `feed` is the operator's, the rest is ours."""

    feed: Feed
    url: str  # the address polled now: the configured one, or what a lasting redirect taught
    host: str  # of `url`; the key of its pace
    configured: bool = True  # False: taken out of the catalogue, so no longer polled
    etag: str | None = None  # verbatim
    last_modified: str | None = None  # verbatim
    body_hash: str | None = None  # sha256 of the last parsed body
    content_hash: str | None = None  # over its entries' hashes: equal when only clocks moved
    interval_s: float = 3600.0
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None  # when a poll last brought a new entry
    last_unconditional_at: datetime | None = None  # when a full body was last asked for
    newest_entry_at: datetime | None = None  # newest publication time seen in the feed
    last_reason: str | None = None  # why the last poll was not ok, else None
    failures: float = 0.0  # weighted, since the last success
    empty_streak: int = 0  # polls in a row that listed nothing
    overlap: float | None = None  # share of the last document's entries that were known before
    overlap_streak: int = 0  # polls in a row with full overlap
    gaps: int = 0  # times that two polls on time shared nothing: stories probably missed
    redirect_target: str | None = None  # where an all-permanent chain leads
    redirect_since: datetime | None = None  # since when it has been that same chain
    gone_since: datetime | None = None  # first of the 410 answers in a row
    paused: bool = False
    paused_reason: str | None = None
    merged_into: str | None = None  # feed_id: that feed is polled where this one has moved to
    merged_at: datetime | None = None
    health: str = "new"  # new | ok | empty | stale | failing | gone | paused | merged


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one item ended one stage, once. Append-only in the ledger."""

    stage: Stage
    result: Result
    at: datetime
    reason: str | None = None  # fixed slug; always set unless OK or UNCHANGED
    detail: str = ""  # for people; may hold text from outside
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class EntryDecision:
    """What to do with one entry of a poll. Known and equal entries have none: only `seen_keys`."""

    entry: Entry
    change: str  # "new" | "changed"
    version: int  # 1 for new, then counted up
    url_id: str | None  # None: the entry has no usable link, dropped(no_link)
    url: str | None  # to fetch: the link without tracking parameters
    host: str | None
    drop_reason: str | None = None  # e.g. "no_link", "bad_link"; the entry is counted, not fetched


@dataclass(frozen=True, slots=True)
class PollResult:
    """Everything one poll changes; committed in one transaction, validators with the entries."""

    state: FeedState  # after the poll, schedule and validators included
    outcome: Outcome
    decisions: tuple[EntryDecision, ...] = ()
    seen_keys: tuple[str, ...] = ()  # every key in the document: refreshes last_seen_at
    place: ArchivePlace | None = None  # of the feed document, if it held something new
    counts: Mapping[str, int] = field(default_factory=dict)  # listed, new, changed, known, dropped


@dataclass(frozen=True, slots=True)
class PageRecord:
    """The facts of one fetch that the ledger keeps; the bytes are in the archive."""

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    place: ArchivePlace | None  # None for a 304 or a failed fetch


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """What /robots.txt of one origin (scheme://host[:port]) said, and when."""

    origin: str
    status: int  # HTTP status; 0 when it could not be reached at all
    body: bytes  # first 500 KiB, "" unless 2xx
    fetched_at: datetime


#: A host that lets nobody in for longer than this (Retry-After) is not visited until then; a
#: shorter rest (its pace, Crawl-delay) is waited out with the lease in hand.
MAX_HOST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on something until `expires_at` (the database's clock)."""

    token: str
    expires_at: datetime
    host: str | None = None  # a host lease: everything due on that host is under it
    next_request_at: datetime | None = None  # host leases: not before this, by the host's pace


@dataclass(frozen=True, slots=True)
class DuePage:
    """A URL whose page is to be fetched now, under its host's lease."""

    url_id: str
    url: str
    feed_id: str | None  # of the first sighting
    publisher: str
    tries: int  # failed attempts since the last success
    article_id: str | None = None  # None until the first fetch
    revisits: int = 0  # how many revisits were done
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None  # of the last body fetched
    gone_since: datetime | None = None  # first of the 404/410 answers in a row
    status: Status = Status.IN_FLIGHT
    has_feed_text: bool = False  # an entry with content or summary text is known


@dataclass(frozen=True, slots=True)
class Revision:
    """One observed content of an article."""

    article_id: str
    n: int  # 1, 2, …
    content_hash: str
    extraction: Extraction
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry seen in a feed: the discovery record travels with the article for ever."""

    feed: Feed
    entry_key: str
    title: str
    link: str | None
    summary: str
    content: str
    published_at: DateClaim | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """An article that has much of its text in common with the one that is grouped."""

    article_id: str
    publisher: str
    first_seen_at: datetime
    containment: float  # share of the shorter text that is in the other, 0..1
    resemblance: float  # share of both texts that they have in common, 0..1
    published_at: datetime | None = None  # as the publisher claims
    wire: str | None = None  # news agency that its text credits
    syndication_id: str | None = None
    story_id: str | None = None


@dataclass(frozen=True, slots=True)
class Relative:
    """An article that may tell the same story as the one that is grouped."""

    article_id: str
    story_id: str
    closeness: float  # 0..1
    shared: tuple[str, ...] = ()  # terms that they have in common, heaviest first


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the ledger knows around an article, for the stage `group` to decide by."""

    copies: tuple[Copy, ...] = ()  # in order of first sight
    relatives: tuple[Relative, ...] = ()  # closest first
    sizes: Mapping[str, int] = field(default_factory=dict)  # story → its articles, without this one
    syndication_id: str | None = None  # of the article until now
    story_id: str | None = None  # of the article until now
    own_story: str = ""  # the id of a story that begins with it


@dataclass(frozen=True, slots=True)
class Move:
    """Articles whose group gets another id because of the article that is grouped."""

    field: str  # "syndication_id" | "story_id"
    into: str
    was: str | None  # the id that ends; None: `article_id` alone gets its first
    article_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the serial stage `group` decided for one article."""

    duplicate_of: str | None  # article_id of the same publisher's earlier copy
    syndication_id: str | None  # article_id of the first copy at any outlet; None when alone
    story_id: str | None = None  # article_id of the article that began the story; None: not told
    why: Mapping[str, Evidence] = field(default_factory=dict)  # field → what it was decided by
    moves: tuple[Move, ...] = ()  # decided with it; not kept
    recalled: tuple[str, ...] = ()  # later copies at the same publisher, to be grouped anew; same


@dataclass(frozen=True, slots=True)
class ArticleWork:
    """One article waiting for extract, enrich, group or index, with what that stage reads."""

    url_id: str
    article_id: str
    url: str  # final URL, without tracking parameters
    publisher: str
    tries: int
    status: Status
    first_seen_at: datetime
    doc_version: int
    page: PageRecord | None = None  # extract: the page to read; None: use the feed's own text
    revision: Revision | None = None  # newest; None before the first extract
    enrichment: Enrichment | None = None
    grouping: Grouping | None = None
    sightings: tuple[Sighting, ...] = ()  # oldest first
    revisits: int = 0  # how many revisits were done
    retract: bool = False  # index: take it out instead of writing it
    indexed_at: datetime | None = None  # what the index holds: when it took this version first


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one URL ended one stage and where it goes on. Committed under a lease."""

    url_id: str
    outcome: Outcome
    next_stage: Stage | None  # None: nothing more to do
    next_at: datetime | None  # not before; None with next_stage None
    status: Status | None = None  # new place in the books; None: stays where it is
    tries: int = 0  # failed attempts in a row of `next_stage`
    article_id: str | None = None  # fetch: who this URL turned out to be
    page: PageRecord | None = None  # fetch
    extraction: Extraction | None = None  # extract: becomes a Revision if its text is new
    enrichment: Enrichment | None = None  # enrich
    grouping: Grouping | None = None  # group
    indexed_version: int | None = None  # index: what the index acknowledged
    about: Mapping[str, tuple[str, ...]] | None = None  # index: what a change feed narrows by
    gone_since: datetime | None = None  # fetch: 404/410 seen since; None clears it
    revisits: int | None = None  # fetch: new count of revisits
    retract: bool = False  # fetch: the article is to be taken out of the index


#: Says what becomes of an article, given what is around it. Pure: it may be asked again.
Decide = Callable[[ArticleWork, Neighbours], StepResult]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which URLs a question is about. Empty: all."""

    feed_id: str | None = None
    publisher: str | None = None
    day: str | None = None  # YYYY-MM-DD of first sight, UTC
    since: datetime | None = None  # first seen at or after
    until: datetime | None = None  # first seen before
    run_id: str | None = None  # a run listed it as new or changed, or worked on it


@dataclass(frozen=True, slots=True)
class Books:
    """The ledger's side of the balance, each term counted from its own table.

    `discovered` comes from the append-only sightings; the statuses from the URL rows.
    The ids let the caller hold both against what the index itself contains.
    """

    discovered: int
    no_link: int  # entries without a usable link: sighted, no URL
    by_status: Mapping[Status, int]
    dropped_by_reason: Mapping[str, int]
    dead_by_reason: Mapping[str, int]  # "stage:reason" → count
    in_flight_by_stage: Mapping[str, int]
    indexed: Mapping[str, int]  # article_id → doc_version that the index acknowledged
    in_flight: frozenset[str]  # article ids that the index may or may not hold yet
    elsewhere: frozenset[str] | None = None  # ids it must not hold; None: all others (no scope)
    unchanged: frozenset[str] = frozenset()  # of a run: ids that it found as they were


@dataclass(frozen=True, slots=True)
class LifeLine:
    """One step in the life of a URL, for `newsline where`."""

    at: datetime
    stage: str  # a Stage, or "sighting", "change", "feed" (one that listed it was merged)
    result: str
    reason: str | None
    detail: str
    place: ArchivePlace | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a URL stands now, for `newsline where`."""

    url_id: str
    url: str
    article_id: str | None
    status: Status
    reason: str | None
    stage: Stage | None  # work waiting
    due_at: datetime | None
    doc_version: int | None
    alias_of: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class ReplaySelector:
    """Which URLs to send through a stage again."""

    stage: Stage | None = None  # None: the stage at which each one died
    dead_only: bool = True
    feed_id: str | None = None
    publisher: str | None = None
    reason: str | None = None
    since: datetime | None = None  # first seen at or after
    until: datetime | None = None
    died_at: Stage | None = None  # dead letters of this stage
    url_id: str | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """A stage to go through again for a part of the past; what was done already is left out."""

    stage: Stage
    feed_id: str | None = None
    publisher: str | None = None
    reason: str | None = None
    since: datetime | None = None  # first seen at or after
    until: datetime | None = None  # first seen before

    @property
    def selector(self) -> ReplaySelector:
        """Return which URLs it is about."""
        return ReplaySelector(
            self.stage,
            dead_only=False,
            feed_id=self.feed_id,
            publisher=self.publisher,
            reason=self.reason,
            since=self.since,
            until=self.until,
        )

    @property
    def subject(self) -> str:
        """Return the same in words: by them it is known again when it is resumed."""
        given = {
            "feed": self.feed_id,
            "outlet": self.publisher,
            "reason": self.reason,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
        }
        chosen = [f"{name} {value}" for name, value in given.items() if value is not None]
        return ", ".join([f"stage {self.stage}", *chosen])
