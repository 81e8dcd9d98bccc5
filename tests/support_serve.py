"""The server over real doors, asked without a socket: a ledger and an index."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
import uvicorn
from starlette.testclient import TestClient
from support_index import ENGINES, ROOT, SAFE_ZONE, article
from support_ledger import (
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    enriched,
    extracted,
    failed,
    fetched,
    grouped,
    indexed,
    publish,
    retract,
    works,
)

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.config import Config
from pipeline.enrich.gazetteer_files import load_gazetteer
from pipeline.index.document import build_document
from pipeline.keys import KeyScope, digest_of, new_secret
from pipeline.model import Stage
from pipeline.serve.app import create_app
from pipeline.serve.serving import Serving
from pipeline.urls import article_id

HERE = "http://localhost:8080"


@contextmanager
def served(folder, engine="embedded"):
    """Doors over an empty SQLite ledger and an empty index of some kind, open to this machine."""
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    index = ENGINES[engine](folder)
    yield Serving(
        config=Config(),
        clock=ScaledClock(NOW, 1e-9),
        ledger=ledger,
        index=index,
        is_local=True,
        names=known_names,
    )
    index.close()
    ledger.close()


@cache
def known_names():
    """The lists of the checkout."""
    return load_gazetteer(ROOT / "config" / "gazetteer")


@pytest.fixture
def serving(tmp_path):
    """The same over the embedded index."""
    with served(tmp_path) as doors:
        yield doors


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


#: Of the articles that `fill` makes: one with two revisions, its copy elsewhere, one taken back.
PATROL, COPY, GONE = (f"https://herald.example/{name}" for name in ("patrol", "copy", "gone"))
DEAD = "https://herald.example/dead"
LATER = NOW + timedelta(hours=2)
STORY = [
    article("shoal-1", "Ban Ki-moon visits the safe zone", "Patrols began in the safe zone.",
            people=("Ban Ki-moon",), places=("Syria",), topics=(SAFE_ZONE,)),
    article("shoal-2", "=HYPERLINK(“x”)", "Another plain text about the harbour.", day="2019-09-11",
            language="tr", outlet="courier", people=("Ban Ki-moon", "Angela Merkel")),
    article("shoal-3", "Hafen gesperrt", "Der Hafen ist gesperrt.", day="2019-09-12",
            language="de", outlet="courier", authors=("Ada", "Bo")),
]  # fmt: skip


def fill(serving):
    """Put articles into ledger and index, as a trip would."""
    ledger = serving.ledger
    ledger.start_run(NOW)
    publish(ledger, PATROL, text="Two armies agreed on patrols.\n\nNobody was hurt.")
    publish(ledger, COPY, text="Another text altogether.", at=NOW)
    publish(ledger, GONE, text="A text that was a mistake.", at=NOW)
    revise(ledger, PATROL, "Two armies agreed on joint patrols.\n\nNobody was hurt.")
    retract(ledger, GONE, LATER)
    bring_to(ledger, DEAD, Stage.EXTRACT, text="never read")
    commit_step(ledger, Stage.EXTRACT, failed(DEAD, Stage.EXTRACT, "parser_timeout"))
    kept = [build_document(work) for works in ledger.all_indexed() for work in works]
    serving.index.write([*kept, *STORY], [])
    return serving


def revise(ledger, url, text, at=LATER):
    """Let a revisit find another text, and index it."""
    commit_fetch(ledger, fetched(url, at=at), url)
    commit_step(ledger, Stage.EXTRACT, extracted(url, at, text=text))
    commit_step(ledger, Stage.ENRICH, enriched(url, at, fingerprint=text))
    commit_step(ledger, Stage.GROUP, grouped(url, at))
    (version,) = [
        one.doc_version for one in works(ledger, Stage.INDEX, at) if one.url_id == article_id(url)
    ]
    commit_step(ledger, Stage.INDEX, indexed(url, version, at, at + timedelta(days=1)))


@contextmanager
def listening(serving):
    """A real server on a port of this machine; gives its address."""
    server = uvicorn.Server(uvicorn.Config(create_app(serving), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
