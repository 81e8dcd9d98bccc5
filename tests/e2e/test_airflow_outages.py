"""`news_ingest` by a real Airflow while what it stands on goes away: nothing is lost or doubled."""

import json
import time
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from elasticsearch import Elasticsearch
from support_airflow import LEASE_S, balances, midway, running_airflow
from support_elasticsearch import elasticsearch_url  # noqa: F401 - a fixture
from support_index import ROOT, remove_collection
from support_postgres import start
from support_proxy import Proxy
from support_schema import lasting
from support_sockets import ScriptedServer, reply
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.ledger import opened
from pipeline.adapters.ledger.maintenance import upgrade
from pipeline.adapters.ledger.tables import hosts, urls
from pipeline.config import IndexSettings
from pipeline.devairflow.postgres import execute
from pipeline.devairflow.stack import COMPONENTS
from pipeline.devnode.settings import REPOSITORY
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
EDITIONS = {"rheinblatt-mobil", "courrier-du-rhone-mobile"}  # see test_trip.py
AWAY_S = 3
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("airflow"),
]


@pytest.fixture(scope="module")
def world():
    with WorldServer(ScaledClock(NOW), script=()) as server:
        yield server


@pytest.fixture(scope="module")
def feeds(world):
    return [feed for feed in world.feeds() if feed.feed_id not in EDITIONS]


@pytest.fixture(scope="module")
def documents(world, feeds, tmp_path_factory):
    """What one process makes of the world, undisturbed, in the embedded index."""
    desk = Desk(tmp_path_factory.mktemp("in-process"), feeds, port=world.port)
    assert desk.run(NOW)["balance"]["balances"]
    return desk.documents()


def eventually(condition, *, within_s):
    """Wait for a condition; return what it holds in the end."""
    until = time.monotonic() + within_s
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def waiting(airflow, run_id, task_id):
    """The instances of a task that Airflow will try again."""
    tasks = airflow.rest.tasks("news_ingest", run_id)
    return [
        task for task in tasks if task["task_id"] == task_id and task["state"] == "up_for_retry"
    ]


def leased(url):
    """What somebody holds in a ledger now."""
    held = [
        sa.select(table.c[key]).where(table.c.lease_expires_at > datetime.now(UTC))
        for table, key in ((hosts, "host"), (urls, "url_id"))
    ]
    with opened(url) as database, database.reading() as connection:
        return connection.scalars(sa.union_all(*held)).all()


# ── the index ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cluster(elasticsearch_url):  # noqa: F811
    """A collection in a real Elasticsearch, and the way to it, which can go wrong."""
    name = f"a{uuid.uuid4().hex[:12]}"
    straight = IndexSettings(kind="elasticsearch", url=elasticsearch_url, name=name)
    with Proxy(elasticsearch_url) as proxy:
        yield straight, proxy
    remove_collection(straight)


@pytest.fixture
def indexed_in_cluster(desk_of, feeds, world, root, cluster):
    """A desk whose documents go into the cluster."""
    straight, proxy = cluster
    setup = Setup(straight, root / "config", None)
    setup.run()
    setup.close()
    section = f'[index]\nkind = "elasticsearch"\nurl = "{proxy.url}"\nname = "{straight.name}"\n'
    return desk_of(feeds, port=world.port, extra=section)


def held(settings):
    """What the cluster holds, by article id, without what only clocks decide."""
    index = ElasticIndex(Cluster(settings))
    found = index.read([article_id for article_id, _ in index.versions()])
    index.close()
    return {id_: lasting(one) for id_, one in found.items()}


@pytest.mark.elasticsearch
def test_articles_wait_for_a_cluster_that_is_away_and_the_retry_writes_them(
    airflow, indexed_in_cluster, cluster, documents
):
    (straight, proxy), desk = cluster, indexed_in_cluster
    airflow.use(desk, NOW)
    proxy.refuse()
    run_id = airflow.start("news_ingest")
    (put_off,) = eventually(lambda: waiting(airflow, run_id, "index"), within_s=90)
    assert put_off["try_number"] == 1
    said = airflow.rest.log("news_ingest", run_id, put_off)
    assert "IndexUnavailable" in said
    assert held(straight) == {}
    proxy.listen()
    run = airflow.end("news_ingest", run_id)
    assert run.state == "success", run.logs
    assert {task["try_number"] for task in run.of("shard")} == {1}  # nothing was fetched again
    assert [task["try_number"] for task in run.of("index")] == [2]
    assert held(straight) == documents
    assert balances(desk)


@pytest.mark.elasticsearch
def test_every_night_the_index_is_copied_where_a_repository_is_named(
    airflow, desk_of, feeds, world, cluster
):
    straight = cluster[0].model_copy(update={"snapshot_repository": REPOSITORY})
    setup = Setup(straight, ROOT / "config", None)
    setup.run()
    setup.close()
    section = (
        f'[index]\nkind = "elasticsearch"\nurl = "{straight.url}"\nname = "{straight.name}"\n'
        f'snapshot_repository = "{REPOSITORY}"\n'
    )
    desk = desk_of(feeds, port=world.port, extra=section)
    desk.run(NOW)
    airflow.use(desk, NOW)
    nightly = airflow.trigger("news_index_admin")
    assert nightly.states()["snapshot"] == "success", nightly.logs
    taken = nightly.xcom("snapshot")
    assert len(taken["indices"]) == 2  # articles and events
    with Elasticsearch(straight.url) as node:
        found = node.snapshot.get(repository=REPOSITORY, snapshot=taken["name"])["snapshots"]
        node.snapshot.delete(repository=REPOSITORY, snapshot=taken["name"])
    assert [one["state"] for one in found] == ["SUCCESS"]


@pytest.mark.long
@pytest.mark.elasticsearch
def test_a_run_whose_cluster_does_not_come_back_is_red_and_the_next_one_writes(
    airflow, indexed_in_cluster, cluster, documents
):
    (straight, proxy), desk = cluster, indexed_in_cluster
    airflow.use(desk, NOW)
    proxy.refuse()
    run = airflow.trigger("news_ingest", timeout_s=240)
    assert run.state == "failed"
    assert [task["try_number"] for task in run.of("index")] == [4]
    states = run.states()
    assert (states["index"], states["publish"]) == ("failed", "upstream_failed")
    assert held(straight) == {}
    proxy.listen()
    later = airflow.trigger("news_ingest")
    assert later.state == "success", later.logs
    assert held(straight) == documents
    assert balances(desk)


# ── the ledger ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ledger_server():
    """A PostgreSQL that holds a ledger and nothing of Airflow's, and the ledger's address."""
    server = start()
    execute(server.url, "CREATE DATABASE newsline")
    url = server.url.set(database="newsline").render_as_string(hide_password=False)
    with opened(url) as database:
        upgrade(database)
    yield server, url
    server.stop()


@pytest.fixture
def desk_apart(tmp_path, feeds, world, ledger_server):
    """A desk over the ledger in a server of its own."""
    section = f'[ledger]\nurl = "{ledger_server[1]}"\nlease_s = {LEASE_S}\n'
    parser = "[parser]\nprocesses = 1\n"
    return Desk(tmp_path / "desk", feeds, port=world.port, extra=section + parser)


def test_a_ledger_that_was_away_in_the_middle_of_a_run_costs_a_second_try(
    airflow, world, ledger_server, desk_apart, documents
):
    (server, url), desk = ledger_server, desk_apart
    airflow.use(desk, NOW)
    run_id = airflow.start("news_ingest")
    shards = midway(airflow, world, run_id)
    server.halt()
    time.sleep(AWAY_S)
    server.start()
    put_off = eventually(lambda: waiting(airflow, run_id, "shard"), within_s=60)
    assert put_off, f"of {len(shards)} none was put off"
    assert "StoreUnavailable" in airflow.rest.log("news_ingest", run_id, put_off[0])
    run = airflow.end("news_ingest", run_id)
    assert run.state == "success", run.logs
    assert desk.documents() == documents
    assert balances(desk)
    assert leased(url) == []  # each was given back, or its time was up


@pytest.mark.long
def test_one_server_for_ledger_and_airflow_may_go_away_and_come_back(
    tmp_path, world, ledger_server, desk_apart, documents
):
    """Airflow's components end without their database; whatever watches over them starts them."""
    (server, url), desk = ledger_server, desk_apart
    home = tmp_path / "airflow"
    home.mkdir()
    with running_airflow(home, server.url) as airflow:
        airflow.use(desk, NOW)
        run_id = airflow.start("news_ingest")
        midway(airflow, world, run_id)
        server.halt()
        time.sleep(AWAY_S)
        server.start()
        for name in ("scheduler", "triggerer", "dag-processor"):
            airflow.stack.end(name)
            airflow.stack.launch(name, *COMPONENTS[name])
        run = airflow.end("news_ingest", run_id, timeout_s=180)
        later = airflow.trigger("news_ingest")
        assert later.state == "success", later.logs
        assert run.state == "success", run.logs
        assert desk.documents() == documents
        assert balances(desk)
        assert leased(url) == []


# ── the deadline ──────────────────────────────────────────────────────────────────────────────


def test_a_late_run_is_told_to_whoever_is_on_call(airflow, desk_of, feeds):
    """The run's own deadline, five minutes off, is moved to now in Airflow's database."""
    with ScriptedServer() as chat:
        chat.on("/hook", reply())
        alerts = f'[alerts]\nwebhook = "{chat.url("/hook")}"\n'
        airflow.use(desk_of(feeds[:1], port=chat.port, extra=alerts), NOW)
        run_id = airflow.start("news_ingest")
        mine = f"SELECT id FROM dag_run WHERE run_id = '{run_id}'"  # noqa: S608 - ours
        execute(
            airflow.stack.site.database,
            f"UPDATE deadline SET deadline_time = now() WHERE dagrun_id = ({mine})",  # noqa: S608
        )
        told = eventually(lambda: list(chat.requests), within_s=60)
        run = airflow.end("news_ingest", run_id)
    assert run.state == "success", run.logs
    (request,) = told
    body = json.loads(request.body)
    assert body["text"].startswith(f"Newsline: news_ingest is late: {run_id} had not ended well")
    assert (body["late"]["dag_id"], body["late"]["dag_run_id"]) == ("news_ingest", run_id)
    logged = (airflow.stack.site.folder / "logs" / "triggerer.log").read_text("utf-8")
    assert any("run_is_late" in line and run_id in line for line in logged.splitlines())
