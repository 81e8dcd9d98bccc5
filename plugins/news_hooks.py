"""Hooks for DAGs of your own: Newsline's ledger and settings, and Elasticsearch.

Airflow's forms for their connections are described in pipeline/airflow_provider.py. Not a plugin
(see .airflowignore): import it in a task, `from news_hooks import NewslineHook`.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from airflow.sdk import BaseHook
from elastic_transport import HttpxAsyncHttpNode, TransportError
from elasticsearch import ApiError, AsyncElasticsearch, Elasticsearch, OrjsonSerializer
from sqlalchemy.engine import URL

from pipeline.adapters.elastic.cluster import REQUEST_TIMEOUT_S, refusals
from pipeline.adapters.ledger import SqlLedger
from pipeline.airflow_provider import ELASTICSEARCH, LEDGER
from pipeline.app import App, build
from pipeline.config import Config, load
from pipeline.errors import AccessDenied, NewslineError

_FORBIDDEN = 403


class NewslineHook(BaseHook):
    """Newsline's settings and ledger by a connection of type `newsline`.

    What the connection leaves empty comes from NEWSLINE_CONFIG, NEWSLINE_DATA and the settings.
    """

    conn_name_attr = "newsline_conn_id"
    default_conn_name = "newsline_default"
    conn_type = LEDGER
    hook_name = "Newsline"

    def __init__(self, newsline_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.newsline_conn_id = newsline_conn_id

    @cached_property
    def app(self) -> App:
        """The doors of Newsline, each opened when it is first used. Raises ConfigError."""
        connection = self.get_connection(self.newsline_conn_id)
        extra = connection.extra_dejson
        data = extra.get("data") or os.environ.get("NEWSLINE_DATA", "var/newsline")
        return build(self._settings(connection, extra), Path(data))

    @staticmethod
    def _settings(connection: Any, extra: dict[str, Any]) -> Config:  # noqa: ANN401 - Airflow's
        named = extra.get("config") or os.environ.get("NEWSLINE_CONFIG")
        told = dict(os.environ)
        if connection.host:
            is_socket = connection.host.startswith("/")
            ledger = URL.create(
                "postgresql",
                username=connection.login or None,
                password=connection.password or None,
                host=None if is_socket else connection.host,
                port=connection.port,
                database=connection.schema or None,
                query={"host": connection.host} if is_socket else {},
            )
            told["NEWSLINE_LEDGER__URL"] = ledger.render_as_string(hide_password=False)
        return load(Path(named) if named else None, told)

    def get_conn(self) -> SqlLedger:
        """Return the ledger; `close` it, or use the hook as a context."""
        return self.app.ledger

    def close(self) -> None:
        """Close what was opened."""
        app = self.__dict__.pop("app", None)
        if app is not None:
            app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def test_connection(self) -> tuple[bool, str]:
        """Say whether settings and ledger can be used; for the form's test button."""
        try:
            with self:
                feeds = self.get_conn().feed_states()
        except NewslineError as error:
            return False, str(error)
        return True, f"The ledger answers; feeds in it: {len(feeds)}."


class NewsElasticsearchHook(BaseHook):
    """A cluster by a connection of type `news_elasticsearch`: hosts, and a key that is a file.

    `search` returns all that the cluster says, aggregations included. Retries have one owner, the
    task: the client makes none.
    """

    conn_name_attr = "elasticsearch_conn_id"
    default_conn_name = "news_elasticsearch_default"
    conn_type = ELASTICSEARCH
    hook_name = "Elasticsearch (Newsline)"

    def __init__(self, elasticsearch_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.elasticsearch_conn_id = elasticsearch_conn_id

    @cached_property
    def client(self) -> Elasticsearch:
        """The client, with nothing asked yet."""
        return Elasticsearch(**self._arguments)

    def async_client(self) -> AsyncElasticsearch:
        """Return a client for a task that is `async def`; close it with `await client.close()`."""
        return AsyncElasticsearch(**self._arguments, node_class=HttpxAsyncHttpNode)

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        connection = self.get_connection(self.elasticsearch_conn_id)
        extra = connection.extra_dejson
        scheme, port = connection.schema or "https", connection.port or 9200
        hosts = [name.strip() for name in (connection.host or "localhost").split(",")]
        arguments: dict[str, Any] = {
            "hosts": [one if "://" in one else f"{scheme}://{one}:{port}" for one in hosts if one],
            "request_timeout": float(extra.get("request_timeout") or REQUEST_TIMEOUT_S),
            "max_retries": 0,
            "retry_on_timeout": False,
            "serializer": OrjsonSerializer(),
        }
        if extra.get("ca_certs"):
            arguments["ca_certs"] = extra["ca_certs"]
        key = extra.get("api_key")
        if extra.get("api_key_file"):
            key = Path(extra["api_key_file"]).read_text("ascii").strip()
        if key:
            arguments["api_key"] = key
        elif connection.login:
            arguments["basic_auth"] = (connection.login, connection.password or "")
        return arguments

    def get_conn(self) -> Elasticsearch:
        """Return the client."""
        return self.client

    def search(self, index: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - Elasticsearch's
        """Return the whole answer of a search. Raises IndexUnavailable, AccessDenied."""
        return self._ask(f"search {index}", lambda: self.client.search(index=index, **body))

    def _ask(self, doing: str, ask: Callable[[], Any]) -> dict[str, Any]:
        with refusals(doing, ", ".join(self._arguments["hosts"])):
            answer: dict[str, Any] = ask().body
        return answer

    def close(self) -> None:
        """Close the connections."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.close()

    def test_connection(self) -> tuple[bool, str]:
        """Say how the cluster is; a key that may only search may not ask, but is known."""
        try:
            health = self._ask("ask for its health", self.client.cluster.health)
        except AccessDenied as error:
            cause = error.__context__
            known = isinstance(cause, ApiError) and cause.status_code == _FORBIDDEN
            words = "The cluster answers and knows the key, which may not ask for its health."
            return (True, words) if known else (False, str(error))
        except (NewslineError, ApiError, TransportError, OSError, ValueError) as error:
            return False, str(error)
        finally:
            with suppress(OSError):
                self.close()
        return True, f"{health['cluster_name']} is {health['status']}."
