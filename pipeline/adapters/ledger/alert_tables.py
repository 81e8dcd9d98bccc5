"""The tables of saved searches and their hits; see tables.py for all others."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, text

from pipeline.adapters.ledger.columns import SafeText, UtcTime
from pipeline.adapters.ledger.tables import metadata, serial

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", SafeText, primary_key=True),
    Column("name", SafeText, nullable=False),
    Column("text", SafeText, nullable=False),
    Column("filters", SafeText, nullable=False),  # JSON
    Column("webhook", SafeText, nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),  # matched up to this line of the change log
    Column("created_at", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("secret", SafeText, nullable=False, server_default=text("''")),
    Index(None, "name", unique=True),
)

alert_hits = Table(
    "alert_hits",
    metadata,
    serial("hit_id"),
    Column("alert_id", SafeText, nullable=False),
    Column("story_id", SafeText, nullable=False),
    Column("article_id", SafeText, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("url", SafeText, nullable=False),
    Column("outlet", SafeText, nullable=False),
    Column("published_at", SafeText),
    Column("matched", SafeText, nullable=False),  # JSON
    Column("found_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),  # null: told, or only in the feed
    Column("delivered_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("failed_reason", SafeText),
    Index(None, "alert_id", "story_id", unique=True),
    Index(None, "due_at"),
)
