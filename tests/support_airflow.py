"""A real Airflow for tests: PostgreSQL, api-server, scheduler, dag-processor and triggerer.

One stack a session. It is started by the first test that asks for it and ended with the session; a
keeper ends it when the session is killed. Mark modules that use it with `airflow`, `slow`, a
`timeout` that leaves room for the start (about a minute), and `xdist_group("airflow")`, so that one
worker has them all: there is one scheduler, and one desk at a time.

    def test_something(airflow, desk_of):
        desk = desk_of(feeds, port=world.port)  # a PostgreSQL ledger of its own, nothing in it
        airflow.use(desk, NOW)                  # what tasks find from now on
        run = airflow.trigger("news_ingest")    # waits for the end; .state, .tasks, .logs
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from support_trip import Desk

from pipeline.devairflow.keeper import Keeper
from pipeline.devairflow.rest import Rest, quoted
from pipeline.devairflow.stack import Stack, new_site

#: A schedule that does not come about while tests run: they trigger what they want.
NEVER = "0 0 29 2 *"
#: So many requests into a run something is disturbed: feeds are polled, pages are on their way.
MIDWAY = 25
#: Of the ledger: short, so that a killed task's work is free when the task is tried again.
LEASE_S = 8
#: Longer than anything stalls on a busy machine: what is in one's hands stays there.
LONG_LEASE_S = 120


@dataclass(frozen=True)
class DagRun:
    """A run that has ended, or was given up."""

    dag_id: str
    run_id: str
    state: str
    rest: Rest

    @property
    def tasks(self):
        """Its task instances, as the API describes them."""
        return self.rest.tasks(self.dag_id, self.run_id)

    def of(self, task_id):
        """The instances of one task."""
        return [task for task in self.tasks if task["task_id"] == task_id]

    def states(self):
        """Task → its state, for mapped ones a sorted list."""
        found = {}
        for task in self.tasks:
            if task["map_index"] < 0:
                found[task["task_id"]] = task["state"]
            else:
                found.setdefault(task["task_id"], []).append(task["state"])
        return {name: sorted(how) if isinstance(how, list) else how for name, how in found.items()}

    def xcom(self, task_id, key="return_value"):
        """What an unmapped task returned."""
        return self.rest.xcom(self.dag_id, self.run_id, task_id, key)

    def events(self):
        """The events of assets that it has sent."""
        where = f"assets/events?source_run_id={quoted(self.run_id)}&source_dag_id={self.dag_id}"
        return self.rest.ask("GET", where)["asset_events"]

    @property
    def logs(self):
        """What went wrong in its tasks, for the message of an assertion."""
        parts = [str(self.states())]
        for task in self.tasks:
            if task["state"] in ("failed", "up_for_retry", "running"):
                log = self.rest.log(self.dag_id, self.run_id, task)
                parts.append(f"── {task['task_id']}[{task['map_index']}] {task['state']}\n{log}")
        return "\n".join(parts)


class Airflow:
    """A running stack, and the desk that its tasks find."""

    def __init__(self, stack, folder):
        self.stack = stack
        self.folder = folder
        self.rest = stack.rest()

    def use(self, desk, now):
        """Let tasks find a desk's settings, catalogue and data, and the time."""
        desk.clock = f'origin_at = "{datetime.now(UTC).isoformat()}"\n'  # one for all tasks
        desk.settle(now)
        link, fresh = self.folder / "desk", self.folder / "desk.new"
        fresh.symlink_to(desk.folder)
        fresh.replace(link)

    def start(self, dag_id, **fields):
        """Trigger a run and return its id at once."""
        self.rest.unpause(dag_id)
        return self.rest.trigger(dag_id, **fields)

    def running(self, dag_id, run_id, task_id, *, timeout_s=60):
        """Wait until instances of a task are at work; return them. Their `pid` leads a group."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            found = [
                task
                for task in self.rest.tasks(dag_id, run_id)
                if task["task_id"] == task_id and task["state"] == "running" and task["pid"]
            ]
            if found:
                return found
            time.sleep(0.1)
        return pytest.fail(f"no {task_id} of {run_id} came to work")

    def end(self, dag_id, run_id, *, timeout_s=120):
        """Wait for the end of a run."""
        state = self.rest.wait(dag_id, run_id, timeout_s=timeout_s)
        return DagRun(dag_id, run_id, state, self.rest)

    def trigger(self, dag_id, *, timeout_s=120, **fields):
        """Trigger a run, wait for its end and return it; the schedule starts none afterwards."""
        run = self.end(dag_id, self.start(dag_id, **fields), timeout_s=timeout_s)
        self.rest.unpause(dag_id, paused=True)
        return run

    def wait_for_dag(self, dag_id, *, timeout_s=60):
        """Wait until the dag-processor has read a DAG."""
        until = time.monotonic() + timeout_s
        while True:
            known = {dag["dag_id"] for dag in self.rest.ask("GET", "dags?limit=100")["dags"]}
            if dag_id in known:
                return
            if time.monotonic() > until:
                errors = self.rest.ask("GET", "importErrors")["import_errors"]
                pytest.fail(f"{dag_id} was not read: {errors}")
            time.sleep(0.25)


def midway(airflow, world, run_id):
    """Wait until shards of a run are in the middle of their work; return them."""
    since = len(world.requests)
    shards = airflow.running("news_ingest", run_id, "shard")
    until = time.monotonic() + 30
    while len(world.requests) < since + MIDWAY and time.monotonic() < until:
        time.sleep(0.02)
    return shards


def balances(desk):
    """Tell whether the books of a desk balance against its index, by the command."""
    return desk.ask("balance", "--config", str(desk.config))["balances"]


@contextmanager
def running_airflow(folder, server):
    """Run an Airflow with its metadata in a database server, tasks in its scheduler's processes."""
    desk = folder / "desk"
    environment = {
        "NEWSLINE_CONFIG": str(desk / "pipeline.toml"),
        "NEWSLINE_FEEDS": str(desk / "feeds.toml"),
        "NEWSLINE_DATA": str(desk / "data"),
        "NEWSLINE_INGEST_CRON": NEVER,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",  # the button of a connection's form
        # A worker that was lost is missed so late; the default is five minutes.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    }
    keeper = Keeper()
    try:
        with Stack(new_site(folder / "home", server), environment, keeper) as stack:
            running = Airflow(stack, folder)
            running.wait_for_dag("news_ingest")
            yield running
    finally:
        keeper.close()


@pytest.fixture(scope="session")
def airflow(postgres_server, tmp_path_factory):
    """The session's Airflow (LocalExecutor)."""
    with running_airflow(tmp_path_factory.mktemp("airflow"), postgres_server[0]) as running:
        yield running


@pytest.fixture
def desk_of(tmp_path, postgres_url):
    """A maker of desks over one PostgreSQL ledger."""

    def make(feeds, *, port, extra="", lease_s=LEASE_S):
        ledger = f'[ledger]\nurl = "{postgres_url}"\nlease_s = {lease_s}\n'
        parser = "[parser]\nprocesses = 1\n"
        return Desk(tmp_path / "desk", feeds, port=port, extra=ledger + parser + extra)

    return make
