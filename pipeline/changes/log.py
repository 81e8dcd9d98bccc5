"""What followers ask of the ledger: `ChangeLog`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.model import Change

#: Field of a document → its values in one version: what a feed can be narrowed by.
About = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """A numbered line of the log, and what the line before it said about the same article."""

    change: Change
    about: About | None  # None: written before the log kept it
    was_listed: bool = False  # the line before it is an upsert
    was_about: About | None = None  # of that line


@dataclass(frozen=True, slots=True)
class LogState:
    """How far the log reaches."""

    log_id: str  # another one after a restore, which may take numbers back
    trimmed_seq: int  # up to here lines were deleted; 0: none ever was
    last_seq: int  # 0: there is no line


class ChangeLog(Protocol):
    """The numbered change log. A ledger in a database has it."""

    def lines_after(self, seq: int, *, limit: int) -> tuple[LogState, list[LoggedChange]]:
        """Return numbered lines with a greater sequence, in order, and the log's state with them.

        Both are of one moment: lines that are trimmed while one reads show in the state.
        """
        ...

    def trim_changes(self, before: datetime, *, limit: int) -> int:
        """Delete at most `limit` lines from before a moment; return how many.

        The newest of these stays for each article that it left in the index: who begins anew hears
        of every article, and who has read on so far misses nothing.
        """
        ...
