"""The archive: a folder of WARC segments with every exchange.

A place is the offset of an exchange's response record and the length of all its records, so any
WARC tool that is sent there finds the response. Each writer has a segment file of its own, so a
crash can only tear the end of a segment whose writer is dead, and nothing written before the last
flush is touched. It has locked that file (flock), so that trimming (segments.py) leaves it alone.
"""

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.adapters.warc import read_exchange, warcinfo, write_exchange
from pipeline.errors import ItemError, Permanent, StoreUnavailable
from pipeline.model import ArchivePlace, Page

SEGMENT_BYTES = 256 * 1024 * 1024


@contextmanager
def disk() -> Iterator[None]:
    """Say plainly that the disk refuses, instead of how it does."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the archive cannot be written: {error}") from error


class WarcArchive:
    """Archive in a folder. One writer per process; threads may share it."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._name = ""
        self._dirty = False

    def append(self, page: Page) -> ArchivePlace:
        """Write request and response; durable only after the next `flush`."""
        records = write_exchange(page)
        with self._lock, disk():
            file = self._open_segment()
            offset = write_whole(file, records)
            self._dirty = True
            place = ArchivePlace(
                self._name, offset, len(records), hashlib.sha256(page.body).hexdigest()
            )
            if offset + len(records) >= self._segment_bytes:
                self._close_segment()
        return place

    def flush(self) -> None:
        """Make everything appended so far durable."""
        with self._lock, disk():
            if self._file is not None and self._dirty:
                os.fsync(self._file.fileno())
                self._dirty = False

    def read(self, place: ArchivePlace) -> Page:
        """Read one exchange back. Raises Permanent("archive_missing" | "archive_corrupt")."""
        try:
            with (self._folder / Path(place.segment).name).open("rb") as file:
                file.seek(place.offset)
                records = file.read(place.length)
        except FileNotFoundError:
            raise Permanent("archive_missing", _words(place)) from None
        return checked(records, place)

    def close(self) -> None:
        """Close the open segment, durably."""
        with self._lock:
            self._close_segment()

    def _open_segment(self) -> BinaryIO:
        """Return the segment being written, a new one if none is open or somebody deleted it."""
        if self._file is not None and not os.fstat(self._file.fileno()).st_nlink:
            self._close_segment()
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._name = segment_name()
            self._file = (self._folder / self._name).open("xb", buffering=0)
            with suppress(OSError):  # a file system without locks: trimming refuses it
                fcntl.flock(self._file, fcntl.LOCK_EX)
            write_whole(self._file, warcinfo(self._name))
            sync_folder(self._folder)
        return self._file

    def _close_segment(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file, self._dirty = None, False


def segment_name() -> str:
    """Return a name for a new segment that no other writer chooses."""
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return f"newsline-{started}-{secrets.token_hex(6)}.warc.gz"


def sync_folder(path: Path) -> None:
    """Make names of files durable: a power cut may take them even when their bytes are on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def checked(records: bytes, place: ArchivePlace) -> Page:
    """Read the records of a place. Raises Permanent("archive_corrupt")."""
    where = _words(place)
    if len(records) < place.length:
        raise Permanent("archive_corrupt", f"{where}: the segment ends after {len(records)}")
    try:
        page = read_exchange(records)
    except (ValueError, KeyError, OSError, EOFError, ItemError) as error:
        raise Permanent("archive_corrupt", f"{where}: {error}") from error
    if hashlib.sha256(page.body).hexdigest() != place.sha256:
        raise Permanent("archive_corrupt", f"{where}: the body is not the one written")
    return page


def _words(place: ArchivePlace) -> str:
    return f"{place.segment}:{place.offset}+{place.length}"


def write_whole(file: BinaryIO, content: bytes) -> int:
    """Append all of it or nothing, and return where it begins (a full disk writes a part)."""
    offset = file.seek(0, os.SEEK_END)
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.truncate(offset)
        raise
    return offset
