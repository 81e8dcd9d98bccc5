"""The change feed: what each version was about, which log it is, how far it was trimmed."""

import secrets

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what lines are narrowed by, null for those that there are, and the log's own row."""
    op.add_column("changes", sa.Column("about", SafeText()))
    log = op.create_table(
        "change_log",
        sa.Column("log_id", SafeText(), nullable=False),
        sa.Column("trimmed_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name="pk_change_log"),
    )
    op.bulk_insert(log, [{"log_id": secrets.token_hex(4), "trimmed_seq": 0}])
