"""The rehearsal world over real HTTP on the loopback interface."""

import gzip
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from datetime import UTC, datetime

import pytest
from rehearsal_samples import article, every_outlet, script

from pipeline.adapters.clock import ScaledClock
from pipeline.config import load
from pipeline.errors import UsageError
from pipeline.rehearsal.server import WorldServer

NOON = datetime(2019, 9, 10, 12, tzinfo=UTC)
FEED = {"host": "rheinblatt.localhost", "path": "/aktuell.atom"}


def get(server, host, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": f"{host}:{server.port}", **named})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@pytest.fixture
def clock():
    return ScaledClock(NOON)


@pytest.fixture
def world(clock):
    with WorldServer(clock, articles=every_outlet(), script=script()) as server:
        yield server


def test_every_feed_of_the_catalogue_is_served_with_addresses_of_this_port(world):
    for feed in world.feeds():
        host, _, path = feed.url.removeprefix("http://").partition("/")
        status, _, body = get(world, host.partition(":")[0], "/" + path)
        assert status == 200
        assert f":{world.port}/".encode() in body


def test_the_worlds_clock_dates_the_answers_and_moves_the_feeds(clock, world):
    clock.set(datetime(2019, 9, 2, 12, tzinfo=UTC))
    _, early, before = get(world, **FEED)
    clock.set(NOON)
    _, late, after = get(world, **FEED)
    assert (early["date"][:16], late["date"][:16]) == ("Mon, 02 Sep 2019", "Tue, 10 Sep 2019")
    assert (before.count(b"<entry>"), after.count(b"<entry>")) == (2, 3)


def test_conditional_requests_and_gzip_go_over_the_wire(world):
    _, headers, plain = get(world, **FEED)
    status, _, body = get(world, **FEED, If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")
    _, zipped, body = get(world, **FEED, Accept_Encoding="gzip")
    assert zipped["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain


def test_head_gives_the_headers_alone(world):
    _, headers, body = get(world, **FEED, method="HEAD")
    assert int(headers["content-length"]) > 1000
    assert body == b""


def test_the_log_holds_every_request_with_both_clocks(world):
    get(world, **FEED, User_Agent="Test/1")
    get(world, "rheinblatt.localhost", "/nowhere?a=b")
    first, second = world.requests
    assert (first.host, first.path, first.status) == (*FEED.values(), 200)
    assert ("user-agent", "Test/1") in first.headers
    assert (second.path, second.query, second.status) == ("/nowhere", "a=b", 404)
    assert first.at.date() == NOON.date()
    assert first.monotonic_s <= second.monotonic_s <= time.monotonic()


def test_a_cut_answer_breaks_in_the_middle_and_the_next_one_is_whole(clock):
    broken = script({"feed": "rheinblatt-aktuell", "does": "cut", "first": 1})
    with WorldServer(clock, articles=every_outlet(), script=broken) as world:
        with pytest.raises(http.client.IncompleteRead) as caught:
            get(world, **FEED)
        status, _, body = get(world, **FEED)
    assert status == 200
    assert body.startswith(caught.value.partial)
    assert 0 < len(caught.value.partial) < len(body)


def test_a_slow_answer_comes_late_and_holds_up_nobody_else(clock):
    late = script({"feed": "rheinblatt-aktuell", "does": "slow", "delay_s": 1.0})
    with WorldServer(clock, articles=every_outlet(), script=late) as world:
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(get(world, **FEED)))
        started_s = time.monotonic()
        waiting.start()
        get(world, "levant-gazette.localhost", "/")
        others_s = time.monotonic() - started_s
        waiting.join()
        assert others_s < 0.9
        assert time.monotonic() - started_s >= 1.0
        assert answers[0][0] == 200


def test_requests_at_one_path_are_counted_one_by_one(clock):
    wall = script({"article": "rheinblatt-1", "does": "bot_wall", "first": 2})
    with WorldServer(clock, articles=[article("rheinblatt")], script=wall) as world:
        path = "/world/rheinblatt-1.html"
        codes = [get(world, "rheinblatt.localhost", path)[0] for _ in range(3)]
    assert codes == [403, 403, 200]


def test_the_port_is_free_again_afterwards_and_taken_meanwhile(clock):
    with WorldServer(clock, articles=[], script=script()) as first:
        port = first.port
        with (
            pytest.raises(UsageError, match="--port"),
            WorldServer(clock, port=port, articles=[], script=script()),
        ):
            pass
    with WorldServer(clock, port=port, articles=[], script=script()) as again:
        assert get(again, "rheinblatt.localhost", "/robots.txt")[0] == 200


def test_it_stops_at_once_though_a_client_keeps_its_connection(clock):
    with WorldServer(clock, articles=[], script=script()) as world:
        idle = socket.create_connection(("127.0.0.1", world.port))
        started_s = time.monotonic()
    idle.close()
    assert time.monotonic() - started_s < 2.0


@pytest.fixture
def rehearsal(tmp_path):
    code = "from pipeline.cli.root import main; main()"
    words = ["rehearse", "--port", "0", "--dir", str(tmp_path), "--rate", "60"]
    running = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield running
    running.kill()
    running.communicate()


def test_rehearse_writes_what_a_run_needs_says_how_and_ends_when_told(rehearsal, tmp_path):
    said = ""
    while "Ctrl-C" not in said:
        line = rehearsal.stdout.readline()
        assert line, rehearsal.stderr.read()
        said += line
    settings = load(tmp_path / "pipeline.toml", {})
    feeds = tomllib.loads((tmp_path / "feeds.toml").read_text("utf-8"))["feed"]
    wanted = f"newsline run --once --feeds {tmp_path}/feeds.toml --config {tmp_path}/pipeline.toml"
    assert wanted in said
    assert len(feeds) >= 14
    assert settings.fetch.allow_private == ("127.0.0.0/8",)
    assert feeds[0]["url"].split("/")[2].endswith(f".localhost:{settings.fetch.ports[0]}")
    first, deadline_s = settings.clock.origin, time.monotonic() + 10
    while load(tmp_path / "pipeline.toml", {}).clock.origin == first:
        assert time.monotonic() < deadline_s, "pipeline.toml is not kept at the world's time"
        time.sleep(0.05)
    rehearsal.send_signal(signal.SIGTERM)
    _, complaints = rehearsal.communicate(timeout=10)
    assert (rehearsal.returncode, complaints) == (0, "")


def test_events_alone_are_script_enough_and_none_means_a_healthy_world(clock):
    events = script({"feed": "rheinblatt-aktuell", "does": "empty"}).events
    for given, length in ((events, 0), ((), 1)):
        with WorldServer(clock, articles=[article("rheinblatt")], script=given) as world:
            assert min(1, len(get(world, **FEED)[2])) == length
