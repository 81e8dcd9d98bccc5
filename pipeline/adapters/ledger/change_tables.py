"""The table of the change log's own state; the lines are in tables.py."""

from sqlalchemy import BigInteger, Column, Table

from pipeline.adapters.ledger.columns import SafeText
from pipeline.adapters.ledger.tables import metadata

#: One row. A restored ledger gets another `log_id`: its numbers may have been given before.
change_log = Table(
    "change_log",
    metadata,
    Column("log_id", SafeText, primary_key=True),
    Column("trimmed_seq", BigInteger, nullable=False),
)
