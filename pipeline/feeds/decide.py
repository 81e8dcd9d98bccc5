"""What one poll means: pure decisions of (what was known, what came, now).

an answer with a good feed   entries sorted, validators replaced, interval adapted, address learnt
304, or the same bytes       unchanged: only the clock moves
anything else                a weighted failure: asked again later, never forgotten
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.config import PollSettings
from pipeline.errors import ItemError
from pipeline.feeds.entries import Sorted, sort_entries
from pipeline.feeds.failure import fail
from pipeline.feeds.redirects import learn
from pipeline.feeds.schedule import (
    DAY_S,
    DEFAULT_INTERVAL_S,
    Occasion,
    adapted_interval_s,
    first_interval_s,
    next_delay_s,
    punctuality,
)
from pipeline.model import Feed, Page, ParsedFeed, Result, Stage
from pipeline.urls import host_of
from pipeline.work import FeedState, Outcome, PollResult

NOT_MODIFIED = 304
_PARTIAL = 226  # RFC 3229: the answer lists new entries only
_Known = Mapping[str, tuple[str, int]]  # entry key → (content hash, version)
_CONDITIONAL = ("if-none-match", "if-modified-since")


def first_state(feed: Feed, now: datetime, jitter: float) -> FeedState:
    """Return the state of a feed that was never polled; `jitter` in [0, 1) spreads first polls."""
    return FeedState(
        feed=feed,
        url=feed.url,
        host=host_of(feed.url),
        interval_s=DEFAULT_INTERVAL_S,
        next_poll_at=now + timedelta(seconds=DEFAULT_INTERVAL_S * jitter),
    )


def validators_to_send(state: FeedState, now: datetime) -> dict[str, str | None]:
    """Return the arguments for a conditional request, empty when the whole body is wanted.

    Once a day it is: some servers answer 304 for ever whatever they have.
    """
    last = state.last_unconditional_at
    if last is None or (now - last).total_seconds() + state.interval_s > DAY_S:
        return {}
    return {"etag": state.etag, "last_modified": state.last_modified}


def decide_poll(  # noqa: PLR0917 - the order is agreed with the stages
    state: FeedState,
    answer: Page | ItemError,
    parsed: ParsedFeed | ItemError | None,
    known: _Known,
    now: datetime,
    settings: PollSettings,
    jitter: float,
) -> PollResult:
    """Return everything that one poll changes.

    `parsed` is None when there was nothing to parse (304, error status, the same bytes as before).
    `known` maps entry key → (content hash, version) for keys in `parsed`. `jitter` is in [0, 1).
    """
    poll = Occasion(now, settings, jitter)
    if isinstance(answer, ItemError):
        return fail(state, answer, None, poll)
    if answer.status == NOT_MODIFIED:
        return _not_modified(state, answer, poll)
    if isinstance(parsed, ItemError):
        broken = replace(state, redirect_target=None, redirect_since=None)
        return fail(broken, parsed, answer, poll)
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        return fail(state, None, answer, poll)
    if parsed is None:
        return _unchanged(state, answer, "same_body", poll)
    read = _listed if parsed.entries else _empty
    return read(state, answer, parsed, known, poll)


def _not_modified(state: FeedState, page: Page, poll: Occasion) -> PollResult:
    """Believe a 304 that was asked for; forget the validators after one that was not."""
    if _was_conditional(page):
        return _unchanged(state, page, "not_modified", poll)
    error = ItemError("unexpected_304", "304 although nothing was asked conditionally")
    forgetful = replace(state, etag=None, last_modified=None, last_unconditional_at=None)
    return fail(forgetful, error, page, poll)


def _unchanged(state: FeedState, page: Page, reason: str, poll: Occasion) -> PollResult:
    """Record a poll that brought the very same thing."""
    etag, last_modified = page.header("etag"), page.header("last-modified")
    if page.status == NOT_MODIFIED:  # replaces only what it carries
        etag = state.etag if etag is None else etag
        last_modified = state.last_modified if last_modified is None else last_modified
    after = replace(
        _good(state, page, poll.now),
        etag=etag,
        last_modified=last_modified,
        interval_s=adapted_interval_s(state, 1.0, poll),
        overlap=1.0,
        overlap_streak=state.overlap_streak + 1,
    )
    after = _scheduled(after, page, None, poll)
    return PollResult(
        after, Outcome(Stage.POLL, Result.UNCHANGED, poll.now, reason), counts={"listed": 0}
    )


def _empty(
    state: FeedState, page: Page, parsed: ParsedFeed, _known: _Known, poll: Occasion
) -> PollResult:
    """Record a feed without entries: never a success, an alarm when it happens again."""
    if parsed.kind == "sitemap_index":
        children = ", ".join(parsed.children[:3])
        error = ItemError("sitemap_index", f"an index; put one of its sitemaps there: {children}")
        return fail(state, error, page, poll)
    streak = state.empty_streak + 1
    error = ItemError("empty_feed", f"a feed without entries, {streak} times in a row")
    result = fail(state, error, page, poll)
    counts = {"listed": 0, "dropped": sum(parsed.dropped.values())}
    after = replace(result.state, empty_streak=streak, health="empty")
    return replace(result, state=after, counts=counts)


def _listed(
    state: FeedState, page: Page, parsed: ParsedFeed, known: _Known, poll: Occasion
) -> PollResult:
    """Record a feed with entries."""
    found = sort_entries(parsed.entries, known)
    content_hash = _content_hash(parsed)
    gap = _missed(state, page, found, poll)
    after = replace(
        _good(state, page, poll.now),
        content_hash=content_hash,
        interval_s=_interval_s(state, page, parsed, found, poll),
        overlap=state.overlap if page.status == _PARTIAL else found.overlap,
        overlap_streak=state.overlap_streak + 1 if found.overlap == 1 else 0,
        gaps=state.gaps + int(gap),
        last_new_at=poll.now if found.new else state.last_new_at,
        newest_entry_at=_newest(state, parsed),
    )
    if "truncated" not in parsed.warnings:
        # The bytes and validators of half a document must not stand for the whole one.
        after = replace(
            after,
            body_hash=hashlib.sha256(page.body).hexdigest(),
            etag=page.header("etag"),
            last_modified=page.header("last-modified"),
        )
    after = _scheduled(after, page, parsed.ttl_s, poll)
    same = content_hash == state.content_hash
    return PollResult(
        state=after,
        outcome=_outcome(found, poll.now, gap=gap, same=same),
        decisions=found.decisions,
        seen_keys=tuple(entry.key for entry in parsed.entries),
        counts=_counts(parsed, found)
        | ({"gap": 1} if gap else {})
        | ({"revealed": found.new} if found.new and _lied(state, page) else {})
        | ({"moved": 1} if after.url != state.url else {}),
    )


def _counts(parsed: ParsedFeed, found: Sorted) -> dict[str, int]:
    return {
        "listed": len(parsed.entries),
        "new": found.new,
        "changed": found.changed,
        "known": found.known,
        "dropped": sum(parsed.dropped.values()),
    }


def _missed(state: FeedState, page: Page, found: Sorted, poll: Occasion) -> bool:
    """Tell whether entries probably came and went between two polls on time."""
    had_entries = state.last_success_at is not None and state.content_hash is not None
    full = page.status != _PARTIAL
    return full and had_entries and found.overlap == 0 and not punctuality(state, poll.now).late


def _outcome(found: Sorted, now: datetime, *, gap: bool, same: bool) -> Outcome:
    """Say in a slug what happened."""
    if not found.decisions:
        reason = "same_content" if same else "nothing_new"
        return Outcome(Stage.POLL, Result.UNCHANGED, now, reason)
    if gap:
        detail = "nothing in it was known, although it was asked on time: entries may be missed"
        return Outcome(Stage.POLL, Result.OK, now, "gap", detail)
    return Outcome(Stage.POLL, Result.OK, now, "new_entries" if found.new else "changed_entries")


def _interval_s(
    state: FeedState, page: Page, parsed: ParsedFeed, found: Sorted, poll: Occasion
) -> float:
    if state.last_success_at is None:
        return first_interval_s(parsed.entries, poll)
    if page.status == _PARTIAL or found.overlap is None:
        return state.interval_s
    return adapted_interval_s(state, found.overlap, poll)


def _good(state: FeedState, page: Page, now: datetime) -> FeedState:
    """Return the state after any poll that went well: failures forgotten, address learnt."""
    learnt = learn(state, page, now)
    full = page.status != NOT_MODIFIED
    return replace(
        state,
        url=learnt.url,
        host=host_of(learnt.url),
        redirect_target=learnt.target,
        redirect_since=learnt.since,
        last_poll_at=now,
        last_success_at=now,
        last_unconditional_at=now if full else state.last_unconditional_at,
        last_reason=None,
        failures=0.0,
        empty_streak=0,
        gone_since=None,
    )


def _scheduled(state: FeedState, page: Page, ttl_s: float | None, poll: Occasion) -> FeedState:
    """Set health and the time of the next poll."""
    delay_s = next_delay_s(state.interval_s, ttl_s, page, poll)
    newest = state.newest_entry_at or state.last_new_at
    age_limit = timedelta(days=poll.settings.stale_after_days)
    stale = newest is not None and poll.now - newest > age_limit
    return replace(
        state,
        next_poll_at=poll.now + timedelta(seconds=delay_s),
        health="stale" if stale else "ok",
    )


def _newest(state: FeedState, parsed: ParsedFeed) -> datetime | None:
    """Return the newest time that any document of the feed claimed; clamped ones claim nothing."""
    claims = (claim for entry in parsed.entries for claim in (entry.published_at, entry.updated_at))
    times = [claim.at for claim in claims if claim and "future" not in claim.flags]
    return max([*times, *([state.newest_entry_at] if state.newest_entry_at else [])], default=None)


def _content_hash(parsed: ParsedFeed) -> str:
    """Hash what the entries say: equal when only clocks of the document moved."""
    lines = sorted(f"{entry.key}\x00{entry.content_hash}" for entry in parsed.entries)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def _was_conditional(page: Page) -> bool:
    return any(name.lower() in _CONDITIONAL for name, _ in page.request_headers)


def _lied(state: FeedState, page: Page) -> bool:
    """Tell whether a full answer brought news under validators that had promised none."""
    if _was_conditional(page) or not (state.etag or state.last_modified):
        return False
    same_tag = page.header("etag") == state.etag
    return same_tag and page.header("last-modified") == state.last_modified
