"""The archive's files as they are trimmed: held, copied from, deleted.

Whoever writes a segment, or deletes it, has locked it (flock): so nobody deletes what is written
to. The system takes the lock from a process that crashes.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.adapters.archive import checked, disk, segment_name, sync_folder, write_whole
from pipeline.adapters.warc import warcinfo
from pipeline.archived import Copied, Segment
from pipeline.errors import Permanent, StoreUnavailable
from pipeline.model import ArchivePlace

#: Ours: what somebody else put into the folder is left alone.
_SEGMENTS = "newsline-*.warc.gz"
#: What a copy is called until it is whole; no place names it.
_UNFINISHED = ".unfinished"
_STARTED = re.compile(r"newsline-(\d{8}T\d{6})-")


class SegmentFolder:
    """The segments of the archive in a folder. Every method raises StoreUnavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Segment]:
        """Return the segments, oldest first."""
        found = []
        with disk():
            for path in self._folder.glob(_SEGMENTS):
                with suppress(FileNotFoundError):  # somebody else has trimmed it just now
                    about = path.lstat()
                    if stat.S_ISREG(about.st_mode):  # what a link leads to is not ours to delete
                        found.append(_segment(path.name, about))
        return sorted(found, key=lambda one: (one.written_at, one.name))

    @contextmanager
    def held(self, segments: Sequence[Segment]) -> Iterator[tuple[list[Segment], list[Segment]]]:
        """Lock segments; give those that we hold, and those that are in use."""
        with ExitStack() as stack:
            ours: list[Segment] = []
            in_use: list[Segment] = []
            for segment in segments:
                try:
                    file = stack.enter_context((self._folder / segment.name).open("r+b"))
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise StoreUnavailable(f"{segment.name} cannot be changed: {error}") from error
                locked = _locks(file, segment.name)
                about = os.fstat(file.fileno())
                if not about.st_nlink:  # somebody deleted it just now
                    continue
                same = _segment(segment.name, about) == segment  # else its writer has just ended
                (ours if locked and same else in_use).append(segment)
            yield ours, in_use

    def copy(self, wanted: Mapping[str, Sequence[ArchivePlace]]) -> Copied:
        """Copy exchanges, byte for byte, into a new segment that is on disk at the end."""
        self._remove_unfinished()
        if not any(wanted.values()):
            return Copied()
        name = segment_name()
        unfinished = self._folder / f"{name}{_UNFINISHED}"
        with disk(), unfinished.open("xb", buffering=0) as file:
            _locks(file, name)
            try:
                write_whole(file, warcinfo(name))
                places, damaged = self._copy_all(wanted, file, name)
                os.fsync(file.fileno())
                if not places:
                    return Copied(damaged=damaged)
                unfinished.replace(self._folder / name)
            finally:  # a part of a copy must not fill up a disk that has no room for all of it
                unfinished.unlink(missing_ok=True)
            sync_folder(self._folder)
            return Copied(places, name, os.fstat(file.fileno()).st_size, damaged)

    def _copy_all(
        self, wanted: Mapping[str, Sequence[ArchivePlace]], file: BinaryIO, name: str
    ) -> tuple[dict[ArchivePlace, ArchivePlace], tuple[str, ...]]:
        """Copy segment by segment; of one that is damaged nothing is left in the new one."""
        places: dict[ArchivePlace, ArchivePlace] = {}
        damaged = []
        for segment, its in wanted.items():
            start = file.seek(0, os.SEEK_END)
            try:
                places |= self._copy_one(segment, its, file, name)
            except Permanent:
                file.truncate(start)
                damaged.append(segment)
        return places, tuple(damaged)

    def _copy_one(
        self, segment: str, its: Sequence[ArchivePlace], file: BinaryIO, name: str
    ) -> dict[ArchivePlace, ArchivePlace]:
        places = {}
        for place, records in self._records(segment, its):
            offset = write_whole(file, records)
            places[place] = ArchivePlace(name, offset, place.length, place.sha256)
        return places

    def _records(
        self, segment: str, its: Sequence[ArchivePlace]
    ) -> Iterator[tuple[ArchivePlace, bytes]]:
        """Yield the records of each place, checked."""
        with (self._folder / segment).open("rb") as old:
            for place in sorted(its, key=lambda one: one.offset):
                old.seek(place.offset)
                records = old.read(place.length)
                checked(records, place)
                yield place, records

    def damaged(self, wanted: Mapping[str, Sequence[ArchivePlace]]) -> list[str]:
        """Return the segments of which some of these exchanges cannot be read."""
        found = []
        for segment, its in wanted.items():
            try:
                for _ in self._records(segment, its):
                    pass
            except Permanent:
                found.append(segment)
        return found

    def remove(self, names: Iterable[str]) -> None:
        """Delete segments for good."""
        with disk():
            for name in names:
                (self._folder / name).unlink(missing_ok=True)
            sync_folder(self._folder)

    def _remove_unfinished(self) -> None:
        """Delete what a copy that was broken off left; one that somebody writes is locked."""
        with disk():
            for path in self._folder.glob(f"{_SEGMENTS}{_UNFINISHED}"):
                with suppress(FileNotFoundError), path.open("r+b") as file:  # it is whole by now
                    if _locks(file, path.name):
                        path.unlink()


def _segment(name: str, about: os.stat_result) -> Segment:
    started_at = None
    with suppress(ValueError):  # it looks like a time, and is none
        if match := _STARTED.match(name):
            started_at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    written_at = datetime.fromtimestamp(about.st_mtime, UTC)
    return Segment(name, about.st_size, started_at, written_at)


def _locks(file: BinaryIO, name: str) -> bool:
    """Lock an open segment; False when somebody else has. The lock ends when it is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # then nobody could tell who writes to it
        raise StoreUnavailable(f"{name} cannot be locked, so nothing is trimmed: {error}") from None
    return True
