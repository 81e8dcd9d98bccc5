"""Who may use the server: API keys, and the sessions of browsers that were begun with one."""

import sqlalchemy as sa
from alembic import op

from pipeline.adapters.ledger.columns import SafeText, UtcTime

revision = "0008"
down_revision = "0007"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIVING = "revoked_at IS NULL"


def upgrade() -> None:
    """Add keys and sessions; of both only digests are kept."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", SafeText(), nullable=False),
        sa.Column("scopes", SafeText(), nullable=False),
        sa.Column("digest", SafeText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_used_at", UtcTime()),
        sa.Column("revoked_at", UtcTime()),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_digest", "api_keys", ["digest"], unique=True)
    op.create_index(
        "ix_api_keys_living",
        "api_keys",
        ["name"],
        unique=True,
        sqlite_where=sa.text(_LIVING),
        postgresql_where=sa.text(_LIVING),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", SafeText(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_until", "sessions", ["until"])
