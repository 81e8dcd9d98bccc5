"""Starts a node for a test run, and ends it when the last worker of the run has gone.

    python support_elasticsearch_keeper.py FOLDER USERS [--security]

Ends with 0 once the node answers, else with the reason on standard error. A child stays behind that
waits for the lock file USERS, which the workers share.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from pipeline.devnode.node import start, stop
from pipeline.errors import NewslineError


def main():
    folder, users = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        start(folder, port=0, security="--security" in sys.argv, say=lambda _: None)
    except BaseException as error:
        shutil.rmtree(folder)
        if isinstance(error, NewslineError):
            sys.exit(str(error))
        raise
    if os.fork() == 0:
        keep(folder, users)


def keep(folder, users):
    """Wait until nobody uses the node, end it and leave nothing behind."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    with users.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stop(folder)
        shutil.rmtree(folder)
        users.unlink()


if __name__ == "__main__":
    main()
