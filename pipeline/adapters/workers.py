"""Workers: a pool of killable processes for bytes that we do not trust.

The processes are forked from a server process that has imported the task registry and holds no
thread, loop or database connection. An item that takes too long, too much memory or its process's
life ends that one process; a new one takes its place and the other items do not notice.
"""

import asyncio
import contextlib
import signal
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import structlog
from pebble import ProcessExpired, ProcessPool

from pipeline.adapters.fork_server import LeanContext, start_server
from pipeline.adapters.worker_process import EXIT_OUT_OF_MEMORY, Failure, perform, prepare
from pipeline.config import ParserSettings
from pipeline.errors import ConfigError, ItemError, Permanent, Transient

log = structlog.get_logger()

#: A process that dies while idle breaks Pebble's pool; the items are given to a new one.
_MAX_POOLS_PER_ITEM = 3


class ProcessWorkers:
    """Runs the tasks of a registry module (`TASKS`: name → function) in processes of their own.

    `registry` is imported once, in the server that the workers are forked from.
    """

    def __init__(self, settings: ParserSettings, registry: str = "pipeline.tasks") -> None:
        self._settings = settings
        self._registry = registry
        start_server(registry)
        self._closed = False
        self._pool = self._start()

    async def run(self, task: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - tasks differ
        """Run a named task.

        Raises Permanent("parser_timeout" | "parser_memory" | "parser_crash") when the item killed
        its worker. ItemErrors of the task come through, and a ConfigError, which is no item's
        fault. Any other exception is a bug that this item has found: Permanent("parser_bug"), with
        the trace in the log, so that one page does not end every run. When the caller is cancelled,
        so is the item.
        """
        for _ in range(_MAX_POOLS_PER_ITEM):
            pool = self._usable_pool()
            try:
                answer = await asyncio.wrap_future(
                    pool.schedule(
                        perform,
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
            if isinstance(answer, Failure):
                raise _meaning_of(task, answer)
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
            initializer=prepare,
            initargs=(self._registry, self._settings.memory_bytes),
            context=LeanContext(),
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
    if exit_code == EXIT_OUT_OF_MEMORY:
        return Permanent("parser_memory", f"over {settings.memory_bytes:,} bytes of address space")
    if exit_code == -signal.SIGXCPU:
        return Permanent("parser_timeout", f"over {settings.cpu_s:g} s of CPU time")
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return Permanent("parser_crash", f"killed by {signal.Signals(-exit_code).name}")
    return Permanent("parser_crash", f"process ended with code {exit_code}")


def _meaning_of(task: str, failure: Failure) -> ItemError | ConfigError:
    """Return what a task raised as its caller is to see it."""
    error = failure.error
    if isinstance(error, ItemError | ConfigError):
        return error
    log.error("parser_bug", task=task, error=repr(error), trace=failure.trace)
    return Permanent("parser_bug", f"{type(error).__name__}: {error}"[:500])
