"""What surrounds a development Airflow: its settings, its keeper, its database."""

import os
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
from pipeline.devairflow.settings import CELERY, LOCAL, ROLES, Ports, Site, variables

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
        with pytest.raises(sa.exc.OperationalError):
            execute(server.url, "SELECT 1")
        server.start()
        execute(server.url, "INSERT INTO kept VALUES (1)")
    finally:
        server.stop()
    assert not server.folder.exists()
