"""The tables of the ledger. A change here needs a migration; a test holds the two together.

Append-only: sightings, outcomes, pages, places (but for where the bytes are), revisions, changes
(but for their number).
A `urls` row has two sides: its place in the books (status, reason) and its work (stage, due_at).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    false,
    text,
)

from pipeline.adapters.ledger.columns import SafeText, UtcTime

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

#: SQLite counts rows by itself only for a column of type INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")


def serial(name: str) -> Column[int]:
    """Return a key that the database counts up."""
    return Column(name, _Serial, primary_key=True, autoincrement=True)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False, server_default=false())


runs = Table(
    "runs",
    metadata,
    Column("run_id", SafeText, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
)

#: One column per field of work.FeedState; `feed` is the operator's Feed as JSON.
feeds = Table(
    "feeds",
    metadata,
    Column("feed_id", SafeText, primary_key=True),
    Column("publisher", SafeText, nullable=False),
    Column("feed", SafeText, nullable=False),
    Column("url", SafeText, nullable=False),
    Column("host", SafeText, nullable=False),
    _flag("configured"),
    Column("etag", SafeText),
    Column("last_modified", SafeText),
    Column("body_hash", SafeText),
    Column("content_hash", SafeText),
    Column("interval_s", Float, nullable=False),
    Column("next_poll_at", UtcTime),
    Column("last_poll_at", UtcTime),
    Column("last_success_at", UtcTime),
    Column("last_new_at", UtcTime),
    Column("last_unconditional_at", UtcTime),
    Column("newest_entry_at", UtcTime),
    Column("last_reason", SafeText),
    Column("failures", Float, nullable=False),
    Column("empty_streak", Integer, nullable=False),
    Column("overlap", Float),
    Column("overlap_streak", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("redirect_target", SafeText),
    Column("redirect_since", UtcTime),
    Column("gone_since", UtcTime),
    _flag("paused"),
    Column("paused_reason", SafeText),
    Column("health", SafeText, nullable=False),
    Column("merged_into", SafeText),  # feed_id of the feed that stands for this one
    Column("merged_at", UtcTime),
    Index(None, "host", "next_poll_at"),
)

#: What an operator changed by hand, or a merge by itself: the state before and after, as JSON.
feed_overrides = Table(
    "feed_overrides",
    metadata,
    serial("override_id"),
    Column("feed_id", SafeText, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("note", SafeText, nullable=False),
    Column("before", SafeText, nullable=False),
    Column("after", SafeText, nullable=False),
    Index(None, "feed_id", "override_id"),
)

#: What an operator did to more than one feed's settings, e.g. sent dead letters on their way again.
actions = Table(
    "actions",
    metadata,
    serial("action_id"),
    Column("at", UtcTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),  # which items, in words
    Column("items", Integer, nullable=False),  # how many there were
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", SafeText, primary_key=True),
    Column("crc32", BigInteger, nullable=False),  # of the name: which shard it falls to
    Column("next_request_at", UtcTime),
    Column("lease_token", SafeText),
    Column("lease_expires_at", UtcTime),
    Index(None, "next_request_at"),
)

#: The newest version of each thing that a feed lists.
entries = Table(
    "entries",
    metadata,
    Column("feed_id", SafeText, nullable=False),
    Column("entry_key", SafeText, nullable=False),
    Column("url_id", SafeText),  # null: no usable link
    Column("content_hash", SafeText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("publisher", SafeText, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("feed_id", "entry_key"),
)

sightings = Table(
    "sightings",
    metadata,
    serial("sighting_id"),
    Column("feed_id", SafeText, nullable=False),
    Column("entry_key", SafeText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("url_id", SafeText),
    _flag("first"),  # it was this sighting that discovered the URL
    Column("publisher", SafeText, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("drop_reason", SafeText),
    Column("entry", SafeText, nullable=False),  # model.Entry as JSON
    Column("place_id", BigInteger),  # the feed document
    Column("run_id", SafeText),
    Index(None, "url_id"),
    Index(None, "feed_id", "url_id"),
    Index(None, "feed_id", "seen_at", "version"),
)

urls = Table(
    "urls",
    metadata,
    Column("url_id", SafeText, primary_key=True),
    Column("url", SafeText, nullable=False),
    Column("host", SafeText, nullable=False),
    Column("publisher", SafeText, nullable=False),
    Column("feed_id", SafeText, nullable=False),  # of the first sighting
    Column("first_seen_at", UtcTime, nullable=False),
    Column("status", SafeText, nullable=False),
    Column("reason", SafeText),  # why it has this status, unless in flight or indexed
    Column("stage", SafeText),  # work to do; null: none
    Column("due_at", UtcTime),
    Column("redo", SafeText),  # stage to go back to when the present work is done
    Column("tries", Integer, nullable=False),
    Column("lease_token", SafeText),  # of a batch; pages are under their host's lease
    Column("lease_expires_at", UtcTime),
    Column("article_id", SafeText),  # of an alias: the other URL's article
    Column("page_id", BigInteger),  # newest page with a body; null: the feed's own text
    Column("revisits", Integer, nullable=False),
    Column("gone_since", UtcTime),
    _flag("retract"),  # the index is to take it out
    _flag("has_feed_text"),
    Column("failed_stage", SafeText),  # a dead letter: where it died …
    Column("failed_reason", SafeText),  # … and why
    Index(None, "stage", "host", "due_at"),
    Index(None, "stage", "first_seen_at", "article_id"),
    Index(None, "stage", "due_at"),
    Index(None, "article_id"),
    Index(
        None,
        "lease_token",
        sqlite_where=text("lease_token IS NOT NULL"),
        postgresql_where=text("lease_token IS NOT NULL"),
    ),
    Index(
        "ix_urls_dead_letters",
        "failed_stage",
        "failed_reason",
        "first_seen_at",
        "url_id",
        sqlite_where=text("failed_stage IS NOT NULL"),
        postgresql_where=text("failed_stage IS NOT NULL"),
    ),
)

#: Raw bytes in the archive: of pages and of feed documents.
places = Table(
    "places",
    metadata,
    serial("place_id"),
    Column("segment", SafeText, nullable=False),  # empty: the bytes were removed, see archived.py
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("sha256", SafeText, nullable=False),
    Index(None, "segment"),
)

pages = Table(
    "pages",
    metadata,
    serial("page_id"),
    Column("url_id", SafeText, nullable=False),
    Column("url", SafeText, nullable=False),
    Column("final_url", SafeText, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", SafeText, nullable=False),  # JSON list of pairs
    Column("fetched_at", UtcTime, nullable=False),
    Column("place_id", BigInteger),
    Index(None, "place_id"),
)

articles = Table(
    "articles",
    metadata,
    Column("article_id", SafeText, primary_key=True),
    Column("url_id", SafeText, nullable=False),  # the URL that owns it
    Column("url", SafeText, nullable=False),  # final address, without tracking parameters
    Column("publisher", SafeText, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("doc_version", BigInteger, nullable=False),
    Column("indexed_version", BigInteger),  # acknowledged by the index; null: not in it
    Column("revision_n", Integer, nullable=False),  # 0: none yet
    Column("content_hash", SafeText),  # of the newest revision
    Column("fingerprint", SafeText),  # of the newest enrichment
    Column("grouped_fingerprint", SafeText),  # the one by which it was grouped last
    Column("duplicate_of", SafeText),
    Column("syndication_id", SafeText),
    Column("story_id", SafeText),
    Column("grouped_by", SafeText),  # why these ids: field → model.Evidence, as JSON
    Index(None, "url_id", unique=True),
    Index(None, "fingerprint", "first_seen_at", "article_id"),
    Index(None, "duplicate_of"),
    Index(None, "syndication_id"),
    Index(None, "story_id"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("article_id", SafeText, nullable=False),
    Column("n", Integer, nullable=False),
    Column("content_hash", SafeText, nullable=False),
    Column("extraction", SafeText, nullable=False),  # model.Extraction as JSON
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("article_id", "n"),
)

#: What the enrichers say of a revision, newest versions only: it can always be made anew.
enrichments = Table(
    "enrichments",
    metadata,
    Column("article_id", SafeText, nullable=False),
    Column("n", Integer, nullable=False),
    Column("versions", SafeText, nullable=False),  # JSON, enricher → version
    Column("enrichment", SafeText, nullable=False),  # model.Enrichment as JSON
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("article_id", "n"),
)

outcomes = Table(
    "outcomes",
    metadata,
    serial("outcome_id"),
    Column("run_id", SafeText),
    Column("feed_id", SafeText),  # of a poll
    Column("url_id", SafeText),  # of every other stage
    Column("stage", SafeText, nullable=False),
    Column("result", SafeText, nullable=False),
    Column("reason", SafeText),
    Column("detail", SafeText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("page_id", BigInteger),
    Column("counts", SafeText),  # of a poll: PollResult.counts as JSON
    Column("feed_facts", SafeText),  # of a poll: what it left of the feed's state, as JSON
    Index(None, "url_id"),
    Index(None, "run_id"),
    Index(None, "feed_id", "at"),
    Index(None, "at", "stage", "result"),
)

#: Lines of the change log. `seq` is null until `number_changes`, and for ever when `superseded`.
changes = Table(
    "changes",
    metadata,
    serial("change_id"),
    Column("seq", BigInteger),
    _flag("superseded"),  # the article had a later version listed already
    Column("kind", SafeText, nullable=False),
    Column("article_id", SafeText, nullable=False),
    Column("doc_version", BigInteger, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("about", SafeText),  # JSON: what a feed is narrowed by; null in old lines
    Index(None, "seq", unique=True),
    Index(None, "article_id", "doc_version"),
    Index(
        "ix_changes_unnumbered",
        "change_id",
        sqlite_where=text("seq IS NULL AND NOT superseded"),
        postgresql_where=text("seq IS NULL AND NOT superseded"),
    ),
)

#: How far outcomes have been delivered elsewhere.
exports = Table(
    "exports",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("position", BigInteger, nullable=False),  # outcome_id of the last line delivered
)

#: What inspections found wrong, and when somebody was told.
findings = Table(
    "findings",
    metadata,
    serial("finding_id"),
    Column("key", SafeText, nullable=False),
    Column("kind", SafeText, nullable=False),
    Column("severity", SafeText, nullable=False),
    Column("feed_id", SafeText),
    Column("outlet", SafeText),
    Column("aspect", SafeText, nullable=False),
    Column("words", SafeText, nullable=False),
    Column("evidence", SafeText, nullable=False),  # JSON
    Column("opened_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),  # null: it is still so
    Column("told_at", UtcTime),
    Column("told_severity", SafeText),
    Index(
        "ix_findings_open",
        "key",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(None, "closed_at"),
)

#: Nobody is told of findings that a row covers, until it ends; a null covers any.
silences = Table(
    "silences",
    metadata,
    serial("silence_id"),
    Column("at", UtcTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("reason", SafeText, nullable=False),
    Column("kind", SafeText),
    Column("feed_id", SafeText),
    Column("outlet", SafeText),
    Column("until", UtcTime, nullable=False),
    Index(None, "until"),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", SafeText, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
)
