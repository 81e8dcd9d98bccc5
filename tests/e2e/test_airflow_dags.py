"""Every further DAG by a real Airflow, over two feeds of the rehearsal world."""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support_airflow import DagRun, balances

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.alert_tables import alerts
from pipeline.alerts.saved import SavedSearch
from pipeline.devairflow.rest import ENDED, quoted
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


def consumed(airflow):
    """How far the example consumer has come, and what it read on the way: no gap, no overlap.

    When it is let run for the first time, it may be for an event that an earlier test sent; so
    what counts is what its runs have read together.
    """
    runs = airflow.rest.ask("GET", "dags/news_example_consumer/dagRuns?limit=100")["dag_runs"]
    ended = [run["dag_run_id"] for run in runs if run["state"] == "success"]
    reads = [airflow.rest.xcom("news_example_consumer", run_id, "read") for run_id in ended]
    position, kinds = 0, Counter()
    for read in sorted(reads, key=lambda read: (read["after"], read["position"])):
        assert read["after"] == position
        position = read["position"]
        kinds.update(read["kinds"])
    return position, kinds


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
    position, kinds = consumed(airflow)
    assert kinds == {"upsert": articles}

    assert let_die(ledger, 2, reason="http_503", at=NOW - timedelta(days=1)) == 2
    assert [group.urls for group in ledger.dead_groups()] == [2]
    again = airflow.trigger("news_retry", partition_key="2019-09-12T08:22:00")
    assert again.state == "success", again.logs
    assert again.xcom("revive", "revived") == {"http_503": 2}
    assert ledger.dead_groups() == []
    assert statuses(ledger)[Status.INDEXED] == articles
    assert balances(desk)
    run_of(airflow, "news_example_consumer", "2019-09-12T08:22:00")
    further, read_in_all = consumed(airflow)
    assert further >= position
    assert read_in_all.keys() == {"upsert"}


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


# ── backfill ──────────────────────────────────────────────────────────────────────────────────

LATER = NOW + timedelta(days=30)


def backfilled(airflow, **conf):
    run = airflow.trigger("news_backfill", conf=conf)
    assert run.state == "success", run.logs
    return run


def test_a_stage_is_gone_through_again_from_the_archive_by_hand(airflow, desk, ledger):
    desk.run(NOW)
    articles = statuses(ledger)[Status.INDEXED]
    airflow.use(desk, LATER)
    chosen = {"stage": "extract", "since": NOW.date().isoformat()}
    assert backfilled(airflow, **chosen, dry_run=True).xcom("replay")["left"] >= articles
    run = backfilled(airflow, **chosen)
    done = run.xcom("replay")
    assert (done["left"], done["made_due"] >= articles) == (0, True)
    assert [one.action for one in ledger.actions(limit=5)] == ["backfill ended", "backfill"]
    assert statuses(ledger)[Status.INDEXED] == articles
    assert balances(desk)
    airflow.rest.unpause("news_example_consumer")
    heard = run_of(airflow, "news_example_consumer", run.run_id)
    assert heard.state == "success", heard.logs


def test_airflows_own_backfill_goes_through_days(airflow, desk, ledger):
    desk.run(NOW)
    airflow.use(desk, LATER)
    airflow.rest.unpause("news_backfill")
    airflow.stack.run(
        "airflow", "backfill", "create", "--dag-id", "news_backfill",
        "--from-date", "2019-09-11", "--to-date", "2019-09-12",
        "--max-active-runs", "1", "--dag-run-conf", '{"stage": "enrich"}',
    )  # fmt: skip
    runs = {}
    until = time.monotonic() + 90
    while time.monotonic() < until and not (len(runs) == 2 and set(runs.values()) <= ENDED):
        listed = airflow.rest.ask("GET", "dags/news_backfill/dagRuns?limit=100")["dag_runs"]
        runs = {one["dag_run_id"]: one["state"] for one in listed if one["run_type"] == "backfill"}
        time.sleep(0.5)
    done = [DagRun("news_backfill", run_id, state, airflow.rest) for run_id, state in runs.items()]
    assert [run.state for run in done] == ["success"] * 2, [run.logs for run in done]
    made_due = sorted(run.xcom("replay")["made_due"] for run in done)
    assert made_due == [0, statuses(ledger)[Status.INDEXED]]
    assert balances(desk)


# ── the index ─────────────────────────────────────────────────────────────────────────────────


def wait_for_state(airflow, dag_id, run_id, task_id, state, *, timeout_s=60):
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        states = {task["task_id"]: task["state"] for task in airflow.rest.tasks(dag_id, run_id)}
        if states.get(task_id) == state:
            return
        time.sleep(0.25)
    pytest.fail(f"{task_id} of {dag_id} is not {state}: {states}")


#: Nobody answers at once, and Airflow 3.3 may take an answer that comes before the scheduler has
#: heard of the task's end for a lost task, which it tries again: then it asks once more.
THINKING_S = 5


def answer(airflow, dag_id, run_id, chosen):
    """Answer an approval as a person does in the UI."""
    wait_for_state(airflow, dag_id, run_id, "approve", "awaiting_input")
    time.sleep(THINKING_S)
    task = f"dags/{dag_id}/dagRuns/{quoted(run_id)}/taskInstances/approve/-1/hitlDetails"
    airflow.rest.ask("PATCH", task, {"chosen_options": [chosen], "params_input": {}})


def test_the_index_is_looked_at_every_night(airflow, desk):
    desk.run(NOW)
    airflow.use(desk, NOW)
    (desk.data / "index").rename(desk.data / "lost")
    assert not balances(desk)
    nightly = airflow.trigger("news_index_admin")
    assert nightly.state == "success", nightly.logs
    assert nightly.states()["rebuild"] == "skipped"
    assert (nightly.states()["snapshot"], nightly.states()["prune"]) == ("skipped", "success")
    assert nightly.xcom("status")["missing"] > 0


def test_whoever_saved_a_search_is_told_of_what_was_indexed(airflow, desk, ledger):
    desk.run(NOW)
    ledger.add_alert(SavedSearch("zone", "zone", "", {"topic": ("Safe zone",)}), NOW)
    from_the_first = sa.update(alerts).values(seq=0)  # as if nobody had run `newsline run`
    ledger.database.write(lambda connection: connection.execute(from_the_first))
    airflow.use(desk, NOW)
    told = airflow.trigger("news_deliver")
    assert told.state == "success", told.logs
    assert ledger.hits("zone", limit=100)  # by this run, or by one that its schedule began
    assert not told.xcom("match")["waiting"]
    assert told.xcom("tell") == {"messages": 0, "hits": 0, "failed": 0}  # it has a feed alone


#: On a busy machine Airflow 3.3.2 may leave an approval waiting that was answered: its executor
#: reports the task as ended after the answer has sent it on. So these are for `make test-long`.
@pytest.mark.long
def test_the_index_is_made_anew_when_somebody_approves(airflow, desk):
    desk.run(NOW)
    airflow.use(desk, NOW)
    (desk.data / "index").rename(desk.data / "lost")
    run_id = airflow.start("news_index_admin", conf={"rebuild": True})
    answer(airflow, "news_index_admin", run_id, "Approve")
    run = airflow.end("news_index_admin", run_id)
    assert run.state == "success", run.logs
    assert run.xcom("verify") == {"differences": {}, "repaired": 0}
    assert balances(desk)


@pytest.mark.long
def test_nothing_is_rebuilt_when_somebody_says_no(airflow, desk):
    desk.run(NOW)
    airflow.use(desk, NOW)
    run_id = airflow.start("news_index_admin", conf={"rebuild": True})
    answer(airflow, "news_index_admin", run_id, "Reject")
    run = airflow.end("news_index_admin", run_id)
    assert run.states()["rebuild"] == "skipped", run.logs


def test_maintenance_cleans_airflows_metadata_and_trims_nothing_until_told(airflow, desk, ledger):
    desk.run(NOW)
    airflow.use(desk, LATER)
    unset = airflow.trigger("news_maintenance")
    assert unset.states()["airflow_metadata"] == "skipped", unset.logs
    assert unset.xcom("ledger")["deleted"] == {}
    assert unset.xcom("archive")["old"] == 0

    url = airflow.stack.site.database.render_as_string(hide_password=False)
    airflow.rest.ask(
        "POST",
        "connections",
        {"connection_id": "airflow_metadata", "conn_type": "generic", "password": url},
    )
    desk.extra += "[retention]\narchive_days = 30\n"
    airflow.use(desk, LATER)
    for segment in (desk.data / "archive").iterdir():
        os.utime(segment, (time.time() - 90 * 86_400,) * 2)
    run = airflow.trigger("news_maintenance")
    assert set(run.states().values()) == {"success"}, run.logs
    trimmed = run.xcom("archive")
    assert (trimmed["rewritten"], trimmed["damaged"], trimmed["left"]) == (trimmed["old"], [], 0)
    assert trimmed["exchanges_removed"] >= FEEDS
    archive = WarcArchive(desk.data / "archive")
    kept = [ledger.find_place(work.url_id) for works in ledger.all_indexed() for work in works]
    assert all(archive.read(place).status == 200 for place in kept)
    assert balances(desk)
