"""What the page of those who run the pipeline asks for: indexes, and a list of what they did."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0004"
down_revision = "0003"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DEAD = "failed_stage IS NOT NULL"


def upgrade() -> None:
    """Let hours, a feed's days, changes by hand and dead letters be looked up without a scan."""
    op.create_table(
        "actions",
        sa.Column("action_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", SafeText(), nullable=False),
        sa.Column("action", SafeText(), nullable=False),
        sa.Column("subject", SafeText(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", name="pk_actions"),
    )
    op.create_index(
        "ix_feed_overrides_feed_id_override_id", "feed_overrides", ["feed_id", "override_id"]
    )
    op.create_index(
        "ix_sightings_feed_id_seen_at_version", "sightings", ["feed_id", "seen_at", "version"]
    )
    op.create_index("ix_outcomes_at_stage_result", "outcomes", ["at", "stage", "result"])
    op.drop_index("ix_urls_failed_stage", "urls")
    op.create_index(
        "ix_urls_dead_letters",
        "urls",
        ["failed_stage", "failed_reason", "first_seen_at", "url_id"],
        sqlite_where=sa.text(_DEAD),
        postgresql_where=sa.text(_DEAD),
    )
