"""The table of tombstones of what was erased; see tables.py for all others."""

from sqlalchemy import Column, Table

from pipeline.adapters.ledger.columns import SafeText, UtcTime
from pipeline.adapters.ledger.tables import metadata

#: One row for every URL, kept for ever. The id is a hash: the address itself is not kept.
erasures = Table(
    "erasures",
    metadata,
    Column("url_id", SafeText, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("why", SafeText, nullable=False),
)
