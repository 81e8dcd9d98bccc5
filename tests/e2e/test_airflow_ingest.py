"""`news_ingest` by a real Airflow over the rehearsal world: the same as `newsline run --once`."""

from datetime import UTC, datetime

import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
EDITIONS = {"rheinblatt-mobil", "courrier-du-rhone-mobile"}  # see test_trip.py
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
def in_process(world, feeds, tmp_path_factory):
    """What one process makes of the world, undisturbed."""
    desk = Desk(tmp_path_factory.mktemp("in-process"), feeds, port=world.port)
    assert desk.run(NOW)["balance"]["balances"]
    return desk.documents()


@pytest.fixture
def desk(desk_of, feeds, world):
    return desk_of(feeds, port=world.port)


def balance(desk):
    return desk.ask("balance", "--config", str(desk.config))


def test_a_run_brings_what_a_run_in_one_process_brings(airflow, desk, in_process):
    airflow.use(desk, NOW)
    run = airflow.trigger("news_ingest", partition_key="2019-09-12T08:00:00")
    assert run.state == "success", run.logs
    assert desk.documents() == in_process
    assert balance(desk)["balances"]
    published = run.xcom("publish")
    assert published["indexed"] == len(in_process)
    assert set(published["waiting"].values()) == {0}
    (event,) = run.events()
    assert (event["name"], event["partition_key"]) == ("news.articles", "2019-09-12T08:00:00")
    assert event["extra"] == published
