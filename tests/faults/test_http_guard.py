"""Nothing is sent to an address that is not public: by name, by redirect, by rebinding."""

import asyncio
import socket

import pytest
from support_http import QUICK, failing, fetch, resolver_of
from support_sockets import ScriptedServer, redirect, reply

from pipeline.adapters.resolver import system_resolver
from pipeline.errors import Exemption, ItemError, Permanent, Transient
from pipeline.fetch.reasons import failure


@pytest.fixture
def server():
    with ScriptedServer() as running:
        running.on("/", reply(b"secret"))
        yield running


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "news.localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_loopback_is_refused_unless_the_settings_name_it(server, host):
    error = failing(server.url(host=host), allow_private=(), ports=(server.port,))
    assert (type(error), error.reason) == (Permanent, "blocked_address")
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "news.localhost", "a.b.localhost."])
def test_loopback_names_lead_to_loopback_without_asking_anybody(server, host):
    async def resolve(name):
        raise AssertionError(f"asked for {name}")

    assert fetch(server.url(host=host), resolver=resolve).body == b"secret"


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "64:ff9b::7f00:1",
        "junk",
    ],
)
def test_a_name_with_a_forbidden_address_is_refused(server, address):
    error = failing("http://a.test/", resolver=resolver_of(a_test=[address]), allow_private=())
    assert (type(error), error.reason) == (Permanent, "blocked_address")


def test_one_forbidden_answer_among_public_ones_is_enough(server):
    """127.0.0.1 is exempt here and would be connected to, were it not for its neighbour."""
    resolver = resolver_of(a_test=["127.0.0.1", "10.0.0.1"])
    error = failing(server.url(host="a.test"), resolver=resolver)
    assert error.reason == "blocked_address"
    assert server.connections == 0


def test_a_name_that_answers_differently_the_second_time_gets_no_second_time(server):
    asked = []

    async def rebinding(host):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert fetch(server.url(host="a.test"), resolver=rebinding).body == b"secret"
    assert asked == ["a.test"]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "blocked_address"),
        ("http://169.254.169.254/latest/meta-data/", "blocked_address"),
        ("http://[::1]:{port}/", "blocked_address"),
        ("http://[::ffff:10.0.0.1]/", "blocked_address"),
        ("//internal.test/", "blocked_address"),
        ("http://2130706433/", "bad_redirect"),
        ("http://0x7f.1/", "bad_redirect"),
        ("http://127\uff0e0\uff0e0\uff0e1/", "bad_redirect"),
        ("file:///etc/passwd", "bad_redirect"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "bad_redirect"),
        ("", "redirect_loop"),
    ],
)
def test_every_hop_is_guarded(server, location, reason):
    server.on("/a", redirect(location.format(port=server.port).encode().decode("latin-1")))
    resolver = resolver_of(outside_test=["127.0.0.1"], internal_test=["10.1.2.3"])
    error = failing(
        server.url("/a", host="outside.test"), resolver=resolver, allow_private=("127.0.0.1/32",)
    )
    assert (type(error), error.reason) == (Permanent, reason)
    assert [request.path for request in server.requests] == ["/a"]


def test_credentials_and_cookies_do_not_travel(server):
    server.on("/a", reply(b"", "302 Found", [("Location", "/b"), ("Set-Cookie", "a=1")]))
    server.on("/b", reply(b"there"))
    fetch(server.url("/a"))
    assert {"cookie", "authorization", "referer"}.isdisjoint(server.requests[-1].headers)
    error = failing(server.url("/a").replace("://", "://user:secret@"))
    assert (error.reason, "secret" in server.requests[-1].raw.decode()) == ("bad_url", False)


def test_other_ports_are_asked_only_inside_exempt_networks(server):
    public = resolver_of(a_test=["93.184.216.34"])
    assert failing("http://a.test:22/", resolver=public).reason == "blocked_port"
    assert failing("http://a.test:22/", resolver=public, allow_private=()).reason == "blocked_port"
    assert failing("http://127.0.0.1:22/", allow_private=()).reason == "blocked_address"


def test_a_refusal_says_which_settings_would_let_it_through(server):
    """All of them at once, with what they hold already: the request passes with exactly these."""
    public, own = resolver_of(a_test=["93.184.216.34"]), {"allow_private": ("10.0.0.0/8",)}
    assert failing("http://a.test:22/", resolver=public, **own).exemption == Exemption(
        ports=(80, 443, 22)
    )
    both = resolver_of(a_test=["93.184.216.34", "127.0.0.1", "::1"])
    assert failing("http://a.test:22/", resolver=both, **own).exemption == Exemption(
        ("10.0.0.0/8", "127.0.0.1", "::1"), (80, 443, 22)
    )
    exemption = failing(server.url(), **own).exemption
    assert exemption == Exemption(("10.0.0.0/8", "127.0.0.1"))
    assert fetch(server.url(), allow_private=exemption.allow_private).body == b"secret"


def test_dns_failures_have_reasons_of_their_own():
    async def unknown(host):
        raise failure("dns_unknown_host", host)

    async def slow(host):
        await asyncio.sleep(60)

    async def nothing(host):
        return []

    assert failing("http://a.test/", resolver=unknown).reason == "dns_unknown_host"
    assert failing("http://a.test/", resolver=slow, **QUICK).reason in {"dns_temporary", "deadline"}
    assert failing("http://a.test/", resolver=nothing).reason == "dns_unknown_host"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (socket.EAI_NONAME, "dns_unknown_host"),
        (socket.EAI_AGAIN, "dns_temporary"),
        (socket.EAI_FAIL, "dns_temporary"),
    ],
)
def test_the_machines_resolver_names_its_failures(monkeypatch, code, reason):
    def refuse(*args, **kwargs):
        raise socket.gaierror(code, "said the name server")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(Transient) as caught:
        asyncio.run(system_resolver("a.test"))
    assert caught.value.reason == reason


def test_the_machines_resolver_gives_each_address_once():
    assert "127.0.0.1" in asyncio.run(system_resolver("localhost"))


def test_a_refused_connection_says_so(server):
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        error = failing(f"http://127.0.0.1:{idle.getsockname()[1]}/")
    assert (type(error), error.reason) == (Transient, "connect_refused")


def test_the_next_address_is_tried_when_one_refuses(server):
    resolver = resolver_of(a_test=["::1", "127.0.0.1"])
    networks = ("127.0.0.0/8", "::1/128")
    page = fetch(server.url(host="a.test"), resolver=resolver, allow_private=networks)
    assert page.body == b"secret"


def test_a_connection_that_is_not_taken_up_ends_in_time():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # fill the queue of connections
        try:
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(full.getsockname())
            error = failing(f"http://127.0.0.1:{full.getsockname()[1]}/", connect_timeout_s=0.3)
        finally:
            for client in waiting:
                client.close()
    assert isinstance(error, ItemError)
    assert error.reason == "connect_timeout"
