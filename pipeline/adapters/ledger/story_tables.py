"""The tables by which copies and stories are found; see tables.py for all others."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, PrimaryKeyConstraint, Table

from pipeline.adapters.ledger.columns import SafeText, UtcTime
from pipeline.adapters.ledger.tables import metadata, serial

#: What articles that may still get copies or be told on are found by; forgotten after a week. The
#: number stands for the article in the two tables below, which hold some 60 rows each for it.
sketches = Table(
    "sketches",
    metadata,
    serial("number"),
    Column("article_id", SafeText, nullable=False),
    Column("at", UtcTime, nullable=False),  # when it was published, as far as that is known
    Column("kept_at", UtcTime, nullable=False),  # when it was grouped first
    Column("bands", SafeText, nullable=False),  # its keys in band_keys, as JSON
    Column("terms", SafeText, nullable=False),  # its terms in story_terms → weight, as JSON
    Column("length", Float, nullable=False),  # of the vector of its terms, as they weighed then
    Index(None, "article_id", unique=True),
    Index(None, "kept_at"),
)

band_keys = Table(
    "band_keys",
    metadata,
    Column("key", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("key", "number"),
    sqlite_with_rowid=False,
)

story_terms = Table(
    "story_terms",
    metadata,
    Column("term", Integer, nullable=False),  # 31 bits of a hash
    Column("day", Integer, nullable=False),  # of `at`, counted from 1970
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("term", "day", "number"),
    sqlite_with_rowid=False,
)

#: How many sketches have a term; term -1 counts all of them.
term_counts = Table(
    "term_counts",
    metadata,
    Column("term", Integer, primary_key=True, autoincrement=False),
    Column("articles", Integer, nullable=False),
)

#: Which story became part of which: who holds an old id finds here where it went.
story_merges = Table(
    "story_merges",
    metadata,
    serial("merge_id"),
    Column("at", UtcTime, nullable=False),
    Column("merged", SafeText, nullable=False),
    Column("into", SafeText, nullable=False),
    Column("articles", Integer, nullable=False),  # that moved
    Column("because_of", SafeText, nullable=False),  # the article that told both
    Index(None, "merged"),
)
