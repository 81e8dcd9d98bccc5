"""Serves the rehearsal world over plain HTTP on 127.0.0.1, and keeps a log of what was asked."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import uvicorn

from pipeline.errors import UsageError
from pipeline.model import Feed
from pipeline.ports import Clock
from pipeline.rehearsal.articles import Article, load_articles
from pipeline.rehearsal.message import Answer, Request
from pipeline.rehearsal.outlets import OUTLETS, Outlet
from pipeline.rehearsal.script import Event, Script, load_script
from pipeline.rehearsal.world import World

#: Articles are known by their address, port included: rehearsals that share a data folder have to
#: be on the same port, or every article is a new one.
DEFAULT_PORT = 8019

_START_S = 10.0  # a server that is not up by then never will be

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Asked:
    """One request as it arrived and how it was answered."""

    host: str
    path: str
    query: str
    at: datetime  # by the world's clock
    monotonic_s: float  # by the real clock: for pace
    headers: tuple[tuple[str, str], ...]
    status: int
    ended_s: float | None = None  # when the answer had gone out; None: it has not


class WorldServer:
    """The world on a port of 127.0.0.1 while the context lasts; every host name leads there.

    `script` (or just its events) and `articles` default to those that ship; port 0 takes a free
    one. `requests` grows as they come and may be read at any time. Raises UsageError when the
    port is taken.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        port: int = 0,
        script: Script | Sequence[Event] | None = None,
        articles: Sequence[Article] | None = None,
        outlets: Sequence[Outlet] = OUTLETS,
    ) -> None:
        self._clock = clock
        self._script = _whole(script)
        self._articles = load_articles() if articles is None else articles
        self._outlets = outlets
        self._wanted_port = port
        self._earlier: Counter[tuple[str, str]] = Counter()
        self.requests: list[Asked] = []

    def __enter__(self) -> Self:
        """Start serving; returns when the first request can be answered."""
        listener = _listen(self._wanted_port)
        self.port: int = listener.getsockname()[1]
        try:
            self.world = World(
                self._articles, outlets=self._outlets, script=self._script, port=self.port
            )
        except BaseException:
            listener.close()
            raise
        settings = uvicorn.Config(
            self._app,
            lifespan="off",
            ws="none",
            interface="asgi3",
            log_config=None,
            log_level="critical",  # a connection that we cut on purpose is no error to report
            access_log=False,
            server_header=False,
            date_header=False,  # the world's clock says what day it is
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="world", daemon=True
        )
        self._thread.start()
        deadline_s = time.monotonic() + _START_S
        while not self._server.started:
            if time.monotonic() > deadline_s or not self._thread.is_alive():
                raise RuntimeError("the rehearsal server did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving; returns when the port is free again."""
        self._server.should_exit = True
        self._thread.join()

    def feeds(self) -> tuple[Feed, ...]:
        """Return every feed of the world, with addresses at this port."""
        return self.world.catalogue()

    async def _app(self, scope: _Scope, receive: _Receive, send: _Send) -> None:  # noqa: ARG002 - ASGI
        """Answer one HTTP request (ASGI 3)."""
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        )
        host = dict(headers).get("host", "").partition(":")[0].lower()
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        now = self._clock.now()
        request = Request(host, path, query, dict(headers), self._earlier[host, path])
        self._earlier[host, path] += 1
        answer = self.world.answer(request, now)
        asked = Asked(host, path, query, now, time.monotonic(), headers, answer.status)
        self.requests.append(asked)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        await _reply(answer, send, head_only=scope["method"] == "HEAD")
        asked.ended_s = time.monotonic()


def _whole(script: Script | Sequence[Event] | None) -> Script:
    """Return a script from what the caller gave: events alone are one without links."""
    if script is None:
        return load_script()
    return script if isinstance(script, Script) else Script(events=tuple(script))


async def _reply(answer: Answer, send: _Send, *, head_only: bool) -> None:
    """Send an answer; one that is cut stops half-way, and the server then drops the connection."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    if answer.status != 304:  # noqa: PLR2004 - Not Modified has no body to measure
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if head_only else answer.body
    if answer.cut:
        half = body[: len(body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        return
    await send({"type": "http.response.body", "body": body})


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        reason = error.strerror
        raise UsageError(
            f"port {port} on 127.0.0.1 cannot be used ({reason}); give another with --port"
        ) from None
    listener.listen(128)
    return listener
