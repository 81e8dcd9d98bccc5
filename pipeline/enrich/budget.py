"""A budget of CPU time: one text that an enricher chokes on costs that enricher's part, no more."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class BudgetSpent(Exception):
    """A piece of work took more CPU time than it may."""


@contextmanager
def cpu_budget(seconds: float) -> Iterator[None]:
    """Raise BudgetSpent in what is done within, when it takes more than `seconds` of CPU time.

    Counted by the kernel for the whole process, so waiting costs nothing. Signals reach the main
    thread alone: in another one there is no budget. Regular expressions can be interrupted, other
    C code only when it returns; the limit of the worker process stands behind this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise BudgetSpent(f"more than {seconds:g} s of CPU time")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
