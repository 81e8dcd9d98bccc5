"""Every further DAG by a real Airflow, over two feeds of the rehearsal world."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.model import Result, Stage, Status
from pipeline.rehearsal.server import WorldServer
from pipeline.work import Outcome, ReplaySelector, Scope, StepResult

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
FEEDS = 2
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


@pytest.fixture
def desk(desk_of, world):
    return desk_of(world.feeds()[:FEEDS], port=world.port)


@pytest.fixture
def ledger(desk, postgres_url):
    opened = open_ledger(postgres_url)
    yield opened
    opened.close()


def balances(desk):
    return desk.ask("balance", "--config", str(desk.config))["balances"]


def statuses(ledger):
    return ledger.books(Scope()).by_status


def run_of(airflow, dag_id, partition_key, *, timeout_s=60):
    """The run that an event of a partition has brought about, when it has ended."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        for run in airflow.rest.ask("GET", f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]:
            if run["partition_key"] == partition_key:
                return airflow.end(dag_id, run["dag_run_id"])
        time.sleep(0.25)
    return pytest.fail(f"{dag_id} did not run for {partition_key}")


def let_die(ledger, limit, *, reason, at):
    """Let articles that are in the index fail at their next extraction."""
    ledger.replay(ReplaySelector(stage=Stage.EXTRACT, dead_only=False), at)
    lease, works = ledger.lease_articles(Stage.EXTRACT, at, limit=limit, lease_s=60)
    ended = Outcome(Stage.EXTRACT, Result.DEAD, at, reason)
    dead = [StepResult(work.url_id, ended, None, None, tries=5) for work in works]
    assert ledger.commit(lease, dead) == []
    ledger.release(lease)
    return len(dead)


def test_retry_brings_back_what_may_have_got_over_it_and_consumers_hear_of_it(
    airflow, desk, ledger
):
    desk.run(NOW)
    airflow.use(desk, NOW)
    airflow.rest.unpause("news_example_consumer")
    first = airflow.trigger("news_retry", partition_key="2019-09-12T08:07:00")
    assert first.state == "success", first.logs
    articles = statuses(ledger)[Status.INDEXED]
    heard = run_of(airflow, "news_example_consumer", "2019-09-12T08:07:00")
    assert heard.state == "success", heard.logs
    assert heard.xcom("read")["kinds"] == {"upsert": articles}

    assert let_die(ledger, 2, reason="http_503", at=NOW - timedelta(days=1)) == 2
    assert [group.urls for group in ledger.dead_groups()] == [2]
    again = airflow.trigger("news_retry", partition_key="2019-09-12T08:22:00")
    assert again.state == "success", again.logs
    assert again.xcom("revive", "revived") == {"http_503": 2}
    assert ledger.dead_groups() == []
    assert statuses(ledger)[Status.INDEXED] == articles
    assert balances(desk)
    heard_again = run_of(airflow, "news_example_consumer", "2019-09-12T08:22:00")
    assert heard_again.xcom("read")["after"] == heard.xcom("read")["position"]


def test_quality_keeps_what_is_wrong_where_people_look_for_it(airflow, desk, ledger):
    desk.run(NOW)
    airflow.use(desk, NOW)
    well = airflow.trigger("news_quality")
    assert well.state == "success", well.logs
    assert well.xcom("inspect")["open"] == {}

    index = EmbeddedIndex(desk.data / "index")
    article_id, version = next(iter(index.versions()))
    index.write([], [(article_id, version + 1)])
    index.close()
    ill = airflow.trigger("news_quality")
    assert ill.state == "success", ill.logs
    assert (ill.xcom("inspect")["open"], ill.xcom("inspect")["told"]) == ({"balance": 1}, 1)
    (kept,) = ledger.findings()
    assert kept.finding.evidence["missing_from_index"] == [article_id]
