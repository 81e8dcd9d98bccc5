"""Starts Airflow's components, waits until they are well, and ends them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL

from pipeline.devairflow.keeper import Keeper, end_sessions
from pipeline.devairflow.postgres import new_database
from pipeline.devairflow.redis import find_redis
from pipeline.devairflow.rest import Refused, Rest
from pipeline.devairflow.settings import CELERY, LOCAL, ROOT, Ports, Site, variables
from pipeline.errors import NewslineError, StoreUnavailable

COMPONENTS = {
    "api-server": ("airflow", "api-server"),
    "dag-processor": ("airflow", "dag-processor"),
    "triggerer": ("airflow", "triggerer"),
    "scheduler": ("airflow", "scheduler"),
}
QUEUES = "default,news_fetch,news_index"
_HEALTHY_S = 180.0  # 30 s on a machine at rest
_POOLS = ROOT / "config" / "airflow" / "pools.json"
_LOG_LINES = 20  # of a component's log, shown when it does not start

Say = Callable[[str], None]


class Stack:
    """One Airflow: use as a context, or `start` and `stop`.

    `environment` is added to what the components are told: where Newsline's settings are.
    """

    def __init__(self, site: Site, environment: Mapping[str, str], keeper: Keeper) -> None:
        self.site = site
        self.executor = LOCAL
        self.environment = dict(environment)
        self._keeper = keeper
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start everything."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.stop()

    @property
    def pids(self) -> Mapping[str, int]:
        """Component → process id."""
        return {name: process.pid for name, process in self._running.items()}

    def rest(self, user: str = "admin") -> Rest:
        """Return a client that has logged in."""
        rest = Rest(self.site.url)
        rest.log_in(user, self.site.passwords[user])
        return rest

    def start(self, say: Say = lambda _: None) -> None:
        """Start all components and wait until they are well."""
        self.site.folder.mkdir(parents=True, exist_ok=True)
        passwords = self.site.folder / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(self.site.passwords_json(), "utf-8")
        say("preparing the database")
        self.run("airflow", "db", "migrate")
        say("starting api-server, dag-processor, triggerer and scheduler")
        try:
            for name, command in COMPONENTS.items():
                self.launch(name, *command)
            self._wait_until_well()
            self._make_pools()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all components: what runs tasks first, the api-server that all speak to last."""
        self.end(*(name for name in self._running if name not in COMPONENTS or name == "scheduler"))
        self.end(*(name for name in self._running if name != "api-server"))
        self.end(*self._running)

    def launch(self, name: str, module: str, *arguments: str, **more: str) -> None:
        """Start a Python module as a component with a log of its own; `more` are variables."""
        logs = self.site.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self._variables() | more,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        self._keeper.watch(process.pid)

    def end(self, *names: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End some components with all that they have started."""
        processes = [self._running.pop(name) for name in names]
        end_sessions({process.pid for process in processes}, how)
        for process in processes:
            process.wait()
            self._keeper.forget(process.pid)

    def spread(self, workers: int) -> None:
        """Hand tasks to Celery workers over Redis instead of to the scheduler's own processes."""
        redis, port = find_redis(), self.site.ports.broker
        self.end("scheduler")
        self.executor = CELERY
        self._running["redis"] = process = subprocess.Popen(
            [redis, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"],
            cwd=self.site.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._keeper.watch(process.pid)
        for _ in range(workers):
            self.add_worker()
        self.launch("scheduler", "airflow", "scheduler")
        self._wait_until_well()

    def add_worker(self) -> None:
        """Start one Celery worker more; it takes tasks when its log says that it is ready."""
        name = f"worker-{sum(name.startswith('worker-') for name in self._running)}"
        self.launch(name, "airflow", "celery", "worker", "-q", QUEUES,
                    "--celery-hostname", name, "--skip-serve-logs")  # fmt: skip

    def gather(self) -> None:
        """Hand tasks to the scheduler's own processes again."""
        spread = [name for name in self._running if name.startswith(("redis", "worker-"))]
        self.end(*spread, "scheduler", how=signal.SIGKILL)  # nothing is to be waited for
        self.executor = LOCAL
        self.launch("scheduler", "airflow", "scheduler")
        self._wait_until_well()

    def run(self, module: str, *arguments: str) -> str:
        """Run a Python module to its end and return what it printed. Raises StoreUnavailable."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self._variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-_LOG_LINES:])
            raise StoreUnavailable(f"{module} {' '.join(arguments)} failed:\n{last}")
        return done.stdout

    def _variables(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "NEWSLINE_", "PYTEST_"))
        }
        return kept | variables(self.site, self.executor) | self.environment

    def _wait_until_well(self) -> None:
        """Wait for the health of all, and pay what the first request of a task would pay."""
        rest = Rest(self.site.url)
        until = time.monotonic() + _HEALTHY_S
        ill: object = "nothing answers"
        while time.monotonic() < until:
            self._require_running()
            try:
                found = rest.health()
                ill = {name: how for name, how in found.items() if how != "healthy"}
                if not ill:
                    rest.ask("GET", "/execution/health")
                    return
            except (Refused, NewslineError) as error:
                ill = error
            time.sleep(0.25)
        raise StoreUnavailable(f"Airflow is not well after {_HEALTHY_S:g} s: {ill}")

    def _require_running(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise StoreUnavailable(f"the {name} has ended:\n{self.last_lines(name)}")

    def last_lines(self, name: str) -> str:
        """Return the end of a component's log."""
        log = self.site.folder / "logs" / f"{name}.log"
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        return "\n".join(lines[-_LOG_LINES:])

    def _make_pools(self) -> None:
        rest = self.rest()
        for name, pool in json.loads(_POOLS.read_text("utf-8")).items():
            with suppress(Refused):  # it is there already
                rest.ask("POST", "pools", {"name": name, **pool})


def free_ports(count: int) -> Sequence[int]:
    """Return ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def new_site(folder: Path, server: URL, *, port: int = 0) -> Site:
    """Return a fresh site with a database of its own on a server; port 0: any."""
    database = new_database(server, "airflow")
    api, *others = free_ports(4)
    return Site(folder, database, Ports(port or api, *others))
