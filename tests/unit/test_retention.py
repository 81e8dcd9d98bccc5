"""Logs of tasks that are old enough are deleted, and nothing else."""

import os
import time

from pipeline.config import RetentionSettings
from pipeline.retention import airflow_logs, remove_logs

DAY_S = 86_400


def log(folder, name, *, days):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a line\n", "utf-8")
    for one in (path, path.parent):
        os.utime(one, (time.time() - days * DAY_S,) * 2)
    return path


def test_old_logs_of_tasks_go_and_young_ones_and_others_stay(tmp_path):
    old = log(tmp_path, "dag_id=a/run_id=1/task_id=t/attempt=1.log", days=20)
    young = log(tmp_path, "dag_id=a/run_id=2/task_id=t/attempt=1.log", days=2)
    other = log(tmp_path, "scheduler.log", days=90)
    parsed = log(tmp_path, "dag_processor/2019-09-01/dags/news_ingest.py.log", days=20)
    assert remove_logs(tmp_path, RetentionSettings()) == 2
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)
    assert not parsed.exists()


def test_with_nought_days_all_is_kept(tmp_path):
    log(tmp_path, "dag_id=a/run_id=1/task_id=t/attempt=1.log", days=900)
    assert remove_logs(tmp_path, RetentionSettings(airflow_days=0)) == 0


def test_the_folder_of_logs_is_the_one_that_airflow_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert airflow_logs() == tmp_path / "logs"
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path / "elsewhere"))
    assert airflow_logs() == tmp_path / "elsewhere"
