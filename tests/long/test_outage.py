"""A cluster that is away for a quarter of an hour of real time, while outlets go on publishing."""

import signal
import subprocess
import time
from contextlib import closing
from datetime import timedelta

import orjson
import pytest
from support_elasticsearch import node_url
from support_index import elastic, elastic_settings, remove_collection
from support_proxy import Proxy
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.model import Stage, Status
from pipeline.rehearsal.server import WorldServer
from pipeline.rehearsal.synthetic import START_AT, synthetic_articles, synthetic_outlets
from pipeline.work import Scope

pytestmark = [pytest.mark.long, pytest.mark.elasticsearch, pytest.mark.timeout(2400)]

ARTICLES, HOSTS = 600, 30
NOW = START_AT + timedelta(hours=4)  # most are published; the others follow, two a minute
OUTAGE_S, DRAINED_WITHIN_S = 15 * 60, 10 * 60
HIGH_WATER = 100
#: The ledger is asked every two seconds how many wait: until then thirty hosts are read on, at a
#: page a second, and what was fetched is not ready for the index yet.
OVERSHOOT = 150


@pytest.fixture
def proxy():
    with Proxy(node_url()) as running:
        yield running


@pytest.fixture
def cluster(tmp_path):
    """The index, straight."""
    with closing(elastic(tmp_path)) as index:
        yield index
    remove_collection(elastic_settings(tmp_path))


@pytest.fixture
def world():
    articles = synthetic_articles(ARTICLES, seed=7, hosts=HOSTS)
    outlets = synthetic_outlets(HOSTS, ARTICLES)
    with WorldServer(ScaledClock(NOW), script=(), articles=articles, outlets=outlets) as server:
        yield server


def section(settings, url):
    return (
        f'[index]\nkind = "elasticsearch"\nurl = "{url}"\nname = "{settings.name}"\n'
        f"high_water = {HIGH_WATER}\n"
    )


def until(done, within_s):
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(1)


def test_a_quarter_of_an_hour_without_the_cluster_costs_no_article(tmp_path, world, proxy, cluster):
    desk = Desk(tmp_path / "desk", world.feeds(), port=world.port)
    desk.extra = section(cluster.cluster.settings, proxy.url)
    desk.pace_s = 1.0
    desk.settle(NOW)
    command = ("run", "--json", "--feeds", str(desk.feeds), "--config", str(desk.config))
    process = subprocess.Popen(
        desk.arguments(*command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: sum(1 for _ in cluster.versions()) >= HIGH_WATER / 2, 120)
        proxy.refuse()
        time.sleep(OUTAGE_S / 2)
        with closing(open_ledger(f"sqlite:///{desk.data / 'ledger.sqlite'}")) as ledger:
            waited, asked = ledger.waiting(Stage.INDEX), len(world.requests)
            assert HIGH_WATER < waited < HIGH_WATER + OVERSHOOT
            time.sleep(OUTAGE_S / 2)
            assert (ledger.waiting(Stage.INDEX), len(world.requests)) == (waited, asked)
            proxy.listen()
            until(lambda: ledger.waiting(Stage.INDEX) == 0, DRAINED_WITHIN_S)
            until(lambda: is_quiet(ledger), DRAINED_WITHIN_S)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=15)
            assert process.returncode == 0
            assert orjson.loads(out)["balance"]["balances"]
            books = ledger.books(Scope())
            assert dict(cluster.versions()) == books.indexed
            assert books.by_status.keys() == {Status.INDEXED}
            assert len(books.indexed) > ARTICLES / 2 + HIGH_WATER
    finally:
        process.kill()
        process.wait()


def is_quiet(ledger):
    """Tell whether everything that was discovered so far is in the index."""
    return ledger.books(Scope()).by_status.keys() == {Status.INDEXED}
