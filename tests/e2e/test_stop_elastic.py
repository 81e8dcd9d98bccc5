"""A run that is told to stop while the cluster it writes to says nothing."""

import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from support_cluster import JSON, PRODUCT, ScriptedCluster, silent
from support_sockets import reply
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
STOP_S = 15
pytestmark = pytest.mark.slow


def test_a_stopped_run_does_not_wait_for_a_write_that_hangs(tmp_path):
    with ScriptedCluster() as cluster, WorldServer(ScaledClock(NOW), script=()) as world:
        cluster.server.on("/news_write/_mapping", reply(b"{}", headers=[PRODUCT, JSON]))
        cluster.then(*[silent] * 100)
        section = f'[index]\nkind = "elasticsearch"\nurl = "{cluster.server.url("")}"\n'
        desk = Desk(tmp_path, world.feeds(), port=world.port, extra=section)
        process = desk.start(NOW)
        deadline = time.monotonic() + 60
        while not cluster.bulks and time.monotonic() < deadline:
            time.sleep(0.05)
        stopped = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - stopped < STOP_S
        assert process.returncode == 3, errors.decode()[-2000:]  # the index could not be asked
        desk.extra = ""
        summary = desk.run(NOW + timedelta(minutes=1))
        assert summary["balance"]["balances"]
        assert summary["balance"]["in_flight"] == 0
        assert summary["balance"]["indexed"] > 30
