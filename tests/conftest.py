"""Fixtures for all tests. The network is blocked but for loopback (see pyproject.toml)."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    """NEWSLINE_* of the person who runs the tests must not change what is tested."""
    kept = ("NEWSLINE_CORPORA", "NEWSLINE_TEST_")
    for name in list(os.environ):
        if name.startswith("NEWSLINE_") and not name.startswith(kept):
            monkeypatch.delenv(name)


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
