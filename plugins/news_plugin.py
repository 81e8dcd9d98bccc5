"""Newsline inside Airflow's user interface: the ops page, and links from a task to what it did.

The one `AirflowPlugin` of this folder. Every Airflow process imports this file, so it imports
little: the page itself (news_ops.py) is made by the api-server, at its first request.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from news_links import ArticlesInKibana, FeedHealth, RunInLedger
from starlette.types import Receive, Scope, Send

from pipeline.config import OpsSettings, load
from pipeline.errors import ConfigError

log = structlog.get_logger()

URL_PREFIX = "/newsops"


class OpsPage:
    """The page as an ASGI application, made when it is first asked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from news_ops import PAGE  # noqa: PLC0415 - heavy, and for the api-server alone

        await PAGE(scope, receive, send)


def _ops_settings() -> OpsSettings:
    """Read [ops]; with settings that cannot be used the page itself says what is wrong."""
    named = os.environ.get("NEWSLINE_CONFIG")
    try:
        return load(Path(named) if named else None).ops
    except ConfigError as error:
        log.warning("ops_settings", detail=str(error))
        return OpsSettings()


def _views(ops: OpsSettings) -> list[dict[str, str]]:
    """Return the entries in Airflow's menus; `base_url` may put everything under a path."""
    page = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + URL_PREFIX
    views = [
        {
            "name": "Newsline",
            "href": f"{page}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "newsline",
        },
        {
            "name": "Feed health",
            "href": f"{page}/feeds",
            "destination": "dag",
            "url_route": "feed-health",
        },
    ]
    if ops.kibana_url:
        kibana = {"name": "Kibana", "href": ops.kibana_url, "destination": "nav"}
        views.append({**kibana, "category": "browse"})
    return views


class NewslinePlugin(AirflowPlugin):
    """What Airflow takes from here."""

    name = "newsline"
    fastapi_apps = [{"app": OpsPage(), "url_prefix": URL_PREFIX, "name": "Newsline"}]  # noqa: RUF012
    external_views = _views(_ops_settings())
    global_operator_extra_links = [FeedHealth(), RunInLedger(), ArticlesInKibana()]  # noqa: RUF012
