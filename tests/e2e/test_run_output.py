"""What `newsline run` shows: a line for each feed in a log, progress bars on a terminal."""

import os
import pty
import re
import subprocess
from datetime import UTC, datetime

import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
FEEDS = 3
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def desk(tmp_path):
    with WorldServer(ScaledClock(NOW), script=()) as world:
        made = Desk(tmp_path / "desk", world.feeds()[:FEEDS], port=world.port)
        made.feed_ids = [feed.feed_id for feed in world.feeds()[:FEEDS]]
        made.settle(NOW)
        yield made


def command(desk):
    return desk.arguments("run", "--once", "--feeds", str(desk.feeds), "--config", str(desk.config))


def test_in_a_pipe_there_is_a_line_for_each_feed_and_a_summary(desk):
    done = subprocess.run(command(desk), capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    for feed_id in desk.feed_ids:
        (line,) = (one for one in lines if one.startswith(f"{feed_id}: "))
        assert re.search(r"listed=\d+ .*new=\d+", line)
    assert "The books balance: " in done.stdout
    assert "\x1b" not in done.stdout
    assert '"event":"ended"' in done.stderr


def test_on_a_terminal_there_are_bars_and_no_log(desk):
    ours, its = pty.openpty()
    with subprocess.Popen(command(desk), stdin=its, stdout=its, stderr=its) as run:
        os.close(its)
        shown = b""
        while chunk := read(ours):
            shown += chunk
        assert run.wait(60) == 0
    os.close(ours)
    text = shown.decode("utf-8", "replace")
    assert f"{FEEDS}/{FEEDS}" in text
    assert re.search(r"articles .*\d+ indexed", text)
    assert "The books balance: " in text.replace("\r\n", " ")
    assert '"event"' not in text


def read(terminal):
    """Return what comes next; nothing when the other side has closed it."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
