"""What runs inside a worker process: its limits, one task after the other, and its end.

Imports next to nothing: a new process reads what the server that it is forked from has not.
"""

import ctypes
import importlib
import math
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing import forkserver
from typing import Any, Never

#: How a worker says that it ended itself for want of memory; no signal or shell uses this code.
EXIT_OUT_OF_MEMORY = 86
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """What a task raised, in a form that surely crosses the process border."""

    error: Exception
    trace: str


def prepare(registry: str, memory_bytes: int) -> None:
    """Set the limits of a new worker. It inherits `registry` already imported, if all is well."""
    importlib.import_module(registry)
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold people's pages
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL when the server dies, which it does when the pipeline process does.

    The server lives as long as somebody holds its pipe; a busy worker must not be that somebody.
    Elsewhere the closed pipe ends an idle worker, and the CPU limit a busy one.
    """
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def perform(registry: str, task: str, cpu_s: float, /, **arguments: Any) -> Any:  # noqa: ANN401
    """Do one task with its own allowance of CPU time."""
    allowed_s = math.ceil(time.process_time() + cpu_s)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed_s, resource.RLIM_INFINITY))
    work = importlib.import_module(registry).TASKS[task]  # an unknown task is the caller's bug
    try:
        return work(**arguments)
    except MemoryError:
        _give_up()
    except Exception as error:  # noqa: BLE001 - every failure goes to the caller as a value
        return Failure(_portable(error), traceback.format_exc())


def _give_up() -> Never:
    """End a process without memory at once: what it still holds cannot be trusted to shrink."""
    os._exit(EXIT_OUT_OF_MEMORY)


def _portable(error: Exception) -> Exception:
    """Return the error, or one that says the same if it cannot be pickled both ways."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - pickling runs code of the error's class
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
