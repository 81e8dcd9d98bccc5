"""The table of how far feeds' archives were read; see tables.py for all others."""

from sqlalchemy import Column, Table

from pipeline.adapters.ledger.columns import SafeText
from pipeline.adapters.ledger.tables import metadata

walks = Table(
    "walks",
    metadata,
    Column("subject", SafeText, primary_key=True),  # of the backfill that it is part of
    Column("feed_id", SafeText, primary_key=True),
    Column("queue", SafeText, nullable=False),  # JSON: addresses to ask next; none: it has ended
    Column("asked", SafeText, nullable=False),  # JSON: addresses that were read
)
