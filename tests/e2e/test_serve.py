"""The server as its operator starts it: over a folder in which a run is at work."""

import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
START_S, STOP_S = 30, 15


@pytest.fixture(scope="module")
def world():
    with WorldServer(ScaledClock(NOW), script=()) as server:
        yield server


@contextmanager
def serving(desk, *more):
    """Start `newsline serve`; give somebody who asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = desk.arguments("serve", "--port", str(port), "--config", str(desk.config), *more)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        until = time.monotonic() + START_S
        while True:
            try:
                http.get("/health")
                break
            except httpx2.TransportError:
                assert process.poll() is None, process.stderr.read().decode()
                assert time.monotonic() < until
                time.sleep(0.2)
        try:
            yield http
        finally:
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            process.communicate(timeout=STOP_S)
            assert time.monotonic() - began < STOP_S


@pytest.mark.slow
def test_it_serves_while_a_run_fills_the_index_and_shows_what_is_new(world, tmp_path):
    desk = Desk(tmp_path / "desk", world.feeds()[:6], port=world.port)
    desk.settle(NOW)
    desk.run(NOW)
    with serving(desk) as http:
        before = http.get("/v1/search").json()["total"]
        assert before > 0
        more = Desk(desk.folder, world.feeds(), port=world.port)
        process = more.start(NOW)
        answers = []
        while process.poll() is None:
            answers.append(http.get("/v1/search", params={"facet": "person", "q": "the"}))
            answers.append(http.get("/v1/balance"))
            time.sleep(0.1)
        process.communicate()
        assert {answer.status_code for answer in answers} == {200}
        assert http.get("/v1/search").json()["total"] > before
        assert http.get("/v1/balance").json()["balances"]
        assert http.get("/health").json()["checks"][0] == {
            "name": "ledger", "status": "ok", "problems": [],
        }  # fmt: skip


@pytest.mark.slow
def test_keys_are_made_used_and_revoked_while_it_serves(world, tmp_path):
    desk = Desk(tmp_path / "desk", world.feeds()[:1], port=world.port)
    desk.run(NOW)
    with serving(desk) as http:
        assert http.get("/v1/search").status_code == 200
        key = desk.ask("keys", "create", "service", "--scope", "search")["key"]
        assert http.get("/v1/search").status_code == 401
        mine = {"Authorization": f"Bearer {key}"}
        assert http.get("/v1/search", headers=mine).status_code == 200
        assert http.get("/v1/balance", headers=mine).status_code == 403
        (listed,) = desk.ask("keys", "list")
        assert listed["last_used_at"] is not None
        assert key not in str(listed)
        revoke = desk.arguments("keys", "revoke", "service")
        subprocess.run(revoke, check=True, capture_output=True)
        assert http.get("/v1/search", headers=mine).status_code == 401


@pytest.mark.slow
def test_it_says_why_it_does_not_listen(world, tmp_path):
    desk = Desk(tmp_path / "desk", world.feeds()[:1], port=world.port)
    desk.run(NOW)
    words = desk.arguments("serve", "--host", "0.0.0.0", "--port", "0")
    refused = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert refused.returncode == 2
    taken = desk.arguments("serve", "--port", str(world.port))
    refused_too = subprocess.run(taken, capture_output=True, timeout=60, check=False)
    assert refused_too.returncode == 2
    assert b"Address already in use; choose another" in refused_too.stderr
    assert b"without an API key the server listens on 127.0.0.1 only" in refused.stderr
