"""The first form of the ledger."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _runs()
    _feeds()
    _feed_overrides()
    _hosts()
    _entries()
    _sightings()
    _urls()
    _places()
    _pages()
    _articles()
    _revisions()
    _enrichments()
    _outcomes()
    _changes()
    _robots()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", SafeText(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime()),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )


def _feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("publisher", SafeText(), nullable=False),
        sa.Column("feed", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("host", SafeText(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("etag", SafeText()),
        sa.Column("last_modified", SafeText()),
        sa.Column("body_hash", SafeText()),
        sa.Column("content_hash", SafeText()),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("next_poll_at", UtcTime()),
        sa.Column("last_poll_at", UtcTime()),
        sa.Column("last_success_at", UtcTime()),
        sa.Column("last_new_at", UtcTime()),
        sa.Column("last_unconditional_at", UtcTime()),
        sa.Column("newest_entry_at", UtcTime()),
        sa.Column("last_reason", SafeText()),
        sa.Column("failures", sa.Float(), nullable=False),
        sa.Column("empty_streak", sa.Integer(), nullable=False),
        sa.Column("overlap", sa.Float()),
        sa.Column("overlap_streak", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("redirect_target", SafeText()),
        sa.Column("redirect_since", UtcTime()),
        sa.Column("gone_since", UtcTime()),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("paused_reason", SafeText()),
        sa.Column("health", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", name="pk_feeds"),
    )
    op.create_index("ix_feeds_host_next_poll_at", "feeds", ["host", "next_poll_at"])


def _feed_overrides() -> None:
    op.create_table(
        "feed_overrides",
        sa.Column("override_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", SafeText(), nullable=False),
        sa.Column("note", SafeText(), nullable=False),
        sa.Column("before", SafeText(), nullable=False),
        sa.Column("after", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("override_id", name="pk_feed_overrides"),
    )


def _hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("host", SafeText(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.Column("next_request_at", UtcTime()),
        sa.Column("lease_token", SafeText()),
        sa.Column("lease_expires_at", UtcTime()),
        sa.PrimaryKeyConstraint("host", name="pk_hosts"),
    )
    op.create_index("ix_hosts_next_request_at", "hosts", ["next_request_at"])


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("entry_key", SafeText(), nullable=False),
        sa.Column("url_id", SafeText()),
        sa.Column("content_hash", SafeText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("publisher", SafeText(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "entry_key", name="pk_entries"),
    )


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("sighting_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("entry_key", SafeText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("url_id", SafeText()),
        sa.Column("first", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("publisher", SafeText(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("drop_reason", SafeText()),
        sa.Column("entry", SafeText(), nullable=False),
        sa.Column("place_id", sa.BigInteger()),
        sa.Column("run_id", SafeText()),
        sa.PrimaryKeyConstraint("sighting_id", name="pk_sightings"),
    )
    op.create_index("ix_sightings_feed_id_url_id", "sightings", ["feed_id", "url_id"])
    op.create_index("ix_sightings_url_id", "sightings", ["url_id"])


def _urls() -> None:
    op.create_table(
        "urls",
        sa.Column("url_id", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("host", SafeText(), nullable=False),
        sa.Column("publisher", SafeText(), nullable=False),
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("status", SafeText(), nullable=False),
        sa.Column("reason", SafeText()),
        sa.Column("stage", SafeText()),
        sa.Column("due_at", UtcTime()),
        sa.Column("redo", SafeText()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", SafeText()),
        sa.Column("lease_expires_at", UtcTime()),
        sa.Column("article_id", SafeText()),
        sa.Column("page_id", sa.BigInteger()),
        sa.Column("revisits", sa.Integer(), nullable=False),
        sa.Column("gone_since", UtcTime()),
        sa.Column("retract", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("has_feed_text", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("failed_stage", SafeText()),
        sa.Column("failed_reason", SafeText()),
        sa.PrimaryKeyConstraint("url_id", name="pk_urls"),
    )
    op.create_index("ix_urls_article_id", "urls", ["article_id"])
    op.create_index(
        "ix_urls_failed_stage",
        "urls",
        ["failed_stage"],
        sqlite_where=sa.text("failed_stage IS NOT NULL"),
        postgresql_where=sa.text("failed_stage IS NOT NULL"),
    )
    op.create_index(
        "ix_urls_lease_token",
        "urls",
        ["lease_token"],
        sqlite_where=sa.text("lease_token IS NOT NULL"),
        postgresql_where=sa.text("lease_token IS NOT NULL"),
    )
    op.create_index("ix_urls_stage_due_at", "urls", ["stage", "due_at"])
    op.create_index(
        "ix_urls_stage_first_seen_at_article_id", "urls", ["stage", "first_seen_at", "article_id"]
    )
    op.create_index("ix_urls_stage_host_due_at", "urls", ["stage", "host", "due_at"])


def _places() -> None:
    op.create_table(
        "places",
        sa.Column("place_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("segment", SafeText(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sha256", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", name="pk_places"),
    )


def _pages() -> None:
    op.create_table(
        "pages",
        sa.Column("page_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("url_id", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("final_url", SafeText(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", SafeText(), nullable=False),
        sa.Column("fetched_at", UtcTime(), nullable=False),
        sa.Column("place_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("page_id", name="pk_pages"),
    )


def _articles() -> None:
    op.create_table(
        "articles",
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("url_id", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("publisher", SafeText(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("doc_version", sa.BigInteger(), nullable=False),
        sa.Column("indexed_version", sa.BigInteger()),
        sa.Column("revision_n", sa.Integer(), nullable=False),
        sa.Column("content_hash", SafeText()),
        sa.Column("fingerprint", SafeText()),
        sa.Column("grouped_fingerprint", SafeText()),
        sa.Column("duplicate_of", SafeText()),
        sa.Column("syndication_id", SafeText()),
        sa.PrimaryKeyConstraint("article_id", name="pk_articles"),
    )
    op.create_index("ix_articles_duplicate_of", "articles", ["duplicate_of"])
    op.create_index(
        "ix_articles_fingerprint_first_seen_at_article_id",
        "articles",
        ["fingerprint", "first_seen_at", "article_id"],
    )
    op.create_index("ix_articles_url_id", "articles", ["url_id"], unique=True)


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content_hash", SafeText(), nullable=False),
        sa.Column("extraction", SafeText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "n", name="pk_revisions"),
    )


def _enrichments() -> None:
    op.create_table(
        "enrichments",
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("versions", SafeText(), nullable=False),
        sa.Column("enrichment", SafeText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "n", name="pk_enrichments"),
    )


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("outcome_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("run_id", SafeText()),
        sa.Column("feed_id", SafeText()),
        sa.Column("url_id", SafeText()),
        sa.Column("stage", SafeText(), nullable=False),
        sa.Column("result", SafeText(), nullable=False),
        sa.Column("reason", SafeText()),
        sa.Column("detail", SafeText(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("page_id", sa.BigInteger()),
        sa.Column("counts", SafeText()),
        sa.PrimaryKeyConstraint("outcome_id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_feed_id_at", "outcomes", ["feed_id", "at"])
    op.create_index("ix_outcomes_run_id", "outcomes", ["run_id"])
    op.create_index("ix_outcomes_url_id", "outcomes", ["url_id"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("change_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("superseded", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("kind", SafeText(), nullable=False),
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("doc_version", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name="pk_changes"),
    )
    op.create_index("ix_changes_article_id_doc_version", "changes", ["article_id", "doc_version"])
    op.create_index("ix_changes_seq", "changes", ["seq"], unique=True)
    op.create_index(
        "ix_changes_unnumbered",
        "changes",
        ["change_id"],
        sqlite_where=sa.text("seq IS NULL AND NOT superseded"),
        postgresql_where=sa.text("seq IS NULL AND NOT superseded"),
    )


def _robots() -> None:
    op.create_table(
        "robots",
        sa.Column("origin", SafeText(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_robots"),
    )
