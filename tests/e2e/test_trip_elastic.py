"""The whole trip into an Elasticsearch with security, by the real command and with its own keys."""

import shutil
import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from elasticsearch import ApiError, AuthorizationException, Elasticsearch
from support_elasticsearch import secure_elasticsearch  # noqa: F401 - a fixture
from support_schema import check
from support_trip import OBSERVED, Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster
from pipeline.config import IndexSettings
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
EDITIONS = {"rheinblatt-mobil", "courrier-du-rhone-mobile"}  # see test_trip.py
pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def world():
    with WorldServer(ScaledClock(NOW), script=()) as server:
        yield server


@pytest.fixture(scope="module")
def settings(secure_elasticsearch, tmp_path_factory):  # noqa: F811
    return IndexSettings(
        kind="elasticsearch",
        url=secure_elasticsearch.url,
        name=f"e{uuid.uuid4().hex[:12]}",
        keys=tmp_path_factory.mktemp("keys"),
        ca_file=secure_elasticsearch.ca_file,
    )


def section(settings, keys):
    return (
        f'[index]\nkind = "elasticsearch"\nurl = "{settings.url}"\nname = "{settings.name}"\n'
        f'keys = "{keys}"\nca_file = "{settings.ca_file}"\n'
    )


@pytest.fixture(scope="module")
def desk(world, settings, secure_elasticsearch, tmp_path_factory):  # noqa: F811
    """A desk whose index was set up by an administrator, and whose runs have the writer's key."""
    folder = tmp_path_factory.mktemp("desk")
    feeds = [feed for feed in world.feeds() if feed.feed_id not in EDITIONS]
    made = Desk(folder, feeds, port=world.port, extra=section(settings, settings.keys))
    made.settle(NOW)
    password = folder / "password"
    password.write_text(f"{secure_elasticsearch.password}\n", "utf-8")
    init = ("index", "init", "--config", str(made.config))
    admin = ("--user", secure_elasticsearch.user, "--password-file", str(password))
    first = {row["what"]: row["how"] for row in made.ask(*init, *admin)}
    assert (first["index"], first["key"], first["role"]) == ("made", "made", "put")
    again = {row["what"]: row["how"] for row in made.ask(*init, *admin)}
    assert (again["index"], again["key"]) == ("there already", "there already")
    assert {path.stat().st_mode & 0o777 for path in settings.keys.iterdir()} == {0o600}
    writer_only = folder / "writer-only"
    writer_only.mkdir()
    shutil.copy(settings.keys / "writer.key", writer_only)
    made.extra = section(settings, writer_only)
    return made


@pytest.fixture(scope="module")
def run(desk):
    """What `newsline run --once` said, with the writer's key and no other."""
    return desk.run(NOW)


@pytest.fixture
def reader(settings):
    key = (settings.keys / "reader.key").read_text("ascii").strip()
    with Elasticsearch(settings.url, api_key=key, ca_certs=str(settings.ca_file)) as client:
        yield client


def with_all_keys(desk, settings):
    """Let the following commands use the keys of all roles."""
    desk.extra = section(settings, settings.keys)
    desk.settle(NOW)


def test_the_writers_key_is_enough_for_a_run(run):
    assert run["balance"]["balances"]
    assert run["balance"]["indexed"] > 30
    assert "does not allow to search" in run["index_not_asked"]


def test_the_cluster_holds_what_the_embedded_index_would(run, world, desk, settings, tmp_path):
    feeds = [feed for feed in world.feeds() if feed.feed_id not in EDITIONS]
    embedded = Desk(tmp_path / "embedded", feeds, port=world.port)
    embedded.run(NOW)
    index = ElasticIndex(Cluster(settings))
    held = index.read([article_id for article_id, _ in index.versions()])
    index.close()
    assert {
        id_: {name: value for name, value in check(one).items() if name not in OBSERVED}
        for id_, one in held.items()
    } == embedded.documents()


def test_the_books_balance_against_what_the_cluster_says(run, desk, settings):
    with_all_keys(desk, settings)
    config = ("--config", str(desk.config))
    assert desk.ask("balance", *config)["balances"]
    status = desk.ask("index", "status", *config)
    assert (status["missing"], status["stale"], status["extra"], status["waiting"]) == (0, 0, 0, 0)
    assert status["documents"] == run["balance"]["indexed"]
    assert status["serving"] == f"{settings.name}-v1-000001"
    assert status["schema_version"] == 1
    assert desk.ask("index", "verify", *config) == {"differences": [], "repaired": 0}


def test_an_index_is_rebuilt_and_the_old_one_kept_until_told(run, desk, settings):
    with_all_keys(desk, settings)
    config = ("--config", str(desk.config))
    rebuilt = desk.ask("index", "rebuild", *config)
    assert (rebuilt["serves"], rebuilt["ok"]) == (True, run["balance"]["indexed"])
    status = desk.ask("index", "status", *config)
    assert (status["serving"], status["unused"]) == (
        f"{settings.name}-v1-000002",
        f"{settings.name}-v1-000001",
    )
    assert desk.ask("search", "safe zone", *config)["total"] > 0
    index = ElasticIndex(Cluster(settings))
    assert index.prune(before=datetime.now(UTC) - timedelta(days=1)) == []  # it is too young
    index.close()
    removed = desk.ask("index", "prune", *config)["removed"]
    assert removed == [f"{settings.name}-v1-000001"]
    assert desk.ask("balance", *config)["balances"]


def test_the_readers_key_searches_the_alias_and_does_nothing_else(run, reader, settings):
    found = reader.search(index=settings.name, query={"match": {"title": "zone"}}, size=10)
    assert found["hits"]["total"]["value"] > 0
    for hit in found["hits"]["hits"]:  # what a service reads, with the fields of the index's own
        assert {"state", "indexed_at", "sort_at"} <= set(check(hit["_source"]))
    concrete = f"{settings.name}-v1-*"
    refused = [
        lambda: reader.search(index=f"{settings.name}_write"),
        lambda: reader.index(index=settings.name, document={"title": "mine"}),
        lambda: reader.delete_by_query(index=settings.name, query={"match_all": {}}),
        lambda: reader.indices.delete(index=f"{settings.name}-v1-000002"),
        lambda: reader.indices.put_settings(index=settings.name, settings={"refresh_interval": -1}),
        reader.cluster.health,
        lambda: reader.security.create_api_key(name="mine"),
    ]
    for attempt in refused:
        with pytest.raises(ApiError) as error:
            attempt()
        assert error.value.status_code in (400, 403, 405), orjson.dumps(error.value.body)
    assert reader.search(index=concrete)["hits"]["total"]["value"] == 0  # none it may see


def test_the_writers_key_reads_and_removes_nothing(run, settings):
    key = (settings.keys / "writer.key").read_text("ascii").strip()
    write = f"{settings.name}_write"
    with Elasticsearch(settings.url, api_key=key, ca_certs=str(settings.ca_file)) as writer:
        for attempt in (
            lambda: writer.search(index=settings.name),
            lambda: writer.get(index=write, id="x"),
            lambda: writer.delete(index=write, id="x"),
            lambda: writer.index(index="another", document={}),
            lambda: writer.indices.create(index=f"{settings.name}-v1-000009"),
        ):
            with pytest.raises(AuthorizationException):
                attempt()


def test_events_are_written_with_the_writers_key_and_read_with_the_readers(run, reader, settings):
    events, write = f"{settings.name}_events", f"{settings.name}_events_write"
    kinds = {"kinds": {"terms": {"field": "kind"}}}
    found = reader.search(index=events, size=0, aggs=kinds)["aggregations"]["kinds"]["buckets"]
    counts = {bucket["key"]: bucket["doc_count"] for bucket in found}
    assert set(counts) == {"outcome", "poll", "freshness"}
    assert counts["freshness"] == run["balance"]["indexed"]
    key = (settings.keys / "writer.key").read_text("ascii").strip()
    with Elasticsearch(settings.url, api_key=key, ca_certs=str(settings.ca_file)) as writer:
        for attempt in (
            lambda: writer.search(index=events),
            lambda: writer.delete(index=write, id="x"),
            lambda: writer.indices.create(index=f"{settings.name}-events-v1-000009"),
            lambda: reader.index(index=write, document={"kind": "mine"}),
            lambda: reader.search(index=write),
        ):
            with pytest.raises(AuthorizationException):
                attempt()
