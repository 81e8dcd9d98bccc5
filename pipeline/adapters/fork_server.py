"""The server process that workers are forked from, with all that they need imported already.

Light to import, so that a command can start the server first and load the rest beside it.
"""

import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType

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
    """Start the server, unless one runs, and let it import a registry of tasks meanwhile."""
    forkserver.set_forkserver_preload([*_ALWAYS, registry])
    forkserver.ensure_running()
