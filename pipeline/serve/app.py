"""The application: its routers, what is around them, and how it refuses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from pipeline.serve import health, login, metrics, openapi, operations, problems
from pipeline.serve.api import alerts, articles, changes, entities, export, search, stories
from pipeline.serve.api import operations as facts
from pipeline.serve.frame import Frame
from pipeline.serve.health import Doctor
from pipeline.serve.limits import Limit, Limits
from pipeline.serve.metrics import Metrics
from pipeline.serve.pages import watching, web
from pipeline.serve.serving import Serving

#: At work at once; the others wait. No more than the ledger has connections.
THREADS = 12

#: One line for each part of the server. Every route of theirs `requires` a scope.
ROUTERS: tuple[APIRouter, ...] = (
    login.router,
    search.router,
    export.router,
    articles.router,
    stories.router,
    entities.router,
    facts.router,
    changes.router,
    alerts.router,
    alerts.feeds,
    health.router,
    metrics.router,
    web.router,
    watching.router,
)


def create_app(serving: Serving) -> FastAPI:
    """Return the application over some doors; whoever opened them closes them."""
    app = FastAPI(
        title="Newsline",
        description="Search, follow and export enriched news articles.",
        version=metadata.version("newsline"),
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.openapi = partial(openapi.describe, app)  # type: ignore[method-assign] # as its docs say
    measures = Metrics(serving)
    app.state.serving = serving
    limits = Limits(Limit(serving.config.serve.requests_per_minute))
    app.state.limits = limits
    app.state.metrics = measures
    app.state.doctor = Doctor(serving)
    app.state.streams = changes.Streams(serving.config.serve.streams)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    static = StaticFiles(packages=[("pipeline.serve", "static"), ("pipeline.ops", "static")])
    app.mount("/static", static, name="static")
    app.mount(operations.ROOT, operations.ops_page(serving, limits), name="ops")
    app.add_middleware(Frame, metrics=measures)
    return app


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
