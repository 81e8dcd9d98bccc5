"""The hooks by connections of Airflow, in a process of their own as a task has one."""

import json
import os
import subprocess
import sys
import uuid

import pytest
from support_elasticsearch import node_url
from support_ledger import publish
from support_postgres import postgres_server, postgres_url  # noqa: F401 - fixtures

from pipeline.adapters.ledger import open_ledger

pytestmark = [pytest.mark.airflow, pytest.mark.slow]
SEARCH = """
import asyncio, json
from news_hooks import NewsElasticsearchHook
hook = NewsElasticsearchHook()
counted = {"by": {"terms": {"field": "word.keyword"}}}
hook.client.index(index=INDEX, id="1", document={"word": "truce"}, refresh=True)
found = hook.search(INDEX, size=0, aggs=counted)
async def count():
    client = hook.async_client()
    try:
        return (await client.count(index=INDEX)).body["count"]
    finally:
        await client.close()
several = asyncio.run(count())
hook.client.indices.delete(index=INDEX)
print(json.dumps([found["aggregations"]["by"]["buckets"], several, hook.test_connection()]))
"""
TEST = "import json, news_hooks; print(json.dumps(news_hooks.{}().test_connection()))"


@pytest.fixture
def task(tmp_path, root):
    """Run code as a task would: with our plugins on the path, and a connection in a variable."""

    def run(code, **connections):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "NEWSLINE"))}
        told = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(how) for name, how in connections.items()
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=kept | told | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(root / "plugins")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


def ask_ledger(task, **connection):
    how = {"conn_type": "newsline", **connection}
    return task(TEST.format("NewslineHook"), newsline_default=how)


@pytest.mark.postgres
def test_the_ledger_hook_finds_a_postgresql_ledger(task, postgres_server, postgres_url):  # noqa: F811
    url, _ = postgres_server
    ledger = open_ledger(postgres_url)
    publish(ledger, "https://herald.example/a")
    ledger.close()
    assert ask_ledger(task, extra={"config": "nowhere.toml"})[0] is False
    database = postgres_url.partition("?")[0].rpartition("/")[2]
    folder = url.query.get("host")
    if folder is None:
        connection = {"host": url.host, "port": url.port, "login": url.username,
                      "password": url.password, "schema": database}  # fmt: skip
    else:  # a server on a Unix socket has a folder for its host
        connection = {"host": folder, "login": url.username, "schema": database}
    assert ask_ledger(task, **connection) == [True, "The ledger answers; feeds in it: 1."]
    away = ask_ledger(task, host="127.0.0.1", port=1, schema="newsline")
    assert away[0] is False
    assert "cannot be used" in away[1]


@pytest.mark.elasticsearch
def test_the_elasticsearch_hook_keeps_aggregations_and_can_wait_side_by_side(task):
    address = node_url()
    secret = address.removeprefix("http://")
    host, _, port = secret.partition(":")
    connection = {"conn_type": "news_elasticsearch", "host": host, "port": int(port),
                  "schema": "http"}  # fmt: skip
    index = f"hook-{uuid.uuid4().hex[:8]}"
    code = f"INDEX = {index!r}\n{SEARCH}"
    buckets, several, (well, words) = task(code, news_elasticsearch_default=connection)
    assert buckets == [{"key": "truce", "doc_count": 1}]
    assert (several, well) == (1, True)
    assert words.endswith((" is green.", " is yellow."))
    gone = {**connection, "host": "127.0.0.1", "port": 1}
    well, words = task(TEST.format("NewsElasticsearchHook"), news_elasticsearch_default=gone)
    assert (well, "cannot ask for its health" in words) == (False, True)
