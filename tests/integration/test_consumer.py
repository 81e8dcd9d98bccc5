"""docs/consumer.py as a process of its own: restarts on both sides cost nothing."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta

import orjson
import pytest
from support_changes import doors_of, publish, take_back
from support_index import ROOT
from support_serve import listening, served

from pipeline.urls import article_id

A, B, C = (f"https://herald.example/{name}" for name in "abc")
CONSUMER = ROOT / "docs" / "consumer.py"
WAIT_S = 60

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def opened(tmp_path):
    with served(tmp_path / "server") as doors:
        yield doors


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "server").mkdir()


def consume(address, path, *more):
    subprocess.run([sys.executable, CONSUMER, address, path, "--once", *more], check=True,
                   timeout=WAIT_S)  # fmt: skip


def held(path):
    with closing(sqlite3.connect(path)) as copy:
        rows = copy.execute("SELECT article_id, document FROM articles").fetchall()
    return {key: orjson.loads(document) for key, document in rows}


def index_of(opened):
    ids = [key for key, _ in opened.index.versions()]
    return {key: dict(opened.index.find(key)) for key in ids}


def until(found, wanted):
    ends_at = time.monotonic() + WAIT_S
    while found() != wanted:
        assert time.monotonic() < ends_at, (found(), wanted)
        time.sleep(0.1)


def test_a_copy_is_what_the_index_holds_whoever_is_restarted(opened, tmp_path):
    doors, path = doors_of(opened), tmp_path / "copy.sqlite"
    publish(doors, A, "Patrols began.")
    with listening(opened) as address:
        consume(address, path)
        assert held(path) == index_of(opened)
    publish(doors, A, "Patrols began at dawn.")
    publish(doors, B, "A bridge was closed.")
    with listening(opened) as address:  # another server, another port
        consume(address, path)
        assert held(path) == index_of(opened)
        take_back(doors, B)
        consume(address, path)
    assert list(held(path)) == [article_id(A)]


def test_it_goes_on_after_the_server_was_away_and_is_killed_without_harm(opened, tmp_path):
    doors, path = doors_of(opened), tmp_path / "copy.sqlite"
    publish(doors, A, "Patrols began.")
    with listening(opened) as address:
        process = subprocess.Popen([sys.executable, CONSUMER, address, path, "--every", "0.1"])
        try:
            until(lambda: path.exists() and len(held(path)), 1)
            publish(doors, B, "A bridge was closed.")
            until(lambda: len(held(path)), 2)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(WAIT_S)
        publish(doors, C, "Ships left.")
        consume(address, path)
    assert held(path) == index_of(opened)


def test_a_copy_whose_place_is_gone_begins_anew(opened, tmp_path):
    doors, path = doors_of(opened), tmp_path / "copy.sqlite"
    publish(doors, A, "Patrols began.")
    publish(doors, B, "A bridge was closed.")
    with listening(opened) as address:
        consume(address, path)
        publish(doors, A, "Patrols began at dawn.")
        take_back(doors, B)
        opened.ledger.trim_changes(doors.clock.now() + timedelta(days=1), limit=100)
        consume(address, path)
    assert held(path) == index_of(opened)


def test_another_filter_makes_another_copy(opened, tmp_path):
    doors, path = doors_of(opened), tmp_path / "copy.sqlite"
    publish(doors, A, "Shells fell.", place="Kobani")
    publish(doors, B, "Ships left.", place="Mersin")
    with listening(opened) as address:
        consume(address, path, "--filter", "place=Kobani")
        assert list(held(path)) == [article_id(A)]
        consume(address, path, "--filter", "place=Mersin")
        assert list(held(path)) == [article_id(B)]
