"""How far feeds' archives were read, for backfills that go on where they ended."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the walks of backfills."""
    op.create_table(
        "walks",
        sa.Column("subject", SafeText(), nullable=False),
        sa.Column("feed_id", SafeText(), nullable=False),
        sa.Column("queue", SafeText(), nullable=False),
        sa.Column("asked", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "feed_id", name="pk_walks"),
    )
