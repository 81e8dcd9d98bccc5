"""One portable file that holds a whole ledger: gzip of one JSON value a line.

    {"newsline_ledger": 1, "revision": "0004"}
    {"table": "urls", "columns": ["url_id", …]}      then one list of values a row
    …
    {"rows": {"urls": 123, …}, "sha256": "…"}        over all lines before this one

Times are RFC 3339, bytes are base64. The same file restores into SQLite and PostgreSQL. What was
leased is free in it: whoever held it works on the other ledger.
"""

import base64
import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Table

from pipeline.adapters.ledger import leases
from pipeline.adapters.ledger.change_tables import change_log
from pipeline.adapters.ledger.changes import begin_log
from pipeline.adapters.ledger.columns import UtcTime
from pipeline.adapters.ledger.engine import Database, insert_all
from pipeline.adapters.ledger.maintenance import HEAD, revision
from pipeline.adapters.ledger.tables import metadata
from pipeline.errors import UsageError

FORMAT = 1
_BATCH = 500
_TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)

#: Told (table, rows so far) now and then.
Progress = Callable[[str, int], None]


def backup(database: Database, path: Path, *, progress: Progress) -> dict[str, int]:
    """Write all tables as they are at one moment; return table → rows.

    The file appears under its name when it is complete and on disk, or not at all.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with database.reading(snapshot=True) as connection, unfinished.open("wb") as file:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                counts = _write_all(connection, packed, progress)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return counts


def _write_all(connection: Connection, packed: gzip.GzipFile, progress: Progress) -> dict[str, int]:
    digest = hashlib.sha256()

    def put(value: object) -> None:
        line = orjson.dumps(value) + b"\n"
        digest.update(line)
        packed.write(line)

    put({"newsline_ledger": FORMAT, "revision": revision(connection)})
    counts: dict[str, int] = {}
    for table in _TABLES:
        name = str(table.name)
        put({"table": name, "columns": [str(column.name) for column in table.columns]})
        counts[name] = 0
        query = sa.select(table).execution_options(yield_per=_BATCH)
        with connection.execute(query) as rows:
            for batch in rows.partitions():
                for row in batch:
                    put([_portable(value) for value in row])
                counts[name] += len(batch)
                progress(name, counts[name])
    put({"rows": counts, "sha256": digest.hexdigest()})
    return counts


def _portable(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def restore(database: Database, path: Path, *, progress: Progress) -> dict[str, int]:
    """Fill an empty, upgraded ledger from a backup; return table → rows.

    All or nothing. Raises UsageError when the ledger is not empty, the file is of another form, or
    it is damaged.
    """

    def work(connection: Connection) -> dict[str, int]:
        _refuse_filled(connection)
        connection.execute(sa.delete(change_log))  # that of the backup comes
        try:
            with path.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
                counts = _read_all(connection, _Lines(packed, path), progress)
        except (EOFError, gzip.BadGzipFile, orjson.JSONDecodeError, OSError) as error:
            raise UsageError(f"{path} cannot be read as a backup: {error}") from None
        leases.release_all(connection)
        begin_log(connection)
        _continue_serials(connection)
        return counts

    return database.write(work)


class _Lines:
    """The lines of a backup, with a running checksum."""

    def __init__(self, packed: IO[bytes] | gzip.GzipFile, path: Path) -> None:
        self.path = path
        self.sha256 = ""
        self._packed = packed
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[Any]:
        for line in self._packed:
            self.sha256 = self._digest.hexdigest()  # of the lines before this one
            self._digest.update(line)
            yield orjson.loads(line)


def _refuse_filled(connection: Connection) -> None:
    for table in _TABLES:
        if table is change_log:
            continue  # it is never empty
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).scalar():
            raise UsageError(
                f"the ledger is not empty ({table.name} has rows); restore into a new one"
            )


def _read_all(connection: Connection, lines: _Lines, progress: Progress) -> dict[str, int]:
    rest = iter(lines)
    _check_head(next(rest, None), lines.path)
    counts: dict[str, int] = {}
    table: Table | None = None
    columns: list[str] = []
    batch: list[dict[str, Any]] = []

    def flush() -> None:
        if table is not None and batch:
            insert_all(connection, table, batch)
            counts[str(table.name)] += len(batch)
            progress(str(table.name), counts[table.name])
            batch.clear()

    for value in rest:
        if isinstance(value, list) and table is not None:
            batch.append(_row(table, columns, value))
            if len(batch) == _BATCH:
                flush()
            continue
        flush()
        if "rows" in value:
            if value != {"rows": counts, "sha256": lines.sha256}:
                raise UsageError(f"{lines.path} is damaged: its rows or checksum do not agree")
            return counts
        table, columns = metadata.tables[value["table"]], value["columns"]
        counts[value["table"]] = 0
    raise UsageError(f"{lines.path} is cut off: its last line is missing")


def _check_head(head: object, path: Path) -> None:
    if not isinstance(head, dict) or head.get("newsline_ledger") != FORMAT:
        raise UsageError(f"{path} is no backup of a ledger")
    if head["revision"] != HEAD:
        raise UsageError(
            f"{path} was made from a ledger of form {head['revision']}, this version needs {HEAD}:"
            " restore with the version that made it, then run `newsline ledger upgrade`"
        )


def _row(table: Table, columns: list[str], values: list[Any]) -> dict[str, Any]:
    return {
        name: _restored(table.c[name].type, value)
        for name, value in zip(columns, values, strict=True)
    }


def _restored(column_type: object, value: Any) -> Any:  # noqa: ANN401 - any column's
    if value is None:
        return None
    if isinstance(column_type, UtcTime):
        return datetime.fromisoformat(value)
    if isinstance(column_type, sa.LargeBinary):
        return base64.b64decode(value)
    return value


def _continue_serials(connection: Connection) -> None:
    """Let PostgreSQL count on after the rows that came with their numbers."""
    if connection.dialect.name == "sqlite":
        return
    for table in _TABLES:
        (key, *more) = table.primary_key
        if more or not isinstance(key.type, sa.BigInteger):
            continue
        newest = sa.select(sa.func.coalesce(sa.func.max(key), 0) + 1).scalar_subquery()
        serial = sa.func.pg_get_serial_sequence(table.name, key.name)
        connection.execute(sa.select(sa.func.setval(serial, newest, False)))
