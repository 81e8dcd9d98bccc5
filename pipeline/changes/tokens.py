"""Where a follower is: `LOG.SEQ.TRIMMED`, to hand back as it was given.

LOG names the log (a restored ledger has another one), SEQ is the last line that was read, TRIMMED
is how far the log had been trimmed then. A walk that began at 0 passes through numbers below that;
it can go on only while nothing more is trimmed, for a retraction that was ahead of it may be gone.
"""

import re
from dataclasses import dataclass

from pipeline.changes.log import LogState
from pipeline.errors import UsageError

_TOKEN = re.compile(r"([0-9a-f]{1,32})\.(\d{1,18})\.(\d{1,18})")
_SEQ = re.compile(r"\d{1,18}")
MAX_CHARS = 80


class TokenOutdated(Exception):
    """Lines after the token are gone: the follower has to begin anew, from an empty copy."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in some log."""

    seq: int  # the last line that was read; 0: none
    log_id: str | None = None  # None: a bare number was given
    trimmed_seq: int | None = None


def as_token(place: Place) -> str:
    """Return what a follower hands back to go on after a place that was read from a log."""
    return f"{place.log_id}.{place.seq}.{place.trimmed_seq}"


def read_token(given: str) -> Place:
    """Read a token, or a bare sequence number. Raises UsageError."""
    if _SEQ.fullmatch(given):
        return Place(int(given))
    found = _TOKEN.fullmatch(given)
    if found is None:
        raise UsageError("`after` is a token as the feed gave it, or 0 to begin")
    return Place(int(found[2]), found[1], int(found[3]))


def resume(place: Place, state: LogState) -> None:
    """Make sure that one can go on after a place. Raises TokenOutdated when lines are gone."""
    if place.seq == 0 and place.log_id in (None, state.log_id):
        return
    if place.log_id is not None and place.log_id != state.log_id:
        raise TokenOutdated("the ledger was restored from a backup since this token was given")
    if place.seq > state.last_seq:
        raise TokenOutdated(f"the log has no line {place.seq} yet: the token is of another ledger")
    if place.seq < state.trimmed_seq != place.trimmed_seq:
        raise TokenOutdated(f"lines up to {state.trimmed_seq} were deleted since")
