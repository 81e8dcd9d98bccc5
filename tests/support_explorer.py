"""Servers for a browser: the real command, over the rehearsal world or over documents of a test."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files

from support_index import ROOT, elastic, elastic_settings
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.rehearsal.server import WorldServer

#: Moments of the story: before and after two headlines change, a copy follows, an article goes.
MOMENTS = tuple(
    datetime(2019, month, day, hour, tzinfo=UTC)
    for month, day, hour in (
        (8, 7, 20), (8, 25, 8), (9, 8, 20), (9, 25, 8), (10, 14, 20), (10, 18, 8), (10, 31, 8),
    )
)  # fmt: skip
_START_S = 60


def tell_the_story(folder):
    """Let a desk in a folder follow the rehearsal world through the weeks; return the desk."""
    clock = ScaledClock(MOMENTS[0], 10.0)
    with WorldServer(clock) as world:
        desk = Desk(folder, world.feeds(), port=world.port)
        desk.clock = "rate = 10\n"
        for moment in MOMENTS:
            clock.set(moment)
            desk.run(moment)
    return desk


def documents_of(desk):
    """Return everything that a desk has indexed, longest first."""
    index = EmbeddedIndex(desk.data / "index")
    found = [index.find(article_id) for article_id, _ in index.versions()]
    index.close()
    return sorted(found, key=lambda one: -len(one["text"]))


def into_elasticsearch(desk):
    """Copy what a desk has indexed into a cluster; return the settings file that names it."""
    settings = elastic_settings(desk.folder)
    setup = Setup(settings, ROOT / "config", None)
    setup.run()
    setup.close()
    config = _named(desk.folder, settings)
    subprocess.run(
        [*desk.arguments("index", "rebuild"), "--config", str(config)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return config


def written(folder, documents, engine):
    """Put documents into an index of their own; return data folder and settings file (or None)."""
    data = folder / "data"
    data.mkdir()
    open_ledger(f"sqlite:///{data / 'ledger.sqlite'}").close()
    if engine == "embedded":
        index, config = EmbeddedIndex(data / "index"), None
    else:
        index, config = elastic(folder), _named(folder, elastic_settings(folder))
    found = index.write(documents, [])
    assert {str(result) for result, _ in found.values()} == {"ok"}
    index.close()
    return data, config


def _named(folder, settings):
    config = folder / "cluster.toml"
    lines = (f'{name} = "{getattr(settings, name)}"' for name in ("kind", "url", "name"))
    config.write_text("\n".join(["[index]", *lines, ""]), "utf-8")
    return config


@contextmanager
def served(data, config=None):
    """Serve a data folder by the real command; yields the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--data", str(data)]
    if config:
        command += ["--config", str(config)]
    log = data.parent / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True,
                                   env={**os.environ, "NO_COLOR": "1"})  # fmt: skip
    url = f"http://localhost:{port}"
    try:
        _wait_for(f"http://127.0.0.1:{port}/login", process, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url, process, log):
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"newsline serve does not answer: {log.read_text()[-3000:]}")


def axe(browser, *impacts):
    """Return what the accessibility checker says of the page, of some impacts."""
    source = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    browser.script(f"{source}; return 1")
    found = browser.answer("const done = arguments[arguments.length - 1];"
                           "axe.run().then(found => done(found.violations))")  # fmt: skip
    return [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found
        if one["impact"] in impacts
        for node in one["nodes"][:3]
    ]


def foreign_requests(browser, url):
    """Return what a page asked of anybody else."""
    asked = browser.script("return performance.getEntriesByType('resource').map(one => one.name)")
    return [name for name in asked if not name.startswith(f"{url}/")]
