"""The whole trip into an Elasticsearch with security, by the real command and with its own keys."""

import shutil
import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    Elasticsearch,
)
from support_elasticsearch import secure_elasticsearch  # noqa: F401 - a fixture
from support_index import ROOT
from support_schema import check, lasting
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.setup import Setup
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
    assert {id_: lasting(one) for id_, one in held.items()} == embedded.documents()


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


def client_of(settings, key):
    return Elasticsearch(settings.url, api_key=key, ca_certs=str(settings.ca_file))


def held_key(settings, role):
    return (settings.keys / f"{role}.key").read_text("ascii").strip()


def serving(settings):
    """An id that is in the index, and the index itself."""
    index = ElasticIndex(Cluster(settings))
    article_id = next(iter(index.versions()))[0]
    concrete = index.describe()["serving"]
    index.close()
    return article_id, concrete


def test_the_writers_key_reads_and_removes_nothing(run, settings):
    write = f"{settings.name}_write"
    held, concrete = serving(settings)
    query, mapping = {"match_all": {}}, {"mine": {"type": "keyword"}}
    with client_of(settings, held_key(settings, "writer")) as writer:
        for attempt in (
            lambda: writer.search(index=settings.name),
            lambda: writer.get(index=write, id=held),
            lambda: writer.mget(index=write, ids=[held]),
            lambda: writer.update(index=write, id=held, doc={"state": "live"}, source=True),
            lambda: writer.update(index=concrete, id=held, doc={"title": "mine"}),
            lambda: writer.termvectors(index=write, id=held, fields=["title"]),
            lambda: writer.field_caps(index=write, fields="*"),
            lambda: writer.delete(index=write, id=held),
            lambda: writer.index(index="another", document={}),
            lambda: writer.indices.get_mapping(index=f"{settings.name}-videos"),
            lambda: writer.indices.create(index=f"{settings.name}-v1-000009"),
            lambda: writer.indices.put_mapping(index=write, properties=mapping),
            lambda: writer.indices.put_mapping(index=concrete, properties=mapping),
            lambda: writer.indices.put_alias(index=concrete, name=f"{settings.name}_rebuild"),
            lambda: writer.indices.get_settings(index=write),
            lambda: writer.indices.refresh(index=write),
            writer.info,
            writer.cluster.get_settings,
            lambda: writer.cluster.put_settings(
                persistent={"indices.recovery.max_bytes_per_sec": "1mb"}
            ),
            writer.nodes.info,
            writer.indices.get_index_template,
        ):
            with pytest.raises(AuthorizationException):
                attempt()
        # The node for development has no module for these two: there a 400, elsewhere a 403.
        for by_query in (
            lambda: writer.update_by_query(index=write, query=query),
            lambda: writer.delete_by_query(index=write, query=query),
        ):
            with pytest.raises(ApiError):
                by_query()
        for operation in ({"update": {"_id": held, "_source": True}}, {"delete": {"_id": held}}):
            lines = [operation, *([{"doc": {"state": "live"}}] if "update" in operation else [])]
            (item,) = writer.bulk(index=write, operations=lines).body["items"]
            (answer,) = item.values()
            assert answer["status"] == 403, answer
            assert "get" not in answer


def test_the_maintainers_key_changes_nothing_of_others(run, settings):
    theirs = {"name": "theirs", "index_patterns": ["logs-theirs-*"], "priority": 900}
    with client_of(settings, held_key(settings, "maintainer")) as maintainer:
        for attempt in (
            lambda: maintainer.indices.put_index_template(**theirs),
            lambda: maintainer.indices.delete_index_template(name=f"{settings.name}-template"),
            maintainer.indices.get_index_template,
            lambda: maintainer.cluster.delete_component_template(name=f"{settings.name}-settings"),
            maintainer.cluster.get_settings,
            maintainer.nodes.info,
            maintainer.cluster.stats,
            lambda: maintainer.search(index="another"),
            lambda: maintainer.indices.create(index=f"{settings.name}-videos"),
            lambda: maintainer.indices.create(index=f"{settings.name}-v1-others"),
            lambda: maintainer.security.create_api_key(name="mine"),
        ):
            with pytest.raises(AuthorizationException):
                attempt()


def test_events_are_written_with_the_writers_key_and_read_by_analysts(
    run,
    reader,
    settings,
    secure_elasticsearch,  # noqa: F811
):
    events, write = f"{settings.name}_events", f"{settings.name}_events_write"
    user, ca = secure_elasticsearch, str(settings.ca_file)
    person = (f"{settings.name}_person", uuid.uuid4().hex)
    with Elasticsearch(user.url, basic_auth=(user.user, user.password), ca_certs=ca) as admin:
        roles = [f"{settings.name}_analyst"]
        admin.security.put_user(username=person[0], password=person[1], roles=roles)
    kinds = {"kinds": {"terms": {"field": "kind"}}}
    with Elasticsearch(user.url, basic_auth=person, ca_certs=ca) as analyst:
        found = analyst.search(index=events, size=0, aggs=kinds)["aggregations"]["kinds"]["buckets"]
        assert analyst.count(index=settings.name)["count"] > 0
        with pytest.raises(AuthorizationException):
            analyst.index(index=write, document={"kind": "mine"})
    counts = {bucket["key"]: bucket["doc_count"] for bucket in found}
    assert set(counts) == {"outcome", "poll", "freshness"}
    assert counts["freshness"] == run["balance"]["indexed"]
    with client_of(settings, held_key(settings, "writer")) as writer:
        for attempt in (
            lambda: writer.search(index=events),
            lambda: writer.delete(index=write, id="x"),
            lambda: writer.indices.create(index=f"{settings.name}-events-v1-000009"),
            lambda: reader.index(index=write, document={"kind": "mine"}),
            lambda: reader.search(index=events),
            lambda: reader.search(index=write),
        ):
            with pytest.raises(AuthorizationException):
                attempt()


def works(settings, key):
    with client_of(settings, key) as client:
        try:
            client.security.authenticate()
        except AuthenticationException:
            return False
        return True


@pytest.fixture
def of_their_own(settings, secure_elasticsearch, tmp_path):  # noqa: F811
    """Another collection of the same cluster, whose keys are renewed; returns how, and where."""
    keys = tmp_path / "keys"
    mine = settings.model_copy(update={"name": f"e{uuid.uuid4().hex[:12]}", "keys": keys})
    user = secure_elasticsearch

    def init(*, renew=False):
        setup = Setup(mine, ROOT / "config", (user.user, user.password))
        try:
            return {one.name: one.how for one in setup.run(renew_keys=renew) if one.what == "key"}
        finally:
            setup.close()

    return mine, init


def all_keys(settings):
    return [held_key(settings, role) for role in Role]


def test_renewed_keys_take_the_place_of_the_old_ones(settings, of_their_own):
    mine, init = of_their_own
    init()
    old = all_keys(mine)
    assert set(init().values()) == {"there already"}
    assert set(init(renew=True).values()) == {"made"}
    assert [works(mine, key) for key in old] == [False] * 3
    assert [works(mine, key) for key in all_keys(mine)] == [True] * 3
    assert works(settings, held_key(settings, "writer"))  # another collection's is not touched


def test_a_renewal_that_was_broken_off_is_completed_by_the_next_init(
    reader, of_their_own, monkeypatch
):
    mine, init = of_their_own
    init()
    old = all_keys(mine)

    class PulledPlug(BaseException):
        pass

    def pull(*_, **__):
        raise PulledPlug

    with monkeypatch.context() as broken:
        broken.setattr(type(reader.security), "invalidate_api_key", pull)
        with pytest.raises(PulledPlug):
            init(renew=True)
    assert works(mine, old[0])  # the new key is in place, the old one still valid
    init()
    assert [works(mine, key) for key in old] == [False] * 3
    assert [works(mine, key) for key in all_keys(mine)] == [True] * 3
    assert set(init().values()) == {"there already"}


def test_keys_are_for_their_owner_only_whatever_was_in_the_folder(of_their_own):
    mine, init = of_their_own
    mine.keys.mkdir(mode=0o755)
    leftover = mine.keys / "writer.new"
    leftover.touch()
    leftover.chmod(0o644)
    init()
    assert mine.keys.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in mine.keys.iterdir()} == {f"{role}.key" for role in Role}
    assert {path.stat().st_mode & 0o777 for path in mine.keys.iterdir()} == {0o600}
