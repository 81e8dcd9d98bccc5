"""Bodies that are cut off, lie about themselves, or unpack to a thousand times their size."""

import gzip
import sys
import zlib

import brotli
import pytest
from support_http import MemoryGrowth, failing, fetch, fetch_all
from support_sockets import ScriptedServer, reply

from pipeline.errors import Permanent, Transient
from pipeline.fetch.robots import MAX_ROBOTS_BYTES
from pipeline.ports import FetchKind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
TEXT = b"<p>the safe zone " * 2000


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


def coded(*codings):
    return [("Content-Encoding", ", ".join(codings))]


CODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("coding", CODERS)
def test_a_coded_body_is_unpacked_and_its_wire_form_kept(server, coding):
    wire = CODERS[coding](TEXT)
    server.on("/", reply(wire, headers=coded(coding)))
    page = fetch(server.url())
    assert page.body == TEXT
    assert page.wire_body == wire


@pytest.mark.parametrize("coding", CODERS)
def test_a_chunked_coded_body_is_unpacked(server, coding):
    wire = CODERS[coding](TEXT)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in wire) + b"0\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {coding}\r\n\r\n"
    server.on("/", head.encode() + chunks)
    page = fetch(server.url())
    assert (page.body, page.wire_body) == (TEXT, wire)


@pytest.mark.parametrize("coding", CODERS)
def test_a_cut_coded_stream_is_no_success_even_when_closing_ends_it(server, coding):
    wire = CODERS[coding](TEXT)[:-6]
    server.on("/", f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n".encode() + wire)
    error = failing(server.url())
    assert (type(error), error.reason) == (Transient, "body_truncated")


@pytest.mark.parametrize("coding", CODERS)
def test_a_body_that_is_not_in_its_declared_coding_is_refused(server, coding):
    server.on(
        "/", reply(b"<p>plain text all along, it only says it is packed", headers=coded(coding))
    )
    error = failing(server.url())
    assert isinstance(error, Transient)
    assert error.reason in {"bad_coding", "body_truncated"}


def test_an_unknown_coding_is_refused(server):
    server.on("/", reply(TEXT, headers=coded("rot13")))
    assert failing(server.url()).reason == "bad_coding"


def bomb(coding, size_bytes):
    if coding == "br":  # each MiB repeats the last: one compressor, no giant input
        compressor = brotli.Compressor(quality=5)
        parts = [compressor.process(bytes(MIB)) for _ in range(size_bytes // MIB)]
        return b"".join(parts) + compressor.finish()
    if coding == "gzip":
        compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    else:
        compressor = zstd.ZstdCompressor(3)
    parts = [compressor.compress(bytes(MIB)) for _ in range(size_bytes // MIB)]
    return b"".join(parts) + compressor.flush()


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_bombs_are_refused_in_little_memory(server, coding):
    wire = bomb(coding, 256 * MIB)
    server.on("/", reply(wire, headers=coded(coding)))
    with MemoryGrowth() as growth:
        error = failing(server.url())
    assert (type(error), error.reason) == (Permanent, "bomb")
    assert growth.bytes < 100 * MIB


def test_gzip_of_gzip_is_unpacked_twice(server):
    server.on("/", reply(gzip.compress(gzip.compress(TEXT)), headers=coded("gzip", "gzip")))
    assert fetch(server.url()).body == TEXT


def test_a_bomb_inside_gzip_of_gzip_is_refused(server):
    wire = gzip.compress(bomb("gzip", 256 * MIB))
    server.on("/", reply(wire, headers=coded("gzip", "gzip")))
    with MemoryGrowth() as growth:
        assert failing(server.url()).reason == "bomb"
    assert growth.bytes < 100 * MIB


def test_a_bomb_of_empty_gzip_members_is_refused_though_it_unpacks_to_nothing(server):
    wire = gzip.compress(gzip.compress(b"") * 1_000_000)
    server.on("/", reply(wire, headers=coded("gzip", "gzip")))
    assert failing(server.url()).reason == "bomb"


def test_sixty_codings_are_refused_unread(server):
    server.on("/", reply(TEXT, headers=coded(*["gzip"] * 60)))
    error = failing(server.url())
    assert (type(error), error.reason) == (Permanent, "too_many_codings")


@pytest.mark.parametrize("status", ["302 Found", "301 Moved"])
def test_a_bomb_on_a_redirect_is_not_even_read(server, status):
    wire = bomb("gzip", 64 * MIB)
    server.on("/a", reply(wire, status, [("Location", "/b"), *coded("gzip")]))
    server.on("/b", reply(b"there"))
    with MemoryGrowth() as growth:
        assert fetch(server.url("/a")).body == b"there"
    assert growth.bytes < 20 * MIB


@pytest.mark.parametrize("head", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_body_shorter_than_announced_is_truncated(server, head):
    body = b"64\r\nshort" if b"chunked" in head else b"short"
    server.on("/", b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
    error = failing(server.url())
    assert (type(error), error.reason) == (Transient, "body_truncated")


def test_a_broken_chunk_is_a_bad_response(server):
    server.on("/", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert failing(server.url()).reason == "bad_response"


def test_a_reset_in_the_middle_is_a_reset(server):
    def reset(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        connection.reset()

    server.on("/", reset)
    error = failing(server.url())
    assert (type(error), error.reason) == (Transient, "reset")


def test_what_follows_the_announced_length_is_not_body_and_does_not_harm_the_next_page(server):
    def long(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA BYTES")
        return True

    server.on("/a", long)
    server.on("/b", reply(b"next"))
    first, second = fetch_all([server.url("/a"), server.url("/b")])
    assert (first.body, second.body) == (b"ok", b"next")


def test_a_body_over_the_limit_is_refused_announced_or_not(server):
    server.on("/announced", reply(b"a" * 200_000))
    server.on("/closing", b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 200_000)
    for path in ("/announced", "/closing"):
        error = failing(server.url(path), max_wire_bytes=100_000)
        assert (type(error), error.reason) == (Permanent, "too_large")


def test_a_body_over_the_unpacked_limit_is_refused(server):
    server.on("/", reply(gzip.compress(b"a" * 200_000), headers=coded("gzip")))
    assert failing(server.url(), max_body_bytes=100_000).reason == "too_large"


def test_an_empty_coded_body_is_empty(server):
    server.on("/", reply(b"", headers=coded("gzip")))
    assert fetch(server.url()).body == b""


def test_of_robots_only_the_first_500_kib_are_read(server):
    server.on("/robots.txt", reply(b"Allow: /a\n" * 200_000))
    page = fetch(server.url("/robots.txt"), FetchKind.ROBOTS)
    assert len(page.body) == MAX_ROBOTS_BYTES


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Encoding: rot13\r\nContent-Length: 3\r\n\r\nabc",
        b"Content-Encoding: gzip\r\n\r\nplain text",
        b"Content-Length: 100\r\n\r\nshort",
        b"Content-Length: 9999999999\r\n\r\n",
    ],
)
def test_a_broken_error_page_does_not_hide_the_status(server, rest):
    server.on("/", b"HTTP/1.1 404 Not Found\r\n" + rest)
    page = fetch(server.url())
    assert (page.status, page.body) == (404, b"")
    server.on("/", b"HTTP/1.1 200 OK\r\n" + rest)
    assert failing(server.url()).reason in {"bad_coding", "body_truncated", "too_large"}
