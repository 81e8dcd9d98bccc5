"""The server over real doors, asked without a socket: a ledger, an embedded index, an archive."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from support_index import embedded
from support_ledger import NOW

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.config import Config
from pipeline.keys import KeyScope, digest_of, new_secret
from pipeline.serve.app import create_app
from pipeline.serve.serving import Serving

HERE = "http://localhost:8080"


@pytest.fixture
def serving(tmp_path):
    """Doors over an empty SQLite ledger and an empty index, open to this machine."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    index = embedded(tmp_path)
    yield Serving(
        config=Config(),
        clock=ScaledClock(NOW, 1e-9),
        ledger=ledger,
        index=index,
        archive=WarcArchive(tmp_path / "archive"),
        is_local=True,
    )
    index.close()
    ledger.close()


def with_settings(serving, **serve):
    """The same doors with other settings of [serve]."""
    config = serving.config.model_copy(
        update={"serve": serving.config.serve.model_copy(update=serve)}
    )
    return replace(serving, config=config)


def make_key(serving, *scopes, name="newsroom"):
    """Make a key and return its secret."""
    secret = new_secret()
    serving.ledger.add_key(name, scopes or (KeyScope.ADMIN,), digest_of(secret), serving.now())
    return secret


def client(serving, key=None, **headers):
    """Somebody who asks the server, with a key or without; follows no redirect by itself."""
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return TestClient(create_app(serving), base_url=HERE, headers=headers, follow_redirects=False)
