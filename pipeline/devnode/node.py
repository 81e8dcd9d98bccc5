"""Starts and stops the node of a folder, and says how it is."""

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elastic_transport import ApiError, TransportError

from pipeline.devnode.install import locked
from pipeline.devnode.launch import prepare
from pipeline.devnode.owner import find_owner, require_way
from pipeline.devnode.state import Node, find_node, forget_node, write_node
from pipeline.errors import StoreUnavailable, UsageError

_STOP_S = 60


@dataclass(frozen=True, slots=True)
class Health:
    """How the node of a folder is."""

    running: bool
    url: str | None = None
    version: str | None = None
    documents: int | None = None  # over all indices that are not hidden


def start(folder: Path, *, port: int, security: bool, say: Callable[[str], None]) -> Node:
    """Start a node in a folder and wait until it answers; port 0: any free one.

    Raises UsageError (one runs there already, no Java, the port is taken) and StoreUnavailable
    (the registry cannot be reached, the node does not come up).
    """
    folder = folder.absolute()
    require_way(find_owner(), folder, "give another folder with --data")
    _make_folder(folder)
    with locked(folder / "lock"):
        if running := find_node(folder):
            raise UsageError(
                f"a node runs in {folder} already, at {running.url}: "
                f"`newsline elasticsearch stop --data {folder}` ends it"
            )
        if port:
            _require_free(port)
        try:
            launch = prepare(folder, port=port, security=security, say=say)
            say("starting Elasticsearch: this takes 10 to 60 seconds")
            node = launch.run()
            write_node(node)
        except OSError as error:
            raise StoreUnavailable(f"the node in {folder} cannot be started: {error}") from error
        return node


def stop(folder: Path) -> Node | None:
    """End the node of a folder and wait for its end; None: none was running.

    Raises StoreUnavailable when it does not end.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        return None
    with locked(folder / "lock"):
        node = find_node(folder)
        if node is not None:
            os.kill(node.pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_S
            while node.runs():
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"the node (pid {node.pid}) goes on after {_STOP_S} s")
                time.sleep(0.1)
        forget_node(folder)
        return node


def health(folder: Path) -> Health:
    """Ask the node of a folder how it is. Raises StoreUnavailable when it runs and is silent."""
    node = find_node(folder)
    if node is None:
        return Health(running=False)
    with node.client() as client:
        try:
            version = client.info()["version"]["number"]
            documents = client.count()["count"]
        except (TransportError, ApiError) as error:
            raise StoreUnavailable(f"the node at {node.url} does not answer: {error}") from error
    return Health(running=True, url=node.url, version=version, documents=documents)


def _make_folder(folder: Path) -> None:
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # whatever our umask is: the node may run as another user
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error


def _require_free(port: int) -> None:
    """Refuse a port that somebody listens on: the server would need half a minute to say so."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"port {port} cannot be had ({error.strerror}): give another, or leave --port out"
            ) from error
