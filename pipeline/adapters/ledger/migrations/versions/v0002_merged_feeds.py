"""Feeds that turned out to be another one."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Say of a feed which other one stands for it, and since when."""
    op.add_column("feeds", sa.Column("merged_into", SafeText()))
    op.add_column("feeds", sa.Column("merged_at", UtcTime()))
