"""The page as an ASGI application, to be mounted where people are known. No script, no log-in.

Every request passes one gate, whatever its route: without somebody who says who asks, nothing is
served at all. Answers are not cached, and load nothing from anywhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.config import Config
from pipeline.errors import ConfigError, StoreUnavailable, UsageError
from pipeline.ops import reports
from pipeline.ops.access import MayAct, Person, Who
from pipeline.ops.acting import Acting
from pipeline.ops.asked import dead_choice, feed_choice, url_asked, window_asked
from pipeline.ops.rendering import Visit, render
from pipeline.ops.reports import OpsLedger
from pipeline.ports import IndexReader

#: No script at all; the style sheet is our own; only the site that serves us may frame us.
POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STYLE = "".join(
    (files("pipeline.ops") / folder / name).read_text("utf-8")
    for folder, name in (("static", "look.css"), ("templates", "ops.css"))
)


@dataclass(frozen=True)
class Desk:
    """What the page works with."""

    open_ledger: Callable[[], OpsLedger]  # the same one each time, or a cheap one
    config: Config
    now: Callable[[], datetime]
    secret: bytes  # signs forms; the same in all processes that serve the page
    may_act: MayAct
    open_index: Callable[[], IndexReader] | None = field(default=None)


def make_app(
    open_ledger: Callable[[], OpsLedger],
    config: Config,
    who: Who | None,
    *,
    may_act: MayAct,
    secret: bytes,
    now: Callable[[], datetime],
    open_index: Callable[[], IndexReader] | None = None,
) -> Starlette:
    """Return the application. Without `who` it answers 401 to everything."""
    desk = Desk(open_ledger, config, now, secret, may_act, open_index)
    pages, acting = _Pages(desk), Acting(desk)
    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/feeds", pages.feeds),
            Route("/feeds/{feed_id}", pages.feed),
            Route("/feeds/{feed_id}/{action}", acting.on_feed, methods=["POST"]),
            Route("/dead", pages.dead),
            Route("/dead/replay", acting.replay, methods=["POST"]),
            Route("/where", pages.where),
            Route("/runs/{run_id}", pages.run),
            Route("/balance", pages.balance),
            Route("/ops.css", _style),
        ],
        middleware=[Middleware(_Gate, who=who)],
        exception_handlers={
            HTTPException: pages.refused,
            StoreUnavailable: pages.away,
            ConfigError: pages.away,
        },
    )


class _Gate:
    """Lets in who is known, and puts our headers on every answer."""

    def __init__(self, app: ASGIApp, who: Who | None) -> None:
        self._app = app
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it. Anything but HTTP is refused."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # an unanswered WebSocket is closed by the server

        async def send_with_headers(message: object) -> None:
            if isinstance(message, dict) and message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)  # type: ignore[arg-type] # what Starlette passes on

        refused = await self._admit(scope)
        app = self._app if refused is None else refused
        await app(scope, receive, send_with_headers)

    async def _admit(self, scope: Scope) -> Response | None:
        """Note who asks; return the refusal when it is nobody."""
        try:
            person = await self._who(Request(scope)) if self._who is not None else None
        except HTTPException as error:
            return PlainTextResponse(error.detail, error.status_code, error.headers)
        if person is None:
            return PlainTextResponse("Not authenticated", HTTPStatus.UNAUTHORIZED)
        scope.setdefault("state", {})["person"] = person
        return None


def person_of(request: Request) -> Person:
    """Return who asks; the gate has seen to it that there is somebody."""
    person: Person = request.state.person
    return person


async def _style(_: Request) -> Response:
    return Response(_STYLE, media_type="text/css")


async def visit_of(desk: Desk, request: Request) -> Visit:
    """Return what every page says about who looks, and when."""
    person = person_of(request)
    return Visit(
        root=str(request.scope.get("root_path", "")).rstrip("/"),
        person=person,
        may_act=await desk.may_act(request, person),
        now=desk.now(),
        secret=desk.secret,
        config=desk.config,
        done=request.query_params.get("done", ""),
    )


class _Pages:
    """One method for each page that is looked at."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def overview(self, request: Request) -> Response:
        """Show everything at a glance."""
        desk, window = self._desk, window_asked(request.query_params)
        report = await run_in_threadpool(
            lambda: reports.overview(desk.open_ledger(), desk.config, desk.now(), window)
        )
        return await self._page(request, "overview", report=report, windows=reports.WINDOWS)

    async def feeds(self, request: Request) -> Response:
        """List feeds."""
        desk, choice = self._desk, feed_choice(request.query_params)
        report = await run_in_threadpool(
            lambda: reports.feed_list(desk.open_ledger(), choice, desk.now())
        )
        return await self._page(request, "feeds", report=report, sorts=reports.SORTS)

    async def feed(self, request: Request) -> Response:
        """Show one feed."""
        desk, feed_id = self._desk, request.path_params["feed_id"]
        report = await run_in_threadpool(
            lambda: reports.feed_report(desk.open_ledger(), feed_id, desk.now())
        )
        if report is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no feed of that name.")
        return await self._page(request, "feed", report=report)

    async def dead(self, request: Request) -> Response:
        """Show dead letters."""
        desk, choice = self._desk, dead_choice(request.query_params)
        report = await run_in_threadpool(lambda: reports.dead_report(desk.open_ledger(), choice))
        return await self._page(request, "dead", report=report)

    async def where(self, request: Request) -> Response:
        """Tell the life of one URL."""
        desk, url = self._desk, url_asked(request.query_params)
        life, problem = None, ""
        if url:
            try:
                life = await run_in_threadpool(lambda: reports.life_of(desk.open_ledger(), url))
                problem = "" if life else "It was never seen in any feed of this ledger."
            except UsageError as error:
                problem = str(error)
        status = HTTPStatus.NOT_FOUND if problem else HTTPStatus.OK
        return await self._page(request, "where", status, life=life, url=url, problem=problem)

    async def run(self, request: Request) -> Response:
        """Show what one run did."""
        run_id = request.path_params["run_id"]
        counts = await run_in_threadpool(lambda: self._desk.open_ledger().run_counts(run_id))
        return await self._page(request, "run", run_id=run_id, counts=counts)

    async def balance(self, request: Request) -> Response:
        """Hold the books against the index itself."""
        desk, sheet, problem = self._desk, None, ""
        found: list[reports.Disagreement] = []
        if desk.open_index is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "No index can be asked from here.")
        open_index = desk.open_index
        try:
            sheet, found = await run_in_threadpool(
                lambda: reports.compared(desk.open_ledger(), open_index())
            )
        except UsageError as error:  # another key would be needed, or another process writes
            problem = str(error)
        return await self._page(request, "balance", sheet=sheet, found=found, problem=problem)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Say in words why something is not served."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = error.detail if isinstance(error, HTTPException) else ""
        return await self._page(request, "refused", HTTPStatus(status), words=words)

    async def away(self, request: Request, error: Exception) -> Response:
        """Say that the ledger or the index does not answer."""
        return await self._page(
            request, "refused", HTTPStatus.SERVICE_UNAVAILABLE, words=str(error)
        )

    async def _page(
        self, request: Request, name: str, status: HTTPStatus = HTTPStatus.OK, **report: object
    ) -> Response:
        visit = await visit_of(self._desk, request)
        has_index = self._desk.open_index is not None
        return render(name, visit, status, has_index=has_index, **report)
