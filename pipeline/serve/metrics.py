"""`GET /metrics`: how long requests take, and how ledger and index stand, for Prometheus."""

from collections.abc import Iterator

from fastapi import APIRouter, Depends
from prometheus_client import (
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from pipeline.index.query import Query
from pipeline.keys import KeyScope
from pipeline.ops.reports import Overview, overview
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import REFUSALS
from pipeline.serve.serving import Serving

#: When each series began would be as many series again, and nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no types

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WINDOW = "1h"

router = APIRouter(
    tags=["operations"],
    dependencies=[Depends(requires(KeyScope.OPS))],
    responses=REFUSALS,
)


class Metrics:
    """The measures of one server process."""

    def __init__(self, serving: Serving) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "newsline_request_seconds",
            "Time from a request to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.registry.register(_Standing(serving))

    def count(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).observe(took_s)


class _Standing(Collector):
    """Asks ledger and index when it is asked itself."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def describe(self) -> list[Metric]:
        """Return nothing: no question is asked when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield how things stand."""
        serving = self._serving
        now = serving.clock.now()
        seen = overview(serving.ledger, serving.config, now, _WINDOW)
        yield from _of_books(seen)
        yield from _of_queues(seen, now.timestamp())
        yield _gauge(
            "newsline_index_articles", "Articles that a search finds.",
            [((), serving.index.search(Query(size=1, highlight=False)).total)],
        )  # fmt: skip
        if seen.fresh.p95_s is not None:
            yield _gauge(
                "newsline_freshness_p95_seconds",
                "First sight to index, of articles indexed in the last hour.",
                [((), seen.fresh.p95_s)],
            )
        yield _gauge(
            "newsline_feeds", "Feeds by standing.",
            [((standing,), feeds) for standing, feeds in seen.feeds.items()], "standing",
        )  # fmt: skip


def _of_books(seen: Overview) -> Iterator[Metric]:
    books = seen.books
    yield _gauge(
        "newsline_urls_discovered", "URLs ever discovered, by their sightings.",
        [((), books.discovered)],
    )  # fmt: skip
    yield _gauge(
        "newsline_urls", "URLs by where they stand: together, those discovered.",
        [((term.status,), term.urls) for term in books.terms], "status",
    )  # fmt: skip
    yield _gauge(
        "newsline_books_balance", "1: everything discovered is accounted for.",
        [((), int(books.balances))],
    )  # fmt: skip


def _of_queues(seen: Overview, now_s: float) -> Iterator[Metric]:
    queues = [load.queue for load in seen.loads]
    yield _gauge(
        "newsline_queue_due", "Items that are due at a stage.",
        [((queue.stage,), queue.due) for queue in queues], "stage",
    )  # fmt: skip
    yield _gauge(
        "newsline_queue_lag_seconds", "For how long the oldest item of a stage has waited.",
        [
            ((queue.stage,), max(0.0, now_s - at.timestamp()) if at else 0.0)
            for queue in queues
            for at in [queue.waits_since]
        ],
        "stage",
    )  # fmt: skip


def _gauge(
    name: str, said: str, samples: list[tuple[tuple[str, ...], float]], *labels: str
) -> Metric:
    gauge = GaugeMetricFamily(name, said, labels=labels)
    for values, number in samples:
        gauge.add_metric(values, number)
    return gauge


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {}}}},
)
def metrics(request: Request, _: Served) -> Response:
    """Return everything that is measured, as Prometheus reads it."""
    measures: Metrics = request.app.state.metrics
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
