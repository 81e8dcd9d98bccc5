"""A search that the cluster broke off is refused, whatever it had found until then."""

from types import SimpleNamespace

import orjson
import pytest
from support_cluster import JSON, PRODUCT
from support_sockets import ScriptedServer, response

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.searching import Searcher
from pipeline.config import IndexSettings
from pipeline.errors import UsageError
from pipeline.index.query import Query

#: To the question which languages there are, and to the searches.
LANGUAGES = {"languages": {"buckets": []}, "indices": {"buckets": []}}
VECTOR = (1.0,) + (0.0,) * 383


@pytest.fixture
def searcher():
    with ScriptedServer() as server:
        settings = IndexSettings(kind="elasticsearch", url=server.url())
        client = connect(settings, None)
        answers = []

        def search(connection):
            asked = orjson.loads(connection.request.body)
            answers.append(asked)
            answer = {
                "timed_out": "languages" not in asked.get("aggs", {}),
                "_shards": {"failed": 0},
                "hits": {"total": {"value": 0}, "hits": []},
                "aggregations": LANGUAGES,
            }
            connection.send(response(orjson.dumps(answer), "200 OK", (PRODUCT, JSON)))
            return True

        server.on("/news/_search", search)
        yield Searcher(SimpleNamespace(client=lambda _: client, settings=settings), "news")
        client.close()
        assert all("timeout" in asked for asked in answers[1:])


@pytest.mark.parametrize(
    "query",
    [
        Query("safe zone"),
        Query("safe zone", collapse=True),
        Query("safe zone", vector=VECTOR),
    ],
)
def test_it_is_refused_with_what_to_do(searcher, query):
    with pytest.raises(UsageError, match="takes too long; narrow it"):
        searcher.search(query)
