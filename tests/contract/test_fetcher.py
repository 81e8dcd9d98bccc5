"""What every Fetcher does: the real one against a scripted server, the fake against its script."""

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from support_fakes import FakeFetcher, StillClock
from support_sockets import ScriptedServer, redirect, reply

from pipeline.adapters.http import HttpFetcher
from pipeline.config import FetchSettings
from pipeline.errors import ItemError, Permanent, Transient
from pipeline.model import Hop
from pipeline.ports import FetchKind

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)


class RealWorld:
    """HttpFetcher and a server on loopback."""

    def __init__(self, server):
        self.server = server

    def fetcher(self):
        settings = FetchSettings(allow_private=("127.0.0.0/8",), connect_timeout_s=2.0)
        return HttpFetcher(settings, StillClock(NOW))

    def url(self, path):
        return self.server.url(path)

    def serve(self, path, body=b"", *, status=200, headers=()):
        location = dict(headers).get("Location")
        words = f"{status} Status"
        self.server.on(path, redirect(location, words) if location else reply(body, words, headers))

    def refuse(self, path):
        self.server.on(path, b"")  # closes without an answer


class FakeWorld:
    """FakeFetcher and its script."""

    def __init__(self):
        self._fetcher = FakeFetcher(StillClock(NOW))

    def fetcher(self):
        return self._fetcher

    def url(self, path):
        return f"http://outlet.test{path}"

    def serve(self, path, body=b"", *, status=200, headers=()):
        self._fetcher.on(self.url(path), body, status=status, headers=headers)

    def refuse(self, path):
        self._fetcher.on(self.url(path), error=Transient("bad_response"))


@contextmanager
def real_world():
    with ScriptedServer() as server:
        yield RealWorld(server)


@contextmanager
def fake_world():
    yield FakeWorld()


@pytest.fixture(params=[real_world, fake_world], ids=["http", "fake"])
def world(request):
    with request.param() as made:
        yield made


def get(world, path, kind=FetchKind.PAGE, **kwargs):
    async def go():
        fetcher = world.fetcher()
        try:
            return await fetcher.get(world.url(path), kind, **kwargs)
        finally:
            await fetcher.aclose()

    return asyncio.run(go())


def test_a_page_says_what_was_asked_and_what_came(world):
    world.serve(
        "/a?x=1#part".partition("?")[0], b"<p>hello", headers=[("Content-Type", "text/html")]
    )
    page = get(world, "/a")
    assert (page.url, page.final_url, page.status) == (world.url("/a"), world.url("/a"), 200)
    assert page.body == page.wire_body == b"<p>hello"
    assert page.header("CONTENT-TYPE") == "text/html"
    assert page.fetched_at == NOW
    assert page.elapsed_s >= 0
    assert page.hops == ()


@pytest.mark.parametrize("status", [304, 401, 404, 410, 429, 451, 500, 503])
def test_any_status_is_a_page(world, status):
    world.serve("/a", status=status)
    assert get(world, "/a").status == status


def test_redirects_are_followed_and_recorded_and_the_gate_is_asked_with_each_hop(world):
    asked = []

    async def gate(url):
        asked.append(url)

    world.serve("/a", status=301, headers=[("Location", "/b")])
    world.serve("/b", status=302, headers=[("Location", world.url("/c"))])
    world.serve("/c", b"there")
    page = get(world, "/a", gate=gate)
    assert (page.final_url, page.body) == (world.url("/c"), b"there")
    assert page.url == world.url("/a")
    assert page.hops == (
        Hop(world.url("/a"), 301, "/b"),
        Hop(world.url("/b"), 302, world.url("/c")),
    )
    assert asked == [world.url("/b"), world.url("/c")]


def test_a_gate_that_refuses_stops_the_chain(world):
    async def gate(url):
        raise Transient("host_busy", url)

    world.serve("/a", status=302, headers=[("Location", "/b")])
    world.serve("/b", b"not asked for")
    with pytest.raises(Transient) as caught:
        get(world, "/a", gate=gate)
    assert caught.value.reason == "host_busy"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/a", "redirect_loop"),
        ("file:///etc/passwd", "bad_redirect"),
        ("javascript:alert(1)", "bad_redirect"),
        ("http://user:secret@outlet.test/", "bad_redirect"),
        ("http://a.example\\@127.0.0.1/", "bad_redirect"),
    ],
)
def test_bad_redirects_have_reasons(world, location, reason):
    world.serve("/a", status=302, headers=[("Location", location)])
    with pytest.raises(Permanent) as caught:
        get(world, "/a")
    assert caught.value.reason == reason


def test_an_endless_chain_ends(world):
    for n in range(9):
        world.serve(f"/{n}", status=302, headers=[("Location", f"/{n + 1}")])
    with pytest.raises(Permanent) as caught:
        get(world, "/0")
    assert caught.value.reason == "too_many_redirects"


def test_no_answer_is_an_item_error(world):
    world.refuse("/a")
    with pytest.raises(ItemError) as caught:
        get(world, "/a")
    assert caught.value.reason == "bad_response"


@pytest.mark.parametrize("url", ["ftp://a.test/", "http://", "http://a b/", "//a.test/", "x"])
def test_what_is_no_web_address_is_refused(world, url):
    world.url = lambda _: url
    with pytest.raises(Permanent) as caught:
        get(world, "")
    assert caught.value.reason == "bad_url"
