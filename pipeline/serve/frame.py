"""What is around every request: an id, a line in the log, headers, and how large it may be."""

import re
import secrets
import time
from http import HTTPStatus

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serve.metrics import Metrics
from pipeline.serve.problems import Refused, broken

log = structlog.get_logger()

#: Everything is our own: no script or style in the page, nothing from elsewhere, no frame around.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: Unless an answer says otherwise. What is the same for everybody is kept, and asked about again.
_KEPT, _NOT_KEPT, _SAME_FOR_ALL = "no-cache", "no-store", "/static/"
#: The largest thing that anybody has to send is a saved search.
MAX_BODY_BYTES = 65_536
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Frame:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; anything but HTTP is refused."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                is_static = scope["path"].startswith(_SAME_FOR_ALL)
                headers.setdefault("Cache-Control", _KEPT if is_static else _NOT_KEPT)
                headers["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, _bounded(receive), send_with_headers)
            except Exception:
                log.exception("request_failed")
                if status:
                    raise  # the server breaks the connection off: the answer is not whole
                await broken(Request(scope))(scope, receive, send_with_headers)
            finally:
                self._note(scope, status, time.perf_counter() - began_s)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        """Count a request, and log it without what was asked: that is the caller's own business."""
        method, route = scope["method"], getattr(scope.get("route"), "path", "other")
        self._metrics.count(method, route, status, took_s)
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            took_ms=round(took_s * 1000, 1),
            caller=scope.get("caller"),
        )


def _request_id(scope: Scope) -> str:
    """Return the id that the caller (or a proxy) gave the request, or a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _bounded(receive: Receive) -> Receive:
    """Return a source of the body that ends a request whose body is too large."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            detail = f"A body has {MAX_BODY_BYTES} bytes at most."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
        return message

    return receive_some
