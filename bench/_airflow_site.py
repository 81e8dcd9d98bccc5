"""An Airflow for measurements: one stack; each run has a ledger and a data folder of its own."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.adapters.ledger import open_ledger, opened
from pipeline.adapters.ledger.maintenance import upgrade
from pipeline.devairflow.keeper import Keeper, members
from pipeline.devairflow.postgres import Postgres, execute
from pipeline.devairflow.rest import Rest
from pipeline.devairflow.stack import Stack, new_site
from pipeline.feeds.catalogue import write_catalogue
from pipeline.model import Feed
from pipeline.work import FeedState

PACE_S = 0.02
#: A schedule that does not come about meanwhile: runs are triggered.
_NEVER = "0 0 29 2 *"
_TICK_S = os.sysconf("SC_CLK_TCK")
_RUN_S = 300.0


@dataclass(frozen=True)
class Took:
    """What one run of `news_ingest` took."""

    run_id: str
    s: float  # from its start to its end, as Airflow says
    tasks_cpu_s: (
        float  # of the processes that ran its tasks, Airflow's supervision of them included
    )
    airflow_cpu_s: float  # of scheduler loop, api-server, dag-processor, triggerer meanwhile
    tasks: Sequence[Mapping[str, Any]]

    def of(self, task_id: str) -> list[Mapping[str, Any]]:
        """Return the instances of a task."""
        return [task for task in self.tasks if task["task_id"] == task_id]

    def span_s(self, task_id: str) -> float:
        """Return the time from the first start to the last end of a task's instances."""
        mine = self.of(task_id)
        return (
            max(_at(task, "end") for task in mine) - min(_at(task, "start") for task in mine)
        ).total_seconds()


class Place:
    """Settings, catalogue, ledger and data where tasks and commands look for them."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.folder = folder
        self.server = server
        self.ledger_url = ""
        self._made = 0
        folder.mkdir()

    @property
    def variables(self) -> dict[str, str]:
        """Return what is told to whoever works here."""
        return {
            "NEWSLINE_CONFIG": str(self.folder / "pipeline.toml"),
            "NEWSLINE_FEEDS": str(self.folder / "feeds.toml"),
            "NEWSLINE_DATA": str(self.folder / "data"),
        }

    def begin(
        self,
        feeds: Sequence[Feed],
        *,
        port: int,
        now: datetime,
        rate: float = 1.0,
        states: Iterable[FeedState] = (),
    ) -> None:
        """Begin anew: an empty ledger and index, these feeds, and the time as it is to be."""
        self._made += 1
        execute(self.server.url, f"CREATE DATABASE ledger_{self._made}")
        url = self.server.url.set(database=f"ledger_{self._made}")
        self.ledger_url = url.render_as_string(hide_password=False)
        with opened(self.ledger_url) as database:
            upgrade(database)
        ledger = open_ledger(self.ledger_url)
        ledger.sync_feeds(list(states))
        ledger.close()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        (self.folder / "feeds.toml").write_text(write_catalogue(feeds), "utf-8")
        (self.folder / "pipeline.toml").write_text(
            f'[fetch]\ncontact = "bench@example.org"\nallow_private = ["127.0.0.0/8"]\n'
            f"pace_s = {PACE_S}\nports = [80, 443, {port}]\n"
            f'[clock]\norigin = "{now.isoformat()}"\nrate = {rate}\n'
            f'origin_at = "{datetime.now(UTC).isoformat()}"\n'
            f'[ledger]\nurl = "{self.ledger_url}"\n[parser]\nprocesses = 1\n',
            "utf-8",
        )

    def run_in_process(self) -> tuple[float, float, int]:
        """Do the same by `newsline run --once`; return seconds, CPU seconds and documents."""
        before, start = _children_cpu_s(), time.monotonic()
        told = self.variables
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", "--once", "--json",
             "--feeds", told["NEWSLINE_FEEDS"], "--config", told["NEWSLINE_CONFIG"],
             "--data", told["NEWSLINE_DATA"]],
            capture_output=True, check=True,
        )  # fmt: skip
        s, cpu_s = time.monotonic() - start, _children_cpu_s() - before
        return s, cpu_s, json.loads(done.stdout)["balance"]["indexed"]


class Running:
    """A stack that is up."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self.stack = stack
        self.place = place
        self.rest: Rest = stack.rest()

    def start(self) -> str:
        """Trigger a run; return its id at once."""
        return self.rest.trigger("news_ingest")

    def run(self) -> Took:
        """Trigger a run and wait for its end; it has to be a success."""
        before = self._cpu_s()
        run_id = self.start()
        state = self.rest.wait("news_ingest", run_id, timeout_s=_RUN_S)
        after = self._cpu_s()
        tasks = self.rest.tasks("news_ingest", run_id)
        if state != "success":
            failed = [task for task in tasks if task["state"] == "failed"]
            logs = [self.rest.log("news_ingest", run_id, task) for task in failed]
            raise SystemExit(f"a run ended as {state}:\n" + "\n".join(logs))
        run = self.rest.run("news_ingest", run_id)
        return Took(
            run_id,
            (_at(run, "end") - _at(run, "start")).total_seconds(),
            after[0] - before[0],
            after[1] - before[1],
            tasks,
        )

    def _cpu_s(self) -> tuple[float, float]:
        """Return CPU seconds so far of what ran tasks, and of Airflow itself."""
        pids = dict(self.stack.pids)
        everything = sum(_cpu_s(pid) for pid in members(set(pids.values())))
        scheduler = pids["scheduler"]
        tasks = sum(_cpu_s(pid) for pid in members({scheduler}) if pid != scheduler)
        return tasks, everything - tasks


@contextmanager
def airflow(folder: Path) -> Iterator[Running]:
    """Run an Airflow whose tasks find one place; Celery's workers do one task at a time."""
    keeper = Keeper()
    server = Postgres()
    keeper.watch(server.pid)
    try:
        place = Place(folder / "place", server)
        told = place.variables | {
            "NEWSLINE_INGEST_CRON": _NEVER,
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
        }
        with Stack(new_site(folder / "home", server.url), told, keeper) as stack:
            running = Running(stack, place)
            _unpause(running.rest)
            yield running
    finally:
        server.stop()
        keeper.close()


def _unpause(rest: Rest) -> None:
    until = time.monotonic() + 60
    while "news_ingest" not in {dag["dag_id"] for dag in rest.ask("GET", "dags?limit=100")["dags"]}:
        if time.monotonic() > until:
            raise SystemExit(str(rest.ask("GET", "importErrors")))
        time.sleep(0.25)
    rest.unpause("news_ingest")


def _at(one: Mapping[str, Any], which: str) -> datetime:
    return datetime.fromisoformat(one[f"{which}_date"])


def _cpu_s(pid: int) -> float:
    """Return CPU seconds of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0  # it has ended: its parent counts it
    return sum(map(int, fields[11:15])) / _TICK_S


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
