"""The whole trip over the rehearsal world, by the real command, as its user would run it."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
KILLS = 20


@pytest.fixture
def world():
    with WorldServer(ScaledClock(NOW), script=()) as server:
        yield server


@pytest.fixture
def desk(world, tmp_path):
    return Desk(tmp_path / "desk", world.feeds(), port=world.port)


@pytest.mark.slow
def test_a_run_balances_and_a_second_one_does_nothing_again(world, desk):
    first = desk.run(NOW)
    assert first["balance"]["balances"]
    documents = desk.documents()
    pages = [request for request in world.requests if request.path.startswith("/")]
    second = desk.run(NOW)
    assert second["balance"]["balances"]
    assert world.requests[len(pages) :] == []
    assert desk.documents() == documents


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_index_ends_the_same(world, desk, tmp_path):
    undisturbed = Desk(tmp_path / "undisturbed", world.feeds(), port=world.port)
    started = time.monotonic()
    undisturbed.run(NOW)
    whole_s = time.monotonic() - started
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    moment, killed = NOW, 0
    for _ in range(KILLS):
        killed += desk.kill_after(moment, rng.uniform(0.2, whole_s))
        moment += timedelta(seconds=30)
    summary = desk.run(moment)
    assert summary["balance"]["balances"], f"seed {seed}"
    assert desk.documents() == undisturbed.documents(), f"seed {seed}"
    assert killed > 0
