"""Ends the processes that it was told of once the one who told it is gone, however that went.

Reads process ids from standard input, one a line; a minus sign takes one back. At the end of the
input, which is what the death of the writer looks like, it ends each with all of its session.
(Linux: it finds them in /proc.)
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

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
        """Have a process ended with us, and the session that it leads."""
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


def end_sessions(leaders: set[int], how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the leaders of sessions to end, then end whatever is left of their sessions."""
    for leader in leaders:
        _signal(leader, how)
    until = time.monotonic() + _PATIENCE_S
    while leaders.intersection(members(leaders)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in members(leaders):
        _signal(pid, signal.SIGKILL)


def members(leaders: set[int]) -> list[int]:
    """Return the processes of some sessions: tasks of Airflow lead groups of their own in them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, session, *_ = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(session) in leaders and state != "Z":
                found.append(int(folder.name))
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    """Wait for the end of the input."""
    pids: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        if number > 0:
            pids.add(number)
        else:
            pids.discard(-number)
    end_sessions(pids)


if __name__ == "__main__":
    main()
