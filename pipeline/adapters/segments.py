"""The archive's files as they are trimmed: held, copied from, deleted.

Whoever writes a segment, or deletes it, has locked it (flock): so nobody deletes what is written
to. The system takes the lock from a process that crashes.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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


class SegmentFolder:
    """The segments of the archive in a folder. Every method raises StoreUnavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Segment]:
        """Return the segments, oldest first."""
        found = []
        with disk():
            for path in self._folder.glob(_SEGMENTS):
                about = path.stat()
                written_at = datetime.fromtimestamp(about.st_mtime, UTC)
                found.append(Segment(path.name, about.st_size, written_at))
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
                (ours if _locks(file, segment.name) else in_use).append(segment)
            yield ours, in_use

    def copy(self, wanted: Mapping[str, Sequence[ArchivePlace]]) -> Copied:
        """Copy exchanges, byte for byte, into a new segment that is on disk at the end."""
        self._remove_unfinished()
        if not any(wanted.values()):
            return Copied()
        name = segment_name()
        unfinished = self._folder / f"{name}{_UNFINISHED}"
        with disk():
            with unfinished.open("xb", buffering=0) as file:
                _locks(file, name)
                write_whole(file, warcinfo(name))
                places, damaged = self._copy_all(wanted, file, name)
                os.fsync(file.fileno())
                size_bytes = file.tell()
            if not places:
                unfinished.unlink()
                return Copied(damaged=damaged)
            unfinished.replace(self._folder / name)
            sync_folder(self._folder)
        return Copied(places, name, size_bytes, damaged)

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
        with (self._folder / segment).open("rb") as old:
            for place in sorted(its, key=lambda one: one.offset):
                old.seek(place.offset)
                records = old.read(place.length)
                checked(records, place)
                offset = write_whole(file, records)
                places[place] = ArchivePlace(name, offset, place.length, place.sha256)
        return places

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
                with path.open("r+b") as file:
                    if _locks(file, path.name):
                        path.unlink()


def _locks(file: BinaryIO, name: str) -> bool:
    """Lock an open segment; False when somebody else has. The lock ends when it is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # then nobody could tell who writes to it
        raise StoreUnavailable(f"{name} cannot be locked, so nothing is trimmed: {error}") from None
    return True
