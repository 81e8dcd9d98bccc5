"""The ledger in a database: SQLite on a laptop, PostgreSQL for many workers.

tables.py, columns.py       what is kept, and column types that mean the same on both
engine.py                   connections, transactions, the database's clock
leases.py                   who may work on what
feeds.py, polls.py          the catalogue; what one poll leaves behind
merges.py                   feeds that turn out to be one
reading.py                  what the stages are given
commits.py, steps.py        results written in one transaction; the rules they follow
copies.py, changes.py       duplicates grouped anew; the change log
grouping.py, neighbours.py  articles grouped one by one; what each is compared with
sketches.py, moves.py       what articles are found by; groups that become one
exports.py                  outcomes for those who follow them from outside
bookkeeping.py, questions.py, replays.py
archived.py                 what of the archive stays, and where it is now
oversight.py                what those who run the pipeline ask: feed_history.py, workload.py,
                            dead_letters.py
histories.py                what readers ask about the past of an article or a story
keys.py                     API keys and sessions (tables: key_tables.py)
maintenance.py, backups.py, migrations/
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError, OperationalError

from pipeline.adapters.ledger.engine import Database, parse_url
from pipeline.adapters.ledger.maintenance import ensure_current
from pipeline.adapters.ledger.sql_ledger import SqlLedger
from pipeline.errors import ConfigError, Fault, StoreUnavailable

__all__ = ["SqlLedger", "open_ledger", "opened"]

_AWAY = (DatabaseError, OperationalError)
#: What a PostgreSQL server says, after FATAL, of a state that ends by itself.
_PASSING = ("starting up", "shutting down", "recovery", "too many", "remaining connection slots")


def open_ledger(url: str, *, create: bool = True) -> SqlLedger:
    """Open the ledger at a SQLAlchemy URL (sqlite:///FILE or postgresql://…).

    A SQLite file is made when missing (unless `create` is False) and brought up to date by itself.
    Raises ConfigError when there is none or its form does not fit, StoreUnavailable when its
    server does not answer.
    """
    database = _connect(url, create=create)
    try:
        with _explained(database):
            ensure_current(database)
    except (ConfigError, StoreUnavailable):
        database.close()
        raise
    return SqlLedger(database)


@contextmanager
def opened(url: str, *, create: bool = True) -> Iterator[Database]:
    """Give the database at a URL, whatever form its tables have. Raises ConfigError."""
    database = _connect(url, create=create)
    try:
        with _explained(database):
            yield database
    finally:
        database.close()


def _connect(url: str, *, create: bool) -> Database:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        if not path.parent.is_dir() or not (create or path.is_file()):
            problem = f"there is no ledger at {path}; `newsline run` makes one"
            raise ConfigError([Fault("settings", "ledger.url", problem)])
    return Database(parsed)


@contextmanager
def _explained(database: Database) -> Iterator[None]:
    """Turn what a database says when it cannot be used into one line for the operator."""
    try:
        yield
    except (DatabaseError, StoreUnavailable) as raised:
        error = raised.__cause__ if isinstance(raised, StoreUnavailable) else raised
        if not isinstance(error, DatabaseError) or type(error) not in _AWAY:
            raise  # a wrong statement or value: a bug, not a database that is away
        where = database.url.render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0]
        problem = f"{where} cannot be used: {reason}"
        if not database.is_sqlite and isinstance(error, OperationalError) and _may_pass(reason):
            raise StoreUnavailable(f"the ledger {problem}") from None
        raise ConfigError([Fault("settings", "ledger.url", problem)]) from None


def _may_pass(reason: str) -> bool:
    """Tell a server that is away from one that knows no such database, user or password."""
    return "FATAL" not in reason or any(words in reason for words in _PASSING)
