"""The tables of API keys and sessions; see tables.py for all others."""

from sqlalchemy import BigInteger, Column, Index, Table, text

from pipeline.adapters.ledger.columns import SafeText, UtcTime
from pipeline.adapters.ledger.tables import metadata, serial

api_keys = Table(
    "api_keys",
    metadata,
    serial("key_id"),
    Column("name", SafeText, nullable=False),
    Column("scopes", SafeText, nullable=False),  # with a blank between
    Column("digest", SafeText, nullable=False),  # SHA-256 of the key, which is kept nowhere
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    Index(None, "digest", unique=True),
    Index(
        "ix_api_keys_living",
        "name",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", SafeText, primary_key=True),  # SHA-256 of what the cookie holds
    Column("key_id", BigInteger, nullable=False),
    Column("until", UtcTime, nullable=False),
    Index(None, "until"),
)
