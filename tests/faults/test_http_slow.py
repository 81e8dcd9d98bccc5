"""Servers that drip, fall silent, or never stop: each exchange ends within its deadline."""

import time

import pytest
from support_http import QUICK, failing, fetch
from support_sockets import ScriptedServer, raw

from pipeline.errors import Permanent, Transient
from pipeline.ports import FetchKind


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


def drip_headers(connection):
    connection.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


def drip_body(connection):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    connection.drip(b"a" * 1000)


def silent(connection):
    connection.wait()


def silent_after_headers(connection):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    connection.wait()


@pytest.mark.parametrize("script", [drip_headers, drip_body, silent, silent_after_headers])
@pytest.mark.parametrize("kind", list(FetchKind))
def test_slow_servers_meet_the_deadline(server, script, kind):
    server.on("/", script)
    started_s = time.monotonic()
    error = failing(server.url(), kind, **QUICK)
    assert (type(error), error.reason) == (Transient, "deadline")
    assert time.monotonic() - started_s < 1.5


def test_the_deadline_covers_all_hops_but_not_our_own_waiting_at_the_gate(server):
    def slow_hop(connection):
        time.sleep(0.25)
        return raw(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")(connection)

    def slow_end(connection):
        time.sleep(0.25)
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(connection)

    async def gate(url):
        time.sleep(0.5)  # noqa: ASYNC251 - stands for a wait at the host's pace

    server.on("/a", slow_hop)
    server.on("/b", slow_end)
    assert failing(server.url("/a"), **QUICK).reason == "deadline"
    page = fetch(server.url("/a"), gate=gate, page_deadline_s=0.9)
    assert page.body == b"ok"
    assert 0.5 <= page.elapsed_s < 0.9


def test_endless_chunks_stop_at_the_wire_limit(server):
    def endless(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while connection.open:
            connection.send(b"1000\r\n" + b"a" * 0x1000 + b"\r\n")

    server.on("/", endless)
    error = failing(server.url(), max_wire_bytes=64 * 1024)
    assert (type(error), error.reason) == (Permanent, "too_large")


def test_a_flood_of_interim_responses_stops(server):
    def flood(connection):
        while connection.open:
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)

    server.on("/", flood)
    assert failing(server.url(), max_wire_bytes=64 * 1024).reason == "too_large"


def test_a_flood_of_chunk_extensions_stops(server):
    def flood(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while connection.open:
            connection.send(b"1;" + b"x" * 4000 + b"\r\na\r\n")

    server.on("/", flood)
    assert failing(server.url(), max_wire_bytes=64 * 1024).reason == "too_large"


def test_a_few_interim_responses_are_no_matter(server):
    server.on(
        "/",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    )
    assert fetch(server.url()).body == b"a"
