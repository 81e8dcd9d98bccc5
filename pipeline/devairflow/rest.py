"""Asks a running Airflow through its public REST API, as any client would."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import StoreUnavailable

_TIMEOUT_S = 60.0  # the first request of all costs the server up to 20 s
_SERIOUS = frozenset({"warning", "error", "critical"})
#: Ends of a run.
ENDED = frozenset({"success", "failed"})


class Refused(Exception):
    """The server's answer was not the one wanted."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"HTTP {status}: {said[:2000]}")
        self.status = status


class Rest:
    """One user's requests. Every path is under /api/v2 unless it begins with a slash."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    def log_in(self, user: str, password: str) -> None:
        """Get a token."""
        credentials = {"username": user, "password": password}
        self._token = self.ask("POST", "/auth/token", credentials)["access_token"]

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Make a request and return the answer. Raises Refused, StoreUnavailable."""
        where = self.url + (path if path.startswith("/") else f"/api/v2/{path}")
        request = urllib.request.Request(where, method=method)  # noqa: S310 - our own server
        request.add_header("Accept", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                said = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode("utf-8", "replace")) from None
        except OSError as error:
            raise StoreUnavailable(f"{where} does not answer: {error}") from None
        return json.loads(said) if said else None

    def health(self) -> Mapping[str, str | None]:
        """Return component → how it says it is."""
        found = self.ask("GET", "monitor/health")
        return {name: part["status"] for name, part in found.items()}

    def unpause(self, dag_id: str, *, paused: bool = False) -> None:
        """Let a DAG run, or no longer."""
        self.ask("PATCH", f"dags/{dag_id}", {"is_paused": paused})

    def trigger(self, dag_id: str, **fields: object) -> str:
        """Start a run and return its id; `fields` are those of the API: conf, partition_key."""
        body = {"logical_date": None, **fields}
        run_id: str = self.ask("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"]
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return how a run is."""
        found: dict[str, Any] = self.ask("GET", f"dags/{dag_id}/dagRuns/{quoted(run_id)}")
        return found

    def wait(self, dag_id: str, run_id: str, *, timeout_s: float) -> str:
        """Wait for the end of a run; return its state, the last seen one if it takes too long."""
        until = time.monotonic() + timeout_s
        while True:
            state: str = self.run(dag_id, run_id)["state"]
            if state in ENDED or time.monotonic() >= until:
                return state
            time.sleep(0.25)

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"dags/{dag_id}/dagRuns/{quoted(run_id)}/taskInstances?limit=200"
        found: list[dict[str, Any]] = self.ask("GET", path)["task_instances"]
        return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:  # noqa: ANN401
        """Return what an unmapped task has left for others."""
        task = f"dags/{dag_id}/dagRuns/{quoted(run_id)}/taskInstances/{task_id}"
        return self.ask("GET", f"{task}/xcomEntries/{key}?deserialize=true")["value"]

    def log(self, dag_id: str, run_id: str, task: Mapping[str, Any]) -> str:
        """Return the warnings and errors in the last try's log of a task instance."""
        path = (
            f"dags/{dag_id}/dagRuns/{quoted(run_id)}/taskInstances/{task['task_id']}/logs/"
            f"{max(1, task['try_number'])}?map_index={task['map_index']}&full_content=true"
        )
        lines = self.ask("GET", path)["content"]
        return "\n".join(_said(line) for line in lines if line.get("level") in _SERIOUS)


def _said(line: Mapping[str, Any]) -> str:
    """Return a line of a log with the end of each exception in it."""
    causes = line.get("error_detail") or ()
    ends = (f"{one['exc_type']}: {one['exc_value']} (at {_place(one['frames'])})" for one in causes)
    return " · ".join((line["event"], *ends))


def _place(frames: Sequence[Mapping[str, Any]]) -> str:
    return " ← ".join(f"{one['filename']}:{one['lineno']}" for one in reversed(frames[-3:]))


def quoted(run_id: str) -> str:
    """Return a run's id as part of a path: it may hold plus signs and colons."""
    return urllib.parse.quote(run_id, safe="")
