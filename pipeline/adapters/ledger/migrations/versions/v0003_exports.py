"""What the dashboards of those who run the pipeline need."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Keep what each poll taught about its feed, and how far outcomes have been exported."""
    op.add_column("outcomes", sa.Column("feed_facts", SafeText()))
    op.create_table(
        "exports",
        sa.Column("name", SafeText(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_exports"),
    )
