"""Prepares a folder for a node, and launches the server in it."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from elastic_transport import ApiError, TransportError

from pipeline.devnode.credentials import USER, ensure_certificates, ensure_password
from pipeline.devnode.install import cache_folder, install, locked
from pipeline.devnode.java import Java, find_java
from pipeline.devnode.owner import Owner, find_owner, give, require_way, run_as
from pipeline.devnode.settings import CLUSTER, REPOSITORY, as_yaml, environment, server_settings
from pipeline.devnode.state import Node
from pipeline.errors import StoreUnavailable

_START_S = 180
_LOG_LINES = 15  # of the log, shown when a start fails


def prepare(folder: Path, *, port: int, security: bool, say: Callable[[str], None]) -> "Launch":
    """Install, and write what the node needs into its folder."""
    java, owner = find_java(), find_owner()
    require_way(owner, cache_folder(), "name another folder in XDG_CACHE_HOME")
    home = install(java, say)
    own = folder / "node"
    config, temporary = own / "config", own / "tmp"
    shutil.copytree(home / "config", config, dirs_exist_ok=True)
    for path in (own / "data", own / "logs", own / REPOSITORY, temporary):
        path.mkdir(exist_ok=True)
    settings = server_settings(own, port=port, security=security)
    (config / "elasticsearch.yml").write_text(as_yaml(settings), "utf-8")
    mark = secrets.token_hex(8)
    runtime = _reachable_java(java, owner, home)
    variables = environment(runtime, config, temporary, mark)
    if security:
        ensure_certificates(folder / "ca.pem", config)
    give(owner, own)
    if security:
        _enrol(home, variables, owner, ensure_password(folder / "password"))
    return Launch(home, folder, owner, variables, security, mark)


def _reachable_java(java: Java, owner: Owner | None, home: Path) -> Path:
    """Return a Java that the node's user can reach: ours, else a copy beside the installation."""
    if owner is None or owner.closed(java.home) is None:
        return java.home
    copy = home.parent / f"java-{java.version}"
    with locked(home.parent / "lock"):
        if not copy.exists():
            fresh = home.parent / ".java-new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(java.home, fresh)
            fresh.rename(copy)
    return copy


def _enrol(home: Path, variables: dict[str, str], owner: Owner | None, password: str) -> None:
    """Put the first password where the server looks for it: its keystore."""
    done = subprocess.run(
        [home / "bin" / "elasticsearch-keystore", "add", "--stdin", "--force",
         "bootstrap.password"],
        input=password,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        **run_as(owner),
    )  # fmt: skip
    if done.returncode:
        raise StoreUnavailable(f"the node's keystore cannot be written: {done.stderr.strip()}")


@dataclass(frozen=True, slots=True)
class Launch:
    """A node that is ready to be started."""

    home: Path  # the installation
    folder: Path
    owner: Owner | None
    environment: dict[str, str]
    security: bool
    mark: str

    @property
    def _own(self) -> Path:
        return self.folder / "node"

    def run(self) -> Node:
        """Start the server and wait until it answers. Raises StoreUnavailable."""
        deadline = time.monotonic() + _START_S
        pid_file = self._own / "pid"
        for left_over in (pid_file, self._own / "logs" / "http.ports"):
            left_over.unlink(missing_ok=True)
        with (self.folder / "start.log").open("wb") as said:
            launcher = subprocess.Popen(
                [self.home / "bin" / "elasticsearch", "--daemonize", "--pidfile", pid_file],
                cwd=self._own,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C here does not end it, and a failed start ends whole.
                start_new_session=True,
                **run_as(self.owner),
            )
        try:
            return self._until_up(launcher, deadline)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()
            raise

    def _until_up(self, launcher: subprocess.Popen[bytes], deadline: float) -> Node:
        """Wait for the launcher, which ends well once the server is up and goes on without it."""
        try:
            ended = launcher.wait(_START_S)
        except subprocess.TimeoutExpired as error:
            words = f"Elasticsearch was not up after {_START_S} s"
            raise StoreUnavailable(words + self._log()) from error
        if ended != 0:
            raise StoreUnavailable("Elasticsearch did not start" + self._log())
        node = self._node(int((self._own / "pid").read_text("ascii")))
        self._wait(node, deadline)
        self._register_repository(node)
        return node

    def _node(self, pid: int) -> Node:
        """Describe the server that came up: only now is its port known."""
        ports = (self._own / "logs" / "http.ports").read_text("utf-8").split()
        address = next(line for line in ports if line.startswith("127.0.0.1:"))
        if not self.security:
            return Node(pid, self.mark, f"http://{address}", str(self.folder))
        return Node(
            pid,
            self.mark,
            f"https://{address}",
            str(self.folder),
            ca_file=str(self.folder / "ca.pem"),
            user=USER,
            password_file=str(self.folder / "password"),
        )

    def _wait(self, node: Node, deadline: float) -> None:
        """Wait until the cluster says that it is well.

        With security that means its index of users: until that is there, which may be a second
        after the server is up, everybody is refused.
        """
        users = ".security" if self.security else None
        with node.client(timeout_s=5) as client:
            while True:
                try:
                    client.cluster.health(index=users, wait_for_status="yellow", timeout="1s")
                except (TransportError, ApiError) as error:
                    if time.monotonic() > deadline:
                        words = f"Elasticsearch at {node.url} does not answer: {error}"
                        raise StoreUnavailable(words + self._log()) from error
                    time.sleep(0.2)
                else:
                    return

    def _register_repository(self, node: Node) -> None:
        """Let snapshots be taken; Elasticsearch tries whether it can write there."""
        where = {"location": str(self._own / REPOSITORY)}
        with node.client(timeout_s=30) as client:
            try:
                client.snapshot.create_repository(
                    name=REPOSITORY, repository={"type": "fs", "settings": where}
                )
            except (TransportError, ApiError) as error:
                words = f"Elasticsearch at {node.url} takes no snapshots: {error}"
                raise StoreUnavailable(words + self._log()) from error

    def _log(self) -> str:
        """Return the last lines of what the server said, for people."""
        logs = (self.folder / "start.log", self._own / "logs" / f"{CLUSTER}.log")
        lines = [
            line
            for log in logs
            if log.exists()
            for line in log.read_text("utf-8", "replace").splitlines()
        ]
        return "\n".join([f"; the end of its log ({logs[-1]}):", *lines[-_LOG_LINES:]])
