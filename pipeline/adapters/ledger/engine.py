"""Connections and transactions: SQLite and PostgreSQL behave alike from here on up.

SQLite: WAL, every commit on disk (synchronous=FULL), a write transaction takes the write lock at
its first statement (BEGIN IMMEDIATE), so that it never fails half-way for want of it.
PostgreSQL: READ COMMITTED; a transaction that lost a deadlock is run again.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from pipeline.errors import ConfigError, Fault, StoreUnavailable

T = TypeVar("T")
Row = Mapping[Any, Any]  # what SQLAlchemy gives: keys may also be columns

#: How long a writer waits for another process's short write before it gives up.
BUSY_TIMEOUT_S = 30.0
_WAL_RETRY_S = 0.01
#: SQLite takes 32,766 parameters in a statement; an IN list stays far below.
IN_LIST = 500
_DEADLOCK_TRIES = 3
_DEADLOCK_STATES = ("40001", "40P01")


def parse_url(url: str) -> URL:
    """Return the SQLAlchemy URL with the driver that we use. Raises ConfigError."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        problem = "is no database URL; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise ConfigError([Fault("settings", "ledger.url", problem)]) from None
    name = parsed.get_backend_name()
    if name in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if name == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    problem = f"{name!r} cannot hold a ledger; write sqlite:///FILE or postgresql://…"
    raise ConfigError([Fault("settings", "ledger.url", problem)])


def make_engine(url: URL) -> Engine:
    """Return the engine for a parsed URL; connects to nothing yet. Raises ConfigError."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError:
        problem = "needs the PostgreSQL driver: pip install 'newsline[postgres]'"
        raise ConfigError([Fault("settings", "ledger.url", problem)]) from None


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
    connection.isolation_level = None  # we say BEGIN ourselves, in _begin_sqlite
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite waits for nobody who does so at the same moment."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("newsline_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """One engine and its two kinds of transaction."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = make_engine(url)
        self.is_sqlite = url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """Open a transaction that only reads; with `snapshot` all its reads see one state.

        Raises StoreUnavailable.
        """
        options: dict[str, Any] = {}
        if snapshot and not self.is_sqlite:  # in SQLite every read transaction is a snapshot
            options["isolation_level"] = "REPEATABLE READ"
        try:
            with (
                self.engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as error:
            raise StoreUnavailable(f"the ledger cannot be read: {error.orig}") from error

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction: all of it is kept, or none. May run it again."""
        for tries in range(_DEADLOCK_TRIES):
            try:
                with (
                    self.engine.connect().execution_options(newsline_writes=True) as connection,
                    connection.begin(),
                ):
                    return work(connection)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state in _DEADLOCK_STATES and tries + 1 < _DEADLOCK_TRIES:
                    continue
                if isinstance(error, OperationalError):
                    raise StoreUnavailable(f"the ledger cannot be written: {error.orig}") from error
                raise
        raise AssertionError("unreachable: the last try returns or raises")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def database_now(connection: Connection) -> datetime:
    """Return the time by the database's clock: the one that leases go by."""
    if connection.dialect.name == "sqlite":
        text = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").scalar()
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def insert_new(table: Table, connection: Connection) -> Any:  # noqa: ANN401 - one of two Inserts
    """Return an INSERT that leaves rows alone whose key is there already."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    return module.insert(table).on_conflict_do_nothing()


def insert_or_replace(table: Table, connection: Connection, *, keep: Sequence[str] = ()) -> Any:  # noqa: ANN401 - one of two Inserts
    """Return an INSERT that overwrites a row with the same primary key but for columns `keep`."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = module.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in (*keys, *keep)
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


def insert_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same keys; none is fine."""
    if rows:
        connection.execute(sa.insert(table), list(rows))


def update_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Set every given column of the rows with the given primary keys; none is fine."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    names = [name for name in rows[0] if name not in keys]
    statement = (
        sa.update(table)
        .where(*(table.c[key] == sa.bindparam(f"its_{key}") for key in keys))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )
    connection.execute(
        statement,
        [
            {f"its_{key}": row[key] for key in keys} | {f"new_{name}": row[name] for name in names}
            for row in rows
        ],
    )


def chunks(items: Iterable[T], size: int = IN_LIST) -> Iterator[list[T]]:
    """Yield lists of at most `size` items, for IN lists."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def rows_by(
    connection: Connection,
    query: sa.Select[Any],
    column: sa.ColumnElement[Any],
    keys: Iterable[Any],
) -> list[dict[str, Any]]:
    """Return the rows of a query whose column is among the keys, asking for some at a time."""
    return [
        dict(row)
        for chunk in chunks(sorted(set(keys)))
        for row in connection.execute(query.where(column.in_(chunk))).mappings()
    ]
