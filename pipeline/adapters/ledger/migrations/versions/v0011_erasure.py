"""Tombstones of what was erased."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the tombstones."""
    op.create_table(
        "erasures",
        sa.Column("url_id", SafeText(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", SafeText(), nullable=False),
        sa.Column("why", SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("url_id", name="pk_erasures"),
    )
