"""What an action of an operator makes of a feed, and what is refused. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pipeline.config import FetchSettings
from pipeline.errors import Permanent, UsageError
from pipeline.feeds.merging import same_address, say_merged, unmerged
from pipeline.fetch.addresses import is_within, networks, why_denied
from pipeline.fetch.target import Target, parse_target
from pipeline.urls import clean, host_of
from pipeline.work import FeedState

#: `paused_reason` of a feed that a person paused.
BY_OPERATOR = "operator"


def polled_now(state: FeedState, now: datetime) -> FeedState:
    """Return the feed, due at once."""
    _refuse_if_away(state)
    if state.paused:
        raise UsageError(f"it is paused ({state.paused_reason or BY_OPERATOR}): resume it first")
    return replace(state, next_poll_at=now)


def paused(state: FeedState) -> FeedState:
    """Return the feed, no longer asked until somebody resumes it."""
    _refuse_if_away(state)
    if state.paused:
        raise UsageError("it is paused already")
    return replace(state, paused=True, paused_reason=BY_OPERATOR, health="paused")


def resumed(state: FeedState, now: datetime) -> FeedState:
    """Return the feed, asked again from now on."""
    _refuse_if_away(state)
    if not state.paused:
        raise UsageError("it is not paused")
    return replace(
        state,
        paused=False,
        paused_reason=None,
        gone_since=None,
        next_poll_at=now,
        health=_health(state),
    )


def _health(state: FeedState) -> str:
    """Return what its last poll left, before anybody paused it."""
    if state.last_poll_at is None:
        return "new"
    return "failing" if state.last_reason else "ok"


def _refuse_if_away(state: FeedState) -> None:
    if not state.configured:
        raise UsageError("it is not in the catalogue: put it back into the file first")
    if state.merged_into is not None:
        raise UsageError(f"it is {say_merged(state)}: change its address, or take it out")


def moved(
    state: FeedState, url: str, others: Iterable[FeedState], fetch: FetchSettings, now: datetime
) -> FeedState:
    """Return the feed, asked at another address from now on.

    Raises UsageError, in words, for an address that the catalogue or the guard would refuse.
    """
    if not state.configured:
        raise UsageError("it is not in the catalogue: put it back into the file first")
    address = checked_address(url, fetch)
    if same_address(address, state.url) and state.merged_into is None:
        raise UsageError("that is its address already")
    rival = next((other for other in others if _is_polled_at(other, address, state)), None)
    if rival is not None:
        raise UsageError(f"that is the address of {rival.feed.feed_id!r}")
    free = unmerged(state)
    if free.paused_reason == "gone":  # it was the old address that was gone
        free = replace(free, paused=False, paused_reason=None)
    return replace(
        free,
        url=address,
        host=host_of(address),
        etag=None,
        last_modified=None,
        body_hash=None,
        content_hash=None,
        redirect_target=None,
        redirect_since=None,
        gone_since=None,
        next_poll_at=now,
        health="paused" if free.paused else _health(state),
    )


def _is_polled_at(other: FeedState, address: str, state: FeedState) -> bool:
    """Tell whether an address belongs to another feed of the catalogue."""
    if other.feed.feed_id == state.feed.feed_id or not other.configured:
        return False
    return same_address(address, other.feed.url) or same_address(address, other.url)


def checked_address(url: str, fetch: FetchSettings) -> str:
    """Return an address as it would be asked. Raises UsageError."""
    try:
        address = clean(url)
        target = parse_target(address)
    except ValueError as error:
        raise UsageError(f"no web address: {error}") from None
    except Permanent as error:
        raise UsageError(f"no web address: {error.detail}") from None
    if target.port not in fetch.ports:
        allowed = ", ".join(str(port) for port in fetch.ports)
        raise UsageError(f"port {target.port} is not one that we ask ([fetch] ports: {allowed})")
    _refuse_private(target, fetch)
    return address


def _refuse_private(target: Target, fetch: FetchSettings) -> None:
    """Refuse a literal address that is not public; names are looked at when they are resolved."""
    try:
        why = why_denied(target.host)
    except ValueError:
        return
    if why is not None and not is_within(target.host, networks(fetch.allow_private)):
        raise UsageError(f"{target.host} is not public ({why}); see [fetch] allow_private")
