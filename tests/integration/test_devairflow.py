"""What surrounds a development Airflow: its settings, its keeper, its database."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.devairflow.keeper import end_sessions, members
from pipeline.devairflow.postgres import Postgres, execute
from pipeline.devairflow.redis import find_redis
from pipeline.devairflow.rest import Rest
from pipeline.devairflow.settings import CELERY, LOCAL, ROLES, Ports, Site, variables
from pipeline.errors import StoreUnavailable

#: A session leader with a child in a group of its own, as Airflow's tasks are.
LEADER = """
import os, time
if os.fork() == 0:
    os.setpgid(0, 0)
time.sleep(60)
"""
STARTER = f"""
import subprocess, sys, time
from pipeline.devairflow.keeper import Keeper
keeper = Keeper()
leader = subprocess.Popen([sys.executable, "-c", {LEADER!r}], start_new_session=True)
keeper.watch(leader.pid)
print(leader.pid, flush=True)
time.sleep(60)
"""


COMMAND = [sys.executable, "-m", "pipeline.devairflow"]


def site(**fields):
    database = sa.make_url("postgresql+psycopg://newsline@/airflow?host=/tmp/pg")
    return Site(Path("site"), database, Ports(1, 2, 3, 4), **fields)


def eventually(condition, within_s=20):
    until = time.monotonic() + within_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def test_nobody_enters_without_a_password_of_their_own():
    told = variables(site(), LOCAL)
    assert told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    one, two = site(), site()
    assert set(one.passwords) == set(ROLES)
    assert len({*one.passwords.values(), *two.passwords.values()}) == 2 * len(ROLES)
    assert one.secret != two.secret


def test_both_connections_to_the_database_go_through_one_driver():
    told = variables(site(), CELERY)
    plain = told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert plain.startswith("postgresql+psycopg://")
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == plain
    assert told["AIRFLOW__CELERY__RESULT_BACKEND"] == f"db+{plain}"


def test_nothing_listens_beyond_this_machine():
    told = variables(site(), CELERY)
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert "//127.0.0.1:" in told["AIRFLOW__CELERY__BROKER_URL"]


@pytest.mark.airflow
def test_every_variable_is_a_setting_of_the_installed_airflow():
    import yaml  # noqa: PLC0415 - comes with Airflow, as the two below
    from airflow.config_templates import __path__ as templates  # noqa: PLC0415
    from airflow.providers.celery.get_provider_info import get_provider_info  # noqa: PLC0415

    known = yaml.safe_load((Path(templates[0]) / "config.yml").read_text("utf-8"))
    known |= get_provider_info()["config"]
    told = variables(site(), CELERY)
    names = [name.lower().split("__")[1:] for name in told if name.startswith("AIRFLOW__")]
    assert len(names) > 20
    assert [name for name in names if name[1] not in known[name[0]]["options"]] == []


def test_what_was_started_ends_when_its_starter_is_killed():
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    leader = int(starter.stdout.readline())
    assert eventually(lambda: len(members({leader})) == 2)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate(timeout=20)
    assert eventually(lambda: members({leader}) == [])


def test_a_session_ends_with_all_its_groups():
    leader = subprocess.Popen([sys.executable, "-c", LEADER], start_new_session=True)
    assert eventually(lambda: len(members({leader.pid})) == 2)
    end_sessions({leader.pid})
    leader.wait(10)
    assert eventually(lambda: members({leader.pid}) == [])


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.devairflow", "--dir", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "holds something that is not ours" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_redis_is_found_and_answers_its_version():
    said = subprocess.run([find_redis(), "--version"], capture_output=True, text=True, check=True)
    assert "Redis server" in said.stdout


@pytest.mark.postgres
def test_a_postgres_that_crashed_starts_again_with_what_it_held():
    server = Postgres()
    try:
        execute(server.url, "CREATE TABLE kept (n integer)")
        server.halt()
        with pytest.raises(StoreUnavailable, match="PostgreSQL"):
            execute(server.url, "SELECT 1")
        server.start()
        execute(server.url, "INSERT INTO kept VALUES (1)")
    finally:
        server.stop()
    assert not server.folder.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [("not an address", "no address of a PostgreSQL"),
     ("postgresql://newsline@127.0.0.1:9/postgres", "PostgreSQL: connection")],
)  # fmt: skip
def test_a_given_server_that_is_none_is_said_before_anything_starts(tmp_path, url, said):
    done = subprocess.run(
        [*COMMAND, "--dir", str(tmp_path / "site"), "--postgres", url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def databases(server):
    engine = sa.create_engine(server)
    with engine.connect() as connection:
        names = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
    engine.dispose()
    return names


@pytest.mark.airflow
@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("airflow")
def test_make_airflow_starts_runs_and_ends_on_a_given_server_and_leaves_nothing_there(tmp_path):
    """As a newcomer does: the address and the logins are printed, a run becomes green, Ctrl-C."""
    server = Postgres()
    url = server.url.render_as_string(hide_password=False)
    before = databases(server.url)
    process = subprocess.Popen(
        [*COMMAND, "--dir", str(tmp_path / "site"), "--postgres", url],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C ends everything" in line:
                break
        text = "".join(said)
        address = re.search(r"^Airflow: (\S+)$", text, re.MULTILINE).group(1)
        password = re.search(r"admin +password (\S+)", text).group(1)
        assert "starting PostgreSQL" not in text
        assert len(databases(server.url) - before) == 2
        rest = Rest(address)
        rest.log_in("admin", password)
        assert eventually(lambda: "success" in states(rest), within_s=120), states(rest)
        process.send_signal(signal.SIGINT)
        rest_said, _ = process.communicate(timeout=60)
        assert "ending" in rest_said
        assert process.returncode == 0
        assert databases(server.url) == before
    finally:
        process.kill()
        process.wait()
        server.stop()


def states(rest):
    """States of the runs of news_ingest."""
    return [one["state"] for one in rest.ask("GET", "dags/news_ingest/dagRuns")["dag_runs"]]
