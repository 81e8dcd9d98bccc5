"""Feeds that turn out to be one, because a lasting redirect led one to where another is polled.

The one that moved stops being polled of its own; nothing that is known of either is deleted. A
merge ends by itself when the catalogue changes what it rests on. Decides from states only: the
ledger asks within the transaction that holds the other feed's row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from pipeline.urls import canonicalise
from pipeline.work import FeedState

#: What `health` and `paused_reason` say of such a feed.
MERGED = "merged"


def same_address(first: str, second: str) -> bool:
    """Tell whether two addresses are one feed, as the catalogue understands it."""
    return canonicalise(first) == canonicalise(second)


def has_moved(state: FeedState) -> bool:
    """Tell whether a feed is polled at another address than its operator gave it."""
    return not same_address(state.url, state.feed.url)


def find_survivor(moved: FeedState, others: Iterable[FeedState]) -> FeedState | None:
    """Return the feed that this one is merged into after a poll; None: it goes on by itself.

    The catalogue holds no address twice, so of two feeds at one address one has moved there: only
    that one gives way, and only to a feed that is polled. Of several, the one at home there stays.
    """
    if moved.last_reason is not None or not has_moved(moved):
        return None
    there = [
        other
        for other in others
        if other.feed.feed_id != moved.feed.feed_id
        and other.configured
        and not other.paused
        and same_address(other.url, moved.url)
    ]
    return min(there, key=lambda one: (has_moved(one), one.feed.feed_id), default=None)


def merged(state: FeedState, survivor: FeedState, now: datetime) -> FeedState:
    """Return a feed that another one now stands for."""
    return replace(
        state,
        merged_into=survivor.feed.feed_id,
        merged_at=now,
        paused=True,
        paused_reason=MERGED,
        health=MERGED,
    )


def unmerged(state: FeedState) -> FeedState:
    """Return a feed that is polled of its own again, unless somebody paused it meanwhile."""
    is_ours = state.paused_reason == MERGED
    return replace(
        state,
        merged_into=None,
        merged_at=None,
        paused=state.paused and not is_ours,
        paused_reason=None if is_ours else state.paused_reason,
        health="ok" if state.health == MERGED else state.health,
    )


def without_void_merges(
    before: Mapping[str, FeedState], after: Iterable[FeedState]
) -> list[FeedState]:
    """Return the states of a new catalogue, with those merges ended that it leaves without ground.

    Both feeds must still be in it, and the one that is polled must be polled where it was: another
    address may not have what the merged one listed.
    """
    states = {state.feed.feed_id: state for state in after}

    def holds(state: FeedState) -> bool:
        survivor = states.get(state.merged_into or "")
        if survivor is None or not (state.configured and survivor.configured):
            return False
        return same_address(before[survivor.feed.feed_id].url, survivor.url)

    return [
        unmerged(state) if state.merged_into is not None and not holds(state) else state
        for state in states.values()
    ]


def say_merged(state: FeedState) -> str | None:
    """Say in words that a feed is merged; None: it is not."""
    if state.merged_into is None or state.merged_at is None:
        return None
    return f"merged into {state.merged_into} since {state.merged_at:%Y-%m-%d %H:%M} UTC"
