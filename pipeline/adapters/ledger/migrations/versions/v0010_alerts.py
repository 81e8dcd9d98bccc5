"""Saved searches, and the stories that they found."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0010"
down_revision = "0009"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add alerts and their hits."""
    op.create_table(
        "alerts",
        sa.Column("alert_id", SafeText(), nullable=False),
        sa.Column("name", SafeText(), nullable=False),
        sa.Column("text", SafeText(), nullable=False),
        sa.Column("filters", SafeText(), nullable=False),
        sa.Column("webhook", SafeText(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("told_at", UtcTime()),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_name", "alerts", ["name"], unique=True)
    op.create_table(
        "alert_hits",
        sa.Column("hit_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("alert_id", SafeText(), nullable=False),
        sa.Column("story_id", SafeText(), nullable=False),
        sa.Column("article_id", SafeText(), nullable=False),
        sa.Column("title", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("outlet", SafeText(), nullable=False),
        sa.Column("published_at", SafeText()),
        sa.Column("matched", SafeText(), nullable=False),
        sa.Column("found_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime()),
        sa.Column("delivered_at", UtcTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failed_reason", SafeText()),
        sa.PrimaryKeyConstraint("hit_id", name="pk_alert_hits"),
    )
    op.create_index(
        "ix_alert_hits_alert_id_story_id", "alert_hits", ["alert_id", "story_id"], unique=True
    )
    op.create_index("ix_alert_hits_due_at", "alert_hits", ["due_at"])
