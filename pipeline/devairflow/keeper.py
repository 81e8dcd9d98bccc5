"""Ends the processes that it was told of once the one who told it is gone, however that went.

Reads process ids from standard input, one a line; a minus sign takes one back. At the end of the
input, which is what the death of the writer looks like, it ends each with all of its group.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

_PATIENCE_S = 10.0


class Keeper:
    """The side of the one who starts processes."""

    def __init__(self) -> None:
        """Start the process that waits for our end."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.devairflow.keeper"],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C ends us, and by that the others, but not the keeper
        )

    def watch(self, pid: int) -> None:
        """Have a process ended with us, and its group if it leads one."""
        self._say(f"{pid}\n")

    def forget(self, pid: int) -> None:
        """Say that a process has ended: its number may soon be another's."""
        self._say(f"-{pid}\n")

    def close(self) -> None:
        """Have everything ended that is still watched."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=_PATIENCE_S + 5)

    def _say(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(line)
            self._process.stdin.flush()


def _end_groups(pids: set[int]) -> None:
    """Ask processes to end, with their groups, and end them if they do not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        until = time.monotonic() + _PATIENCE_S
        while any(map(_exists, pids)) and time.monotonic() < until:
            time.sleep(0.1)


def _exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    """Wait for the end of the input."""
    pids: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        if number > 0:
            pids.add(number)
        else:
            pids.discard(-number)
    _end_groups(pids)


if __name__ == "__main__":
    main()
