"""What inspections found wrong, and for how long nobody wants to hear of it."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0005"
down_revision = "0004"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "closed_at IS NULL"


def upgrade() -> None:
    """Add findings and silences."""
    op.create_table(
        "findings",
        sa.Column("finding_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("key", SafeText(), nullable=False),
        sa.Column("kind", SafeText(), nullable=False),
        sa.Column("severity", SafeText(), nullable=False),
        sa.Column("feed_id", SafeText()),
        sa.Column("outlet", SafeText()),
        sa.Column("aspect", SafeText(), nullable=False),
        sa.Column("words", SafeText(), nullable=False),
        sa.Column("evidence", SafeText(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime()),
        sa.Column("told_at", UtcTime()),
        sa.Column("told_severity", SafeText()),
        sa.PrimaryKeyConstraint("finding_id", name="pk_findings"),
    )
    op.create_index(
        "ix_findings_open",
        "findings",
        ["key"],
        unique=True,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    )
    op.create_index("ix_findings_closed_at", "findings", ["closed_at"])
    op.create_table(
        "silences",
        sa.Column("silence_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", SafeText(), nullable=False),
        sa.Column("reason", SafeText(), nullable=False),
        sa.Column("kind", SafeText()),
        sa.Column("feed_id", SafeText()),
        sa.Column("outlet", SafeText()),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("silence_id", name="pk_silences"),
    )
    op.create_index("ix_silences_until", "silences", ["until"])
