"""A real Elasticsearch for tests: one node of each kind for all workers of a run.

The first worker that needs a kind has it started; every worker that uses it shares a lock file
with the others, and a keeper (support_elasticsearch_keeper.py) ends the node when it gets that lock
for itself. The system takes the lock from a worker that crashes, so no run leaves a node behind.

NEWSLINE_TEST_ELASTICSEARCH_URL names a node to use instead, for `elasticsearch_url`. What cannot be
had fails the test with the reason. Tests share the node: let them give their indices names of their
own. Bound to `pytest.mark.elasticsearch`; the first start of all on a machine takes a minute or
two, so a module that uses these fixtures is also marked with `pytest.mark.timeout(300)`.
"""

import atexit
import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from pipeline.devnode.install import locked
from pipeline.devnode.state import find_node

KEEPER = Path(__file__).parent / "support_elasticsearch_keeper.py"


@dataclass(frozen=True)
class Secured:
    """How to reach a node with security as its first user, who may do everything."""

    url: str
    ca_file: str
    user: str
    password: str


@cache
def node_url():
    """Return the address of a node without security, for what is no fixture; kept to the end."""
    given = os.environ.get("NEWSLINE_TEST_ELASTICSEARCH_URL")
    if given:
        return given
    use = shared_node(security=False)
    atexit.register(use.__exit__, None, None, None)
    return use.__enter__().url


@pytest.fixture(scope="session")
def elasticsearch_url():
    """The address of a node without security."""
    return node_url()


@pytest.fixture(scope="session")
def secure_elasticsearch():
    """A node with TLS, users, roles and API keys."""
    with shared_node(security=True) as node:
        yield Secured(node.url, node.ca_file, node.user, node.password)


@contextmanager
def shared_node(*, security):
    """Use the run's node of this kind until the end of the block; started when there is none."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"pid{os.getpid()}")[:16]
    kind = "secure" if security else "plain"
    folder = Path(tempfile.gettempdir()) / f"newsline-elasticsearch-{run}-{kind}"
    with _shared_lock(folder.with_suffix(".users")) as users:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        with locked(folder / "starting"):
            node = find_node(folder) or _start(folder, users, security=security)
        yield node


@contextmanager
def _shared_lock(path):
    """Hold a lock file together with others."""
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            # The keeper may have removed the file while we waited: then nobody waits for ours.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield path
                return


def _start(folder, users, *, security):
    kind = ["--security"] if security else []
    started = subprocess.run(
        [sys.executable, KEEPER, folder, users, *kind],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C ends the tests, and by that the node, but not the keeper
        check=False,
    )
    if started.returncode:
        pytest.fail(f"no Elasticsearch: {started.stderr.strip()}", pytrace=False)
    return find_node(folder)
