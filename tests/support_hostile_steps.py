"""The tasks of the single steps, and what hostile input would make of their process.

Input that says "hang", "crash" or "hoard" has that done; all other goes to the real task.
"""

import os
import signal
import time

from pipeline.tasks import TASKS as REAL


def _hang():
    time.sleep(60)


def _crash():
    os.kill(os.getpid(), signal.SIGKILL)


def _hoard():
    bytearray(1 << 40)


_DEEDS = {"hang": _hang, "crash": _crash, "hoard": _hoard}


def _by_what_it_says(task, part):
    def do(**arguments):
        said = arguments[part]
        said = said.decode() if isinstance(said, bytes) else said
        for word, deed in _DEEDS.items():
            if word in said:
                deed()
        return REAL[task](**arguments)

    return do


TASKS = {
    "parse_feed": _by_what_it_says("parse_feed", "body"),
    "extract_page": _by_what_it_says("extract_page", "body"),
    "enrich": _by_what_it_says("enrich", "text"),
}
