"""Near copies and stories: what they are found by, why they are what they are, what was merged."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0007"
down_revision = "0006"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add ids and reasons to articles, the two inverted indexes, and the merges of stories."""
    op.add_column("articles", sa.Column("story_id", SafeText()))
    op.add_column("articles", sa.Column("grouped_by", SafeText()))
    op.create_index("ix_articles_syndication_id", "articles", ["syndication_id"])
    op.create_index("ix_articles_story_id", "articles", ["story_id"])
    op.create_table(
        "sketches",
        sa.Column("number", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kept_at", UtcTime(), nullable=False),
        sa.Column("bands", SafeText(), nullable=False),
        sa.Column("terms", SafeText(), nullable=False),
        sa.Column("length", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_sketches"),
    )
    op.create_index("ix_sketches_article_id", "sketches", ["article_id"], unique=True)
    op.create_index("ix_sketches_kept_at", "sketches", ["kept_at"])
    op.create_table(
        "band_keys",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name="pk_band_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "story_terms",
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("term", "day", "number", name="pk_story_terms"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "term_counts",
        sa.Column("term", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term", name="pk_term_counts"),
    )
    op.create_table(
        "story_merges",
        sa.Column("merge_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("merged", SafeText(), nullable=False),
        sa.Column("into", SafeText(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("because_of", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name="pk_story_merges"),
    )
    op.create_index("ix_story_merges_merged", "story_merges", ["merged"])
