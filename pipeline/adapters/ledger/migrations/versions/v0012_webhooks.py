"""Those to whom the change feed is pushed, and secrets to sign what is sent."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the receivers of the change feed, and a secret for each alert ("": not signed)."""
    op.create_table(
        "webhooks",
        sa.Column("name", SafeText(), nullable=False),
        sa.Column("url", SafeText(), nullable=False),
        sa.Column("filters", SafeText(), nullable=False),
        sa.Column("secret", SafeText(), nullable=False),
        sa.Column("log_id", SafeText()),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("trimmed_seq", sa.BigInteger()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("told_at", UtcTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failed_reason", SafeText()),
        sa.PrimaryKeyConstraint("name", name="pk_webhooks"),
    )
    op.add_column(
        "alerts", sa.Column("secret", SafeText(), nullable=False, server_default=sa.text("''"))
    )
