"""What the ledger keeps in the segments of the archive, and which of it stays when that is trimmed.

What stays, however old it is:

    the newest page of every URL         an extraction that waits, a replay or a backfill reads it
    every page that a revision is from   the revisions are kept, so what they stand on is too

What may go: feed documents and sitemaps, pages that said nothing new, and what a crash left that
the ledger never heard of. Of an erased URL nothing stays.

A segment of which the ledger names nothing at all goes only when it was at work as that began: an
older ledger that was restored, or a new one on an old archive, must not delete what it never knew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipeline.model import ArchivePlace, Result, Stage

#: Rewriting reads and writes all that stays: not for less than this part of a segment.
_WORTH = 0.1


@dataclass(frozen=True, slots=True)
class Segment:
    """One WARC file of the archive."""

    name: str
    size_bytes: int
    started_at: datetime | None  # by its name; None: that is none that we give
    written_at: datetime  # last


@dataclass(frozen=True, slots=True)
class Archived:
    """One exchange that the ledger knows the place of."""

    place_id: int
    place: ArchivePlace
    stays: bool
    erased: bool  # its URL was


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied into a new segment."""

    places: Mapping[ArchivePlace, ArchivePlace] = field(default_factory=dict)  # old → new
    segment: str | None = None  # None: there was nothing to copy
    size_bytes: int = 0
    damaged: tuple[str, ...] = ()  # segments of which something cannot be read: left as they are


class Segments(Protocol):
    """The files of an archive that others may be writing to and reading from."""

    def all(self) -> list[Segment]:
        """Return the segments, oldest first."""
        ...

    def held(
        self, segments: Sequence[Segment]
    ) -> AbstractContextManager[tuple[list[Segment], list[Segment]]]:
        """Keep segments for ourselves; give those that we hold, and those that are in use.

        What is gone meanwhile is neither.
        """
        ...

    def copy(self, wanted: Mapping[str, Sequence[ArchivePlace]]) -> Copied:
        """Copy exchanges of some segments, byte for byte, into a new one; durable at the end."""
        ...

    def damaged(self, wanted: Mapping[str, Sequence[ArchivePlace]]) -> list[str]:
        """Return the segments of which some of these exchanges cannot be read, as `copy` would."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Delete segments for good."""
        ...


def is_worth(segment: Segment, its: Sequence[Archived]) -> bool:
    """Tell whether enough of a segment goes to rewrite it. What was erased always is enough."""
    stays_bytes = sum(one.place.length for one in its if one.stays)
    goes = 1 - stays_bytes / segment.size_bytes if segment.size_bytes else 1.0
    return goes >= _WORTH or any(one.erased for one in its)


def foreign(
    segments: Iterable[Segment],
    its: Mapping[str, Sequence[Archived]],
    at_work: Collection[datetime],
) -> list[str]:
    """Return the segments that another ledger may stand on: nothing tells that ours wrote them.

    `at_work` are the starts of segments around which the ledger was at work.
    """
    return [one.name for one in segments if not its.get(one.name) and one.started_at not in at_work]


def pages_of_revisions(
    steps: Iterable[tuple[str, Stage, Result, int | None]],
) -> set[int]:
    """Return the pages that revisions were made from.

    `steps` are the fetches and extractions of some URLs, each URL's in order: (url_id, stage,
    result, page with a body that was kept). An extraction reads the newest page there is.
    """
    newest: dict[str, int] = {}
    found: set[int] = set()
    for url_id, stage, result, page_id in steps:
        if stage is Stage.FETCH and page_id is not None:
            newest[url_id] = page_id
        elif stage is Stage.EXTRACT and result is Result.OK and url_id in newest:
            found.add(newest[url_id])
    return found
