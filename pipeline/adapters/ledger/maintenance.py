"""Brings a ledger's tables to the form that this version of Newsline works with."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import Database
from pipeline.errors import ConfigError, Fault

#: The newest file in migrations/versions; a test holds the two together.
HEAD = "0013"
_SCRIPTS = Path(__file__).parent / "migrations"
#: PostgreSQL advisory lock: two that upgrade at once do it one after the other.
_UPGRADE_LOCK = 0x6E6C_0003


def revision(connection: Connection) -> str | None:
    """Return the form that the tables have; None: there are none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def upgrade(database: Database) -> bool:
    """Bring the tables up to date in one transaction; tell whether that changed anything."""

    def work(connection: Connection) -> bool:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        if revision(connection) == HEAD:
            return False
        _refuse_newer(database, revision(connection))
        config = AlembicConfig()
        config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
        return True

    return database.write(work)


def ensure_current(database: Database) -> None:
    """Make sure that the tables fit: SQLite is upgraded by itself, PostgreSQL by its operator."""
    with database.reading() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    _refuse_newer(database, found)
    if database.is_sqlite:
        upgrade(database)
        return
    state = "is empty" if found is None else f"has the form {found}, this version needs {HEAD}"
    raise _fault(database, f"{state}; run `newsline ledger upgrade`")


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found > HEAD:
        raise _fault(
            database,
            f"has the form {found}, made by a newer Newsline; this one knows up to {HEAD}",
        )


def _fault(database: Database, problem: str) -> ConfigError:
    where = database.url.render_as_string(hide_password=True)
    return ConfigError([Fault("settings", "ledger.url", f"the ledger {where} {problem}")])
