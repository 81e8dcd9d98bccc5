"""A registry for the tests of workers: tasks that do to their process what hostile input would."""

import ctypes
import os
import signal
import sys
import time
import warnings

from pipeline.errors import ConfigError, Fault, Permanent, Transient


class TwoArgumentsError(Exception):
    """An exception that pickles but cannot be unpickled."""

    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


LENT = "imported anew"  # a test says otherwise in the process that its workers come from


def lent():
    return LENT


def double(*, value):
    return value * 2


def who():
    return os.getpid()


def parent():
    return os.getppid()


def main_file():
    return getattr(sys.modules.get("__mp_main__"), "__file__", None)


def refuse(*, lasting):
    if lasting:
        raise Permanent("bad_page", "a detail")
    raise Transient("try_later", "soon", retry_after_s=7.5)


def misconfigured():
    raise ConfigError([Fault("topics.toml", "topic", "is missing"), Fault("b.toml", "x", "no")])


def bug():
    return {}["missing"]


def strange_bug():
    raise TwoArgumentsError("one", "two")


def unpicklable():
    return lambda: None


def burn():
    while True:
        pass


def spin(*, cpu_s):
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass
    return "spun"


def sleep(*, seconds):
    time.sleep(seconds)
    return "slept"


def hoard():
    kept = []
    while True:
        kept.append(bytearray(16 * 1024 * 1024))


def segfault():
    ctypes.string_at(0)


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(3)


def warn():
    warnings.warn("something old", DeprecationWarning, stacklevel=1)
    return "warned"


_ALL = (
    double,
    lent,
    who,
    parent,
    main_file,
    refuse,
    misconfigured,
    bug,
    strange_bug,
    unpicklable,
    burn,
    spin,
    sleep,
    hoard,
)
_FATAL = (segfault, kill_self, leave, warn)
TASKS = {task.__name__: task for task in _ALL + _FATAL}
