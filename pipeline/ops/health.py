"""How a feed is, in words: its standing, when it is asked next and why then. Pure."""

from collections.abc import Mapping
from datetime import datetime

from pipeline.config import PollSettings
from pipeline.ops.show import share, since, span
from pipeline.work import FeedState

#: Standing → what it means; the worst first, as feeds are sorted.
STANDINGS: Mapping[str, str] = {
    "gone": "its publisher says that it is gone for good",
    "failing": "its last polls failed",
    "empty": "it answers, but lists nothing",
    "stale": "it answers, but its newest entry is old",
    "new": "it was never polled yet",
    "paused": "somebody paused it",
    "merged": "another feed is polled at its address and stands for it",
    "out": "it is no longer in the catalogue; nothing of it is deleted",
    "ok": "it answers well",
}
#: Of these somebody should hear.
ILL = ("gone", "failing", "empty", "stale")
_LITTLE, _MUCH = 1 / 3, 2 / 3
#: So much longer than the interval (beyond jitter) means that somebody asked for it.
_ASKED = 1.15


def standing(state: FeedState) -> str:
    """Return the one word that says most about a feed; a key of STANDINGS."""
    if not state.configured:
        return "out"
    if state.merged_into is not None:
        return "merged"
    if state.paused_reason == "gone":
        return "gone"
    if state.paused:
        return "paused"
    return state.health if state.health in STANDINGS else "ok"


def next_poll(state: FeedState, now: datetime) -> str:
    """Say when a feed is asked next."""
    if not state.configured or state.paused:
        return "not until it is resumed" if state.configured else "never"
    if state.next_poll_at is None or state.next_poll_at <= now:
        late_s = (now - state.next_poll_at).total_seconds() if state.next_poll_at else 0.0
        return "due now" if late_s < 60 else f"due for {span(late_s)}"  # noqa: PLR2004 - a minute
    return since(state.next_poll_at, now)


def why_interval(state: FeedState, settings: PollSettings) -> str:
    """Say why a feed is asked as often as it is."""
    if state.last_poll_at is None:
        return "its first answer decides"
    wait_s = _wait_s(state)
    if state.last_reason is not None and state.failures:
        return f"after failures it waits longer: {span(wait_s)}" if wait_s else "after failures"
    why = _by_overlap(state, settings)
    if wait_s and wait_s > _ASKED * state.interval_s:
        why += f"; the feed or its server asks for {span(wait_s)}"
    return why


def _wait_s(state: FeedState) -> float | None:
    if state.next_poll_at is None or state.last_poll_at is None:
        return None
    return (state.next_poll_at - state.last_poll_at).total_seconds()


def _by_overlap(state: FeedState, settings: PollSettings) -> str:
    known = "" if state.overlap is None else f"{share(state.overlap, 1)} of its last answer known"
    if state.interval_s <= settings.min_interval_s:
        return f"as often as allowed{': ' + known if known else ''}"
    if state.interval_s >= settings.max_interval_s:
        return f"as seldom as allowed{': ' + known if known else ''}"
    if state.overlap is None:
        return "by the dates of its entries"
    if state.overlap < _LITTLE:
        return f"more often than before: only {known}"
    if state.overlap >= _MUCH:
        return f"ever less often while little is new: {known}"
    return f"about right: {known}"
