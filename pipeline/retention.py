"""Removes what has been kept long enough: rows of the ledger, Airflow's metadata, task logs.

The archive is another matter: see trimming.py.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.care import Care
from pipeline.changes.log import ChangeLog
from pipeline.config import RetentionSettings
from pipeline.errors import StoreUnavailable

#: Rows deleted in one transaction, and for how long a run goes on: neither blocks the trip.
BATCH = 2_000
BUDGET_S = 120.0
#: Folders below that of Airflow's logs: of tasks, and of the reading of DAG files (a file a day).
_LOGS = ("dag_id=*", "dag_processor")
_AIRFLOW_BATCH = "500"
_LAST_LINES = 10
_DAY_S = 86_400.0


def trim_ledger(
    ledger: Care, settings: RetentionSettings, now: datetime, *, budget_s: float = BUDGET_S
) -> dict[str, Any]:
    """Delete what is older than `poll_days`, some at a time; with 0 only count what 90 days are."""
    if not settings.poll_days:
        older = ledger.count_trimmable(now - timedelta(days=90))
        return {"deleted": {}, "older_than_90_days": dict(older)}
    before = now - timedelta(days=settings.poll_days)
    deleted: Counter[str] = Counter()
    ends_at_s = time.monotonic() + budget_s
    while time.monotonic() < ends_at_s:
        some = ledger.trim(before, limit=BATCH)
        deleted.update(some)
        if max(some.values()) < BATCH:
            break
    return {"deleted": dict(deleted)}


def trim_changes(
    log: ChangeLog, settings: RetentionSettings, now: datetime, *, budget_s: float = BUDGET_S
) -> int:
    """Delete lines of the change log that are older than `change_days`; return how many."""
    if not settings.change_days:
        return 0
    before = now - timedelta(days=settings.change_days)
    deleted, ends_at_s = 0, time.monotonic() + budget_s
    while time.monotonic() < ends_at_s:
        some = log.trim_changes(before, limit=BATCH)
        deleted += some
        if some < BATCH:
            break
    return deleted


def clean_airflow(url: str, settings: RetentionSettings) -> str:
    """Run `airflow db clean` in small batches; return the end of what it said.

    A task of Airflow 3 may not ask Airflow's database, so the address is given. Raises
    StoreUnavailable when the command failed.
    """
    if not settings.airflow_days:
        return "airflow_days is 0: all is kept"
    before = datetime.now(UTC) - timedelta(days=settings.airflow_days)
    told = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url,
        "PYTHONWARNINGS": "ignore",
    }
    command = (
        "db", "clean", "--yes", "--skip-archive", "--error-on-cleanup-failure",
        "--batch-size", _AIRFLOW_BATCH, "--clean-before-timestamp", before.isoformat(),
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *command],
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
    )
    last = "\n".join((done.stdout + done.stderr).replace(url, "…").splitlines()[-_LAST_LINES:])
    if done.returncode:
        raise StoreUnavailable(f"airflow db clean failed:\n{last}")
    return last


def airflow_logs() -> Path:
    """Return the folder of task logs, as Airflow's own variables name it."""
    named = os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER")
    return Path(named) if named else Path(os.environ.get("AIRFLOW_HOME", "~/airflow")) / "logs"


def remove_logs(folder: Path, settings: RetentionSettings) -> int:
    """Delete logs of tasks and of DAG files nobody wrote to for `airflow_days`; return how many."""
    if not settings.airflow_days:
        return 0
    oldest_s = time.time() - settings.airflow_days * _DAY_S
    removed = 0
    folder = folder.expanduser()
    for path in chain.from_iterable(folder.glob(f"{below}/**/*.log") for below in _LOGS):
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime < oldest_s:
            path.unlink(missing_ok=True)
            removed += 1
    folders = chain.from_iterable(folder.glob(f"{below}/**/") for below in _LOGS)
    for path in sorted(folders, reverse=True):
        if not any(path.iterdir()) and path.stat().st_mtime < oldest_s:
            path.rmdir()
    return removed
