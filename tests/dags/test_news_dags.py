"""What all our DAGs keep to, read as Airflow reads them."""

import ast
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dags").glob("news_*.py"))
#: What a DAG file may import when it is parsed: Airflow parses it again for every task.
LIGHT = {"airflow", "airflow.sdk", "datetime", "os", "typing", "pendulum"}
PARSE_S = 0.5
#: Read in a process of its own: Airflow takes its settings from the environment at its import.
#: Twice, in two processes with different hash seeds: what differs would look like a new version.
READ = """
import json, sys, time
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import DagSerialization

folder = Path(sys.argv[1])
import airflow.sdk, pipeline.errors
before = set(sys.modules)
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags")
loaded = {name.split(".")[0] for name in set(sys.modules) - before}

def facts(task):
    policy = task.retry_policy
    return {
        "type": task.task_type,
        "owner": task.owner,
        "retries": task.retries,
        "fails_on": [
            str(rule.exception) for rule in (policy.rules if policy else ())
            if rule.action.value == "fail"
        ],
        "execution_timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
        "pool": task.pool,
        "queue": task.queue,
    }

print("READ" + json.dumps({
    "errors": bag.import_errors,
    "durations": {str(one.file): one.duration.total_seconds() for one in bag.dagbag_stats},
    "loaded": sorted(loaded),
    "dags": {
        dag_id: {
            "file": Path(dag.fileloc).stem,
            "tags": sorted(dag.tags),
            "doc": dag.doc_md or "",
            "max_active_runs": dag.max_active_runs,
            "dagrun_timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
            "deadline": bool(dag.deadline),
            "tasks": {task.task_id: facts(task) for task in dag.tasks},
            "serialized": json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str),
        }
        for dag_id, dag in sorted(bag.dags.items())
    },
}))
"""
pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def read(home, seed):
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
        "PYTHONHASHSEED": seed,
    }
    done = subprocess.run(
        [sys.executable, "-c", READ, str(ROOT / "dags")],
        env=environment, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.rpartition("READ")[2])


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    return read(tmp_path_factory.mktemp("home"), "1")


@pytest.fixture(scope="module")
def dags(bag):
    return bag["dags"]


@pytest.fixture(scope="module")
def tasks(dags):
    """(dag_id, task_id) → what is known of the task."""
    return {
        (dag_id, task_id): task
        for dag_id, dag in dags.items()
        for task_id, task in dag["tasks"].items()
    }


def test_airflow_is_the_version_that_was_tried():
    assert importlib.metadata.version("apache-airflow") == "3.3.2"


def test_every_dag_is_read_and_named_as_its_file(bag, dags):
    assert bag["errors"] == {}
    assert {dag_id: dag["file"] for dag_id, dag in dags.items()} == {name: name for name in dags}
    shared = {"news_rules", "news_steps"}
    assert set(dags) == {path.stem for path in FILES} - shared


def test_every_dag_has_a_runbook_tags_and_an_end(dags):
    for dag_id, dag in dags.items():
        assert len(dag["doc"].splitlines()) > 10, dag_id
        assert "red" in dag["doc"] or "fail" in dag["doc"], f"{dag_id}: what to do when it fails"
        assert "news" in dag["tags"], dag_id
        assert len(dag["tags"]) > 1, dag_id
        assert dag["max_active_runs"] == 1, dag_id
        assert dag["dagrun_timeout"], dag_id
        assert dag["deadline"], dag_id


def test_every_task_has_owner_retries_by_class_of_error_time_out_pool_and_queue(tasks):
    for name, task in tasks.items():
        assert task["owner"] == "newsline", name
        assert 1 <= task["retries"] <= 5, name
        assert "pipeline.errors.NewslineError" in task["fails_on"], name
        assert "builtins.Exception" in task["fails_on"], name
        waits_for_a_person = task["type"] == "ApprovalOperator"  # the run's own time-out holds
        assert task["execution_timeout"] or waits_for_a_person, name
        assert task["queue"] in ("news_fetch", "news_index"), name


def test_every_pool_is_made_by_the_set_up(tasks):
    pools = json.loads((ROOT / "config/airflow/pools.json").read_text("utf-8"))
    assert {task["pool"] for task in tasks.values()} <= set(pools)


def test_a_dag_is_the_same_whoever_reads_it(dags, tmp_path):
    again = read(tmp_path, "2")["dags"]
    for dag_id, dag in dags.items():
        assert again[dag_id]["serialized"] == dag["serialized"], dag_id


def test_reading_a_dag_takes_no_time_and_loads_nothing_heavy(bag):
    assert {name: s for name, s in bag["durations"].items() if s > PARSE_S} == {}
    heavy = {"sqlalchemy", "elasticsearch", "trafilatura", "feedparser", "lxml", "tantivy"}
    assert heavy & set(bag["loaded"]) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_imports_the_authoring_interface_and_what_ours_share(path):
    imported = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
            assert node.level == 0
    light = {name for name in imported if name.startswith(("airflow.sdk", "airflow.providers"))}
    assert imported - light - LIGHT - {"news_rules", "news_steps"} == set()
