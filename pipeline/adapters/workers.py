"""Workers: a pool of killable processes for bytes that we do not trust.

The processes are forked from a server process that has imported the task registry and holds no
thread, loop or database connection. An item that takes too long, too much memory or its process's
life ends that one process; a new one takes its place and the other items do not notice.
"""

import asyncio
import contextlib
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
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any, Never

import structlog
from pebble import ProcessExpired, ProcessPool

from pipeline.config import ParserSettings
from pipeline.errors import ItemError, Permanent, Transient

log = structlog.get_logger()

#: How a worker says that it ended itself for want of memory; no signal or shell uses this code.
_EXIT_OUT_OF_MEMORY = 86
#: A process that dies while idle breaks Pebble's pool; the items are given to a new one.
_MAX_POOLS_PER_ITEM = 3
_PR_SET_PDEATHSIG = 1


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


class _LeanContext(ForkServerContext):
    Process = _LeanProcess


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a task raised, in a form that surely crosses the process border."""

    error: Exception
    trace: str


class ProcessWorkers:
    """Runs the tasks of a registry module (`TASKS`: name → function) in processes of their own.

    `registry` is imported once, in the server that the workers are forked from.
    """

    def __init__(self, settings: ParserSettings, registry: str = "pipeline.tasks") -> None:
        self._settings = settings
        self._registry = registry
        self._context = _LeanContext()
        self._context.set_forkserver_preload([registry])
        self._closed = False
        self._pool = self._start()

    async def run(self, task: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - tasks differ
        """Run a named task.

        Raises Permanent("parser_timeout" | "parser_memory" | "parser_crash") when the item killed
        its worker. ItemErrors of the task come through. Any other exception is a bug that this
        item has found: Permanent("parser_bug"), with the trace in the log, so that one page does
        not end every run. When the caller is cancelled, so is the item.
        """
        for _ in range(_MAX_POOLS_PER_ITEM):
            pool = self._usable_pool()
            try:
                answer = await asyncio.wrap_future(
                    pool.schedule(
                        _perform,
                        args=(self._registry, task, self._settings.cpu_s),
                        kwargs=arguments,
                        timeout=self._settings.wall_s,
                    )
                )
            except TimeoutError:
                raise Permanent("parser_timeout", f"over {self._settings.wall_s:g} s") from None
            except ProcessExpired as error:
                raise _end_of(error.exitcode, self._settings) from None
            except BrokenProcessPool:
                self._replace(pool)
                continue
            if isinstance(answer, _Failure):
                raise _as_item_error(task, answer)
            return answer
        raise Transient("parser_unavailable", f"{_MAX_POOLS_PER_ITEM} pools of workers broke")

    def close(self) -> None:
        """End the processes; items that still run are cancelled."""
        self._closed = True
        self._pool.stop()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped
        self._pool.join()

    def _start(self) -> ProcessPool:
        pool = ProcessPool(
            max_workers=self._settings.processes,
            max_tasks=self._settings.recycle_after,
            initializer=_prepare,
            initargs=(self._registry, self._settings.memory_bytes),
            context=self._context,
        )
        _ = pool.active  # asking starts the processes, before there is work for them
        return pool

    def _usable_pool(self) -> ProcessPool:
        if self._closed:
            raise RuntimeError("the workers are closed")
        if not self._pool.active:
            self._replace(self._pool)
        return self._pool

    def _replace(self, broken: ProcessPool) -> None:
        """Start a new pool, once, however many items find the old one broken."""
        if self._pool is not broken:
            return
        self._pool = self._start()
        broken.stop()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped
        broken.join()


def _end_of(exit_code: int, settings: ParserSettings) -> Permanent:
    """Say what a worker's death means for the item that it had in hand."""
    if exit_code == _EXIT_OUT_OF_MEMORY:
        return Permanent("parser_memory", f"over {settings.memory_bytes:,} bytes of address space")
    if exit_code == -signal.SIGXCPU:
        return Permanent("parser_timeout", f"over {settings.cpu_s:g} s of CPU time")
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return Permanent("parser_crash", f"killed by {signal.Signals(-exit_code).name}")
    return Permanent("parser_crash", f"process ended with code {exit_code}")


# What follows runs in the worker processes.


def _prepare(registry: str, memory_bytes: int) -> None:
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


def _as_item_error(task: str, failure: _Failure) -> ItemError:
    """Return what a task raised as the outcome of its item."""
    error = failure.error
    if isinstance(error, ItemError):
        return error
    log.error("parser_bug", task=task, error=repr(error), trace=failure.trace)
    return Permanent("parser_bug", f"{type(error).__name__}: {error}"[:500])


def _perform(registry: str, task: str, cpu_s: float, /, **arguments: Any) -> Any:  # noqa: ANN401
    """Do one task with its own allowance of CPU time."""
    allowed_s = math.ceil(time.process_time() + cpu_s)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed_s, resource.RLIM_INFINITY))
    work = importlib.import_module(registry).TASKS[task]  # an unknown task is the caller's bug
    try:
        return work(**arguments)
    except MemoryError:
        _give_up()
    except Exception as error:  # noqa: BLE001 - every failure goes to the caller as a value
        return _Failure(_portable(error), traceback.format_exc())


def _give_up() -> Never:
    """End a process without memory at once: what it still holds cannot be trusted to shrink."""
    os._exit(_EXIT_OUT_OF_MEMORY)


def _portable(error: Exception) -> Exception:
    """Return the error, or one that says the same if it cannot be pickled both ways."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - pickling runs code of the error's class
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
