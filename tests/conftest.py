"""Fixtures for all tests. The network is blocked but for loopback (see pyproject.toml)."""

import os
from pathlib import Path

import pytest
from support_schema import check

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.events import ElasticEvents
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.ports import IndexResult

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_finish(session):
    """Refuse to go on where groups are not kept: each worker would start an Airflow of its own."""
    if getattr(session.config.option, "loadgroup", False):
        grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
        if any("@" not in item.nodeid for item in grouped):
            raise pytest.UsageError("this pytest and this pytest-xdist do not keep xdist_group")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    """NEWSLINE_* of the person who runs the tests must not change what is tested."""
    kept = ("NEWSLINE_CORPORA", "NEWSLINE_TEST_")
    for name in list(os.environ):
        if name.startswith("NEWSLINE_") and not name.startswith(kept):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def what_an_index_takes_is_as_published(monkeypatch):
    """Hold what a test's own process indexes against the published schemas.

    What other processes index is held against them where a test reads it back (`lasting`).
    """
    for engine in (EmbeddedIndex, ElasticIndex):
        monkeypatch.setattr(engine, "write", _checked(engine.write))
    monkeypatch.setattr(ElasticEvents, "write", _checked_events(ElasticEvents.write))


def _checked(write):
    def wrapped(index, documents, retractions, **how):
        answers = write(index, documents, retractions, **how)
        for document in documents:
            if answers.get(document["article_id"], (None,))[0] is IndexResult.OK:
                check(document)
        return answers

    return wrapped


def _checked_events(write):
    def wrapped(sink, events):
        answers = write(sink, events)
        for event in events:
            if answers[event.event_id][0] is IndexResult.OK:
                check(event.body, "event")
        return answers

    return wrapped


@pytest.fixture(scope="session")
def corpora():
    """The folder with real pages and feeds; they are not ours to ship, so it may be absent."""
    folder = os.environ.get("NEWSLINE_CORPORA")
    if not folder:
        pytest.skip("NEWSLINE_CORPORA is not set: no evaluation pages and feeds here")
    return Path(folder)


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return ROOT
