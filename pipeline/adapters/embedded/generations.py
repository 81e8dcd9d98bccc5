"""The folder of an embedded index: numbered generations, and which of them serves.

    current        names the generation that serves; replaced atomically
    g-000001/      one tantivy index
    writer.lock    held by the one process that writes or rebuilds

A rebuild fills the next generation and then moves `current`. The generation before is kept until
the next rebuild, so that readers that still have it open can finish.
"""

import fcntl
import os
import re
import shutil
from pathlib import Path
from typing import IO

import orjson

from pipeline.errors import ConfigError, Fault, IndexBusy

_NAME = re.compile(r"g-(\d{6,})")


def unusable(folder: Path, problem: str) -> ConfigError:
    """Return the error for an index folder that cannot be read; the ledger can make it anew."""
    return ConfigError([Fault(str(folder), "index", f"{problem}; run `newsline index rebuild`")])


class Generations:
    """Which generation serves, where the next one goes, and who may write."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._fingerprint = fingerprint
        self._lock: IO[str] | None = None

    def current(self) -> Path | None:
        """Return the folder that serves, None before the first write.

        Raises ConfigError when the index was written by another version or is damaged.
        """
        pointer = self.folder / "current"
        try:
            content = orjson.loads(pointer.read_bytes())
            name, written_with = content["generation"], content["written_with"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise unusable(pointer, f"cannot be read ({error})") from None
        if written_with != self._fingerprint:
            raise unusable(
                self.folder,
                f"was written with schema {written_with}, this version reads {self._fingerprint}",
            )
        path = self.folder / str(name)
        if not _NAME.fullmatch(path.name) or not path.is_dir():
            raise unusable(self.folder, f"generation {name!r} is missing")
        return path

    def create_next(self) -> Path:
        """Make an empty folder with the next number; needs the lock."""
        numbers = [int(match[1]) for match in map(_NAME.fullmatch, self._names()) if match]
        path = self.folder / f"g-{max(numbers, default=0) + 1:06d}"
        path.mkdir()
        return path

    def switch(self, path: Path) -> None:
        """Make a generation the one that serves: durable and in one step; needs the lock."""
        pointer, fresh = self.folder / "current", self.folder / "current.new"
        content = {"generation": path.name, "written_with": self._fingerprint}
        with fresh.open("wb") as file:
            file.write(orjson.dumps(content))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(pointer)
        _sync_folder(self.folder)

    def remove_others(self, keep: Path | None) -> None:
        """Remove what earlier and broken-off rebuilds left; needs the lock."""
        for name in self._names():
            if _NAME.fullmatch(name) and (keep is None or name != keep.name):
                shutil.rmtree(self.folder / name)

    def lock(self) -> None:
        """Become the one writer until `unlock`. Raises IndexBusy when another process is."""
        if self._lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = (self.folder / "writer.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(32).strip()
            file.close()
            raise IndexBusy(
                f"the index in {self.folder} is being written by another process"
                f" (process {holder or 'unknown'}); wait for it or stop it. Searching is possible"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock = file

    def unlock(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
