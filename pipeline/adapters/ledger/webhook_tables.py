"""The table of those to whom the change feed is pushed; see tables.py for all others."""

from sqlalchemy import BigInteger, Column, Integer, Table

from pipeline.adapters.ledger.columns import SafeText, UtcTime
from pipeline.adapters.ledger.tables import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("url", SafeText, nullable=False),
    Column("filters", SafeText, nullable=False),  # JSON
    Column("secret", SafeText, nullable=False),
    Column("log_id", SafeText),  # null: nothing was read yet
    Column("seq", BigInteger, nullable=False),
    Column("trimmed_seq", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("failed_reason", SafeText),
)
