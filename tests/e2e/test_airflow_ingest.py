"""`news_ingest` by a real Airflow over the rehearsal world: the same as `newsline run --once`."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from support_airflow import LEASE_S, LONG_LEASE_S, balances, midway
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
EDITIONS = {"rheinblatt-mobil", "courrier-du-rhone-mobile"}  # see test_trip.py
#: What another scheduler would do at the same time, up to the index.
RIVAL = """
from pipeline import scheduled
run_id = scheduled.plan()["run_id"]
scheduled.shard(run_id, 0)
scheduled.group(run_id)
"""
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
    """What one process makes of the world, undisturbed: documents, and how often it asked."""
    before = len(world.requests)
    desk = Desk(tmp_path_factory.mktemp("in-process"), feeds, port=world.port)
    assert desk.run(NOW)["balance"]["balances"]
    return desk.documents(), asked(world, before)


@pytest.fixture
def desk(desk_of, feeds, world):
    return desk_of(feeds, port=world.port)


@pytest.fixture
def unhurried(desk_of, feeds, world):
    """A desk where no lease ends before its work: what is asked for twice is asked by two."""
    return desk_of(feeds, port=world.port, lease_s=LONG_LEASE_S)


def asked(world, since):
    """Address → how often it was asked for; robots.txt is anybody's to ask."""
    requests = world.requests[since:]
    return Counter((one.host, one.path) for one in requests if one.path != "/robots.txt")


def start_rival(desk):
    environment = {
        "NEWSLINE_CONFIG": str(desk.config),
        "NEWSLINE_FEEDS": str(desk.feeds),
        "NEWSLINE_DATA": str(desk.data),
    }
    return subprocess.Popen(
        [sys.executable, "-c", RIVAL], env=os.environ | environment, stdout=subprocess.DEVNULL
    )


def test_a_run_brings_what_a_run_in_one_process_brings(airflow, world, unhurried, in_process):
    desk = unhurried
    documents, requests = in_process
    before = len(world.requests)
    airflow.use(desk, NOW)
    run = airflow.trigger("news_ingest", partition_key="2019-09-12T08:00:00")
    assert run.state == "success", run.logs
    assert len(run.of("shard")) == 4
    assert desk.documents() == documents
    assert asked(world, before) == requests
    assert balances(desk)
    published = run.xcom("publish")
    assert published["indexed"] == len(documents)
    assert set(published["waiting"].values()) == {0}
    (event,) = run.events()
    assert (event["name"], event["partition_key"]) == ("news.articles", "2019-09-12T08:00:00")
    assert event["extra"] == published
    again = airflow.trigger("news_ingest", partition_key="2019-09-12T08:02:00")
    assert again.state == "success", again.logs
    assert len(again.of("shard")) == 1  # nothing was due
    assert asked(world, before) == requests


def test_two_runs_at_once_share_the_work_and_ask_for_nothing_twice(
    airflow, world, unhurried, in_process
):
    desk = unhurried
    documents, requests = in_process
    before = len(world.requests)
    airflow.use(desk, NOW)
    rival = start_rival(desk)
    run = airflow.trigger("news_ingest")
    assert run.state == "success", run.logs
    assert rival.wait(60) == 0
    last = airflow.trigger("news_ingest")  # what the rival had in hand when the first one ended
    assert last.state == "success", last.logs
    assert desk.documents() == documents
    assert asked(world, before) == requests
    assert balances(desk)


def test_a_shard_that_is_killed_is_tried_again_and_the_index_is_the_same(
    airflow, world, desk, in_process
):
    airflow.use(desk, NOW)
    run_id = airflow.start("news_ingest")
    for shard in midway(airflow, world, run_id)[:2]:
        os.killpg(shard["pid"], signal.SIGKILL)
    run = airflow.end("news_ingest", run_id)
    assert run.state == "success", run.logs
    assert max(shard["try_number"] for shard in run.of("shard")) == 2
    assert desk.documents() == in_process[0]
    assert balances(desk)


def test_a_shard_that_sleeps_past_its_leases_harms_nothing(airflow, world, desk, in_process):
    """Another worker takes its work meanwhile; what it commits late is refused."""
    airflow.use(desk, NOW)
    run_id = airflow.start("news_ingest")
    asleep = midway(airflow, world, run_id)
    for shard in asleep:
        os.killpg(shard["pid"], signal.SIGSTOP)
    time.sleep(LEASE_S + 1)
    assert start_rival(desk).wait(60) == 0
    for shard in asleep:
        os.killpg(shard["pid"], signal.SIGCONT)
    run = airflow.end("news_ingest", run_id)
    assert run.state == "success", run.logs
    assert desk.documents() == in_process[0]
    assert balances(desk)


@pytest.fixture
def spread(airflow):
    """Two Celery workers over Redis instead of the scheduler's own processes."""
    airflow.stack.spread(workers=2)
    yield airflow.stack
    airflow.stack.gather()


def test_celery_workers_do_the_same_also_when_one_of_them_is_lost(
    airflow, spread, world, desk, in_process
):
    airflow.use(desk, NOW)
    run_id = airflow.start("news_ingest")
    midway(airflow, world, run_id)
    spread.end("worker-0", how=signal.SIGKILL)
    run = airflow.end("news_ingest", run_id, timeout_s=150)
    assert run.state == "success", run.logs
    later = NOW + timedelta(minutes=1)  # what another worker had in hand when the last one ended
    airflow.use(desk, later)
    assert airflow.trigger("news_ingest").state == "success"
    assert desk.documents() == in_process[0]
    assert balances(desk)
