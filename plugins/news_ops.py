"""The ops page over Newsline's settings, for those whom Airflow knows.

Airflow's own checks decide: whoever may see its pages may look, whoever may trigger `news_ingest`
may act. Not a plugin (see .airflowignore): the api-server imports it at the first request.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from airflow.models.dag import DagModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.app import App, build
from pipeline.cli.options import require_ledger
from pipeline.config import Config, load
from pipeline.errors import ConfigError, Fault, UsageError
from pipeline.ops.access import Person
from pipeline.ops.reports import OpsLedger
from pipeline.ops.web import make_app

#: Who may trigger this DAG may act on feeds.
INGEST = "news_ingest"
_DATA = "var/newsline"


async def who(request: Request) -> Person | None:
    """Return whom Airflow sees behind a request; raises its refusals: 401 nobody, 403 not here."""
    user = await get_user(request, None, await bearer_scheme(request))
    manager = get_auth_manager()
    may_look = await run_in_threadpool(
        lambda: manager.is_authorized_view(access_view=AccessView.WEBSITE, user=user)
    )
    if not may_look:
        raise HTTPException(403, "Forbidden")
    request.state.airflow_user = user
    return Person(id=str(user.get_id()), name=user.get_name())


async def may_act(request: Request, _: Person) -> bool:
    """Tell whether Airflow would let this user trigger a run of the ingestion."""
    user, manager = request.state.airflow_user, get_auth_manager()

    def ask() -> bool:
        team = DagModel.get_team_name(INGEST)
        return manager.is_authorized_dag(
            method="POST",
            access_entity=DagAccessEntity.RUN,
            details=DagDetails(id=INGEST, team_name=team),
            user=user,
        )

    return await run_in_threadpool(ask)


class _Page:
    """The page over the settings as they are now: a changed file is read again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: tuple[object, ...] | None = None
        self._app: App | None = None
        self._page: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        page = await run_in_threadpool(self._current)
        await page(scope, receive, send)

    def _current(self) -> ASGIApp:
        named = os.environ.get("NEWSLINE_CONFIG")
        path = Path(named).resolve() if named else None
        seen = (path, path.stat().st_mtime_ns if path and path.is_file() else None)
        with self._lock:
            if self._page is None or seen != self._seen:
                if self._app is not None:
                    self._app.close()
                self._app, self._page = _page_over(path)
                self._seen = seen
            return self._page


def _page_over(path: Path | None) -> tuple[App | None, ASGIApp]:
    """Return the app and its page; with settings that cannot be used the page says so."""
    data = Path(os.environ.get("NEWSLINE_DATA", _DATA))
    try:
        config = load(path)
    except ConfigError as error:
        wrong = error

        def complain() -> OpsLedger:
            raise wrong

        now = build(Config(), data).clock.now
        return None, _make(complain, Config(), now, None)
    app = build(config, data)
    return app, _make(lambda: _ledger_of(app), config, app.clock.now, app)


def _ledger_of(app: App) -> OpsLedger:
    """Return the ledger; a page must not make an empty one where there is none."""
    try:
        require_ledger(app.config, app.data)
    except UsageError as error:
        raise ConfigError([Fault("settings", "ledger.url", str(error))]) from None
    return app.ledger


def _make(
    open_ledger: Callable[[], OpsLedger],
    config: Config,
    now: Callable[[], datetime],
    app: App | None,
) -> ASGIApp:
    key = conf.get_mandatory_value("api", "secret_key").encode()
    return make_app(
        open_ledger,
        config,
        who,
        may_act=may_act,
        secret=hmac.new(key, b"newsline ops page", hashlib.sha256).digest(),
        now=now,
        open_index=(lambda: app.index) if app is not None else None,
    )


PAGE = _Page()
