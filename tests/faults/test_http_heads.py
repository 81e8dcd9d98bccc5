"""Response heads that are too long, no HTTP, ambiguous, or merely odd."""

import pytest
from support_http import failing, fetch, fetch_all
from support_sockets import ScriptedServer, reply

from pipeline.errors import Permanent, Transient


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"a" * 300_000 + b"\r\n",
        b"X-Long: " + b"a" * 70_000 + b"\r\n",
        b"X-A: b\r\n" * 101,
    ],
    ids=["300 kB", "70 kB", "101 headers"],
)
def test_too_much_head_is_refused(server, headers):
    server.on("/", b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 0\r\n\r\n")
    error = failing(server.url())
    assert (type(error), error.reason) == (Permanent, "headers_too_large")


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.test ESMTP\r\n",
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
    ],
)
def test_what_is_no_clear_http_is_a_bad_response(server, head):
    server.on("/", head)
    error = failing(server.url())
    assert (type(error), error.reason) == (Transient, "bad_response")


def test_an_odd_etag_is_kept_and_sent_back_byte_for_byte(server):
    odd = 'W/"\xe9 -gzip,; \\""'
    server.on("/", reply(b"a", headers=[("ETag", odd), ("Last-Modified", "not a date at all")]))
    page = fetch(server.url())
    validators = {"etag": page.header("etag"), "last_modified": page.header("last-modified")}
    fetch(server.url(), validators=validators)
    sent = server.requests[-1].raw
    assert f"If-None-Match: {odd}\r\n".encode("latin-1") in sent
    assert b"If-Modified-Since: not a date at all\r\n" in sent


@pytest.mark.parametrize("forged", ["a\r\nX-Forged: 1", "a\x00", " ", "\u0130"])
def test_a_validator_that_no_header_can_carry_is_left_out(server, forged):
    server.on("/", reply(b"a"))
    fetch(server.url(), validators={"etag": forged})
    assert "if-none-match" not in server.requests[-1].headers
    assert "x-forged" not in server.requests[-1].headers


def test_an_unasked_304_is_a_page_for_the_caller_to_judge(server):
    server.on("/", b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')
    page = fetch(server.url())
    assert (page.status, page.body) == (304, b"")


@pytest.mark.parametrize("value", ["120", "Tue, 10 Sep 2019 09:00:00 GMT", "soon", "100000000000"])
def test_retry_after_is_passed_on_as_sent(server, value):
    server.on("/", reply(b"", "429 Too Many Requests", [("Retry-After", value)]))
    assert fetch(server.url()).header("retry-after") == value


@pytest.mark.parametrize("status", [401, 410, 451])
def test_refusals_are_pages_whatever_they_say_of_themselves(server, status):
    realm = 'Basic realm="<script>alert(1)</script>"'
    server.on("/", reply(b"no", f"{status} No", [("WWW-Authenticate", realm)]))
    page = fetch(server.url())
    assert (page.status, page.header("www-authenticate")) == (status, realm)


def test_headers_keep_order_case_and_repetition(server):
    headers = [("Set-Cookie", "a=1"), ("x-ODD-case", "b"), ("Set-Cookie", "c=2")]
    server.on("/", reply(b"", headers=headers))
    assert fetch(server.url()).headers[:3] == tuple(headers)


def test_a_request_says_who_we_are_and_nothing_else(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.on("/", reply(b"", headers=[("Set-Cookie", "a=1; Path=/")]))
    fetch_all([server.url("/?a=b"), server.url()], contact="https://newsline.test/about")
    first, second = server.requests
    assert set(first.headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert first.headers["user-agent"].startswith("Newsline/")
    assert first.headers["user-agent"].endswith(" (+https://newsline.test/about)")
    assert first.path == "/?a=b"
    assert set(second.headers) == set(first.headers)


def test_a_connection_is_used_again(server):
    server.on("/", reply(b"a"))
    fetch_all([server.url()] * 5)
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_connection_closed_meanwhile_is_opened_again_once(server):
    closing_soon = reply(b"a")

    def close_after(connection):
        closing_soon(connection)  # announces nothing, then closes

    server.on("/", close_after)
    assert [page.body for page in fetch_all([server.url()] * 3)] == [b"a"] * 3
    assert server.connections == 3


def test_a_server_that_never_answers_on_a_new_connection_is_asked_once(server):
    server.on("/", b"")
    assert failing(server.url()).reason == "bad_response"
    assert len(server.requests) == 1
