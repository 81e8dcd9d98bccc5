"""The server process that workers are forked from, with all that they need imported already.

Light to import, so that a command can start the server first and load the rest beside it.
"""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import forkserver, process, resource_tracker, util
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any

#: What every worker needs beside its registry of tasks.
_ALWAYS = ("pebble.pool.process", "pipeline.adapters.worker_process")


class _LeanProcess(ForkServerProcess):
    """A process without the program's main module.

    By default each new process imports that: here the whole command line with its databases, for
    seconds. The stand-in is what the start of a process sees of it.
    """

    def start(self) -> None:
        """Start the process."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class LeanContext(ForkServerContext):
    """How the pool of workers starts its processes."""

    Process = _LeanProcess


def start_server(registry: str) -> None:
    """Start the server, unless one runs, and let it import a registry of tasks meanwhile.

    A process that has the registry already, and no thread that would be missing, forks the server
    from itself instead of starting Python anew: a scheduler's task inherits what it needs.
    """
    _stand_alone()
    forkserver.set_forkserver_preload([*_ALWAYS, registry])
    resource_tracker.ensure_running()  # in Python of its own: it outlives us to tidy up
    if registry in sys.modules and threading.active_count() == 1:
        with _forked_servers():
            forkserver.ensure_running()
    else:
        forkserver.ensure_running()


def _stand_alone() -> None:
    """Be a process that may have children, also in a task of a Celery worker.

    The standard library takes that for a daemon of Celery's own library, which must not have any
    and whose key it cannot hand on. Ours end with us all the same (worker_process.py).
    """
    library: Any = process
    ours = library.current_process()
    if ours.daemon:
        key = library.AuthenticationString(ours.authkey)
        ours._config |= {"daemon": False, "authkey": key}  # noqa: SLF001 - no public way


@contextmanager
def _forked_servers() -> Iterator[None]:
    """Let the standard library fork its server where it would start Python anew."""
    library: Any = util
    start_anew = library.spawnv_passfds
    library.spawnv_passfds = _fork
    try:
        yield
    finally:
        library.spawnv_passfds = start_anew


def _fork(_: bytes, arguments: Sequence[Any], files: Sequence[int]) -> int:
    """Run what `python -c …` was to run in a child that keeps these files and the standard ones."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _forget(keep={0, 1, 2, *files})
        exec(arguments[-1], {})  # noqa: S102 - the library's own line: `main(…)` of its server
    except SystemExit:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(1)


def _forget(keep: set[int]) -> None:
    """Let go of what belongs to the process that we were: connections, log, signal handlers."""
    for lower, upper in pairwise([-1, *sorted(keep), os.sysconf("SC_OPEN_MAX")]):
        if upper - lower > 1:  # Python 3.11 closes everything when the range is empty
            os.closerange(lower + 1, upper)
    logging.getLogger().handlers.clear()
    if "structlog" in sys.modules:
        sys.modules["structlog"].reset_defaults()
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
