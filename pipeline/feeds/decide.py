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


def decide_poll(
    state: FeedState,
    answer: Page | ItemError,
    parsed: ParsedFeed | ItemError | None,
    known: Mapping[str, tuple[str, int]],
    now: datetime,
    settings: PollSettings,
    jitter: float,
) -> PollResult:
    """Return everything that one poll changes.

    `parsed` is None when there was nothing to parse (304, error status, the same bytes as before).
    `known` maps entry key → (content hash, version) for the keys in `parsed`. `jitter` is in [0, 1).
    """
    if isinstance(answer, ItemError):
        return fail(state, answer, None, now, settings, jitter)
    if answer.status == NOT_MODIFIED:
        if not _was_conditional(answer):
            error = ItemError("unexpected_304", "304 although nothing was asked conditionally")
            forgetful = replace(state, etag=None, last_modified=None, last_unconditional_at=None)
            return fail(forgetful, error, answer, now, settings, jitter)
        return _unchanged(state, answer, "not_modified", now, settings, jitter)
    if isinstance(parsed, ItemError):
        broken = replace(state, redirect_target=None, redirect_since=None)
        return fail(broken, parsed, answer, now, settings, jitter)
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        return fail(state, None, answer, now, settings, jitter)
    if parsed is None:
        return _unchanged(state, answer, "same_body", now, settings, jitter)
    if not parsed.entries:
        return _empty(state, answer, parsed, now, settings, jitter)
    return _listed(state, answer, parsed, sort_entries(parsed.entries, known), now, settings, jitter)


def _unchanged(
    state: FeedState, page: Page, reason: str, now: datetime, settings: PollSettings, jitter: float
) -> PollResult:
    """Record a poll that brought the very same thing."""
    carried = {"etag": page.header("etag"), "last_modified": page.header("last-modified")}
    if page.status == NOT_MODIFIED:  # replaces only what it carries
        carried = {name: value for name, value in carried.items() if value is not None}
    after = replace(
        _good(state, page, now),
        interval_s=adapted_interval_s(state, 1.0, now, settings),
        overlap=1.0,
        overlap_streak=state.overlap_streak + 1,
        empty_streak=state.empty_streak,
        **carried,
    )
    after = _scheduled(after, page, None, now, settings, jitter)
    return PollResult(after, Outcome(Stage.POLL, Result.UNCHANGED, now, reason), counts={"listed": 0})


def _empty(
    state: FeedState, page: Page, parsed: ParsedFeed, now: datetime, settings: PollSettings, jitter: float
) -> PollResult:
    """Record a feed without entries: never a success, an alarm when it happens again."""
    if parsed.kind == "sitemap_index":
        children = ", ".join(parsed.children[:3])
        error = ItemError("sitemap_index", f"an index; put one of its sitemaps there: {children}")
        return fail(state, error, page, now, settings, jitter)
    counts = {"listed": 0, "dropped": sum(parsed.dropped.values())}
    error = ItemError("empty_feed", f"a feed without entries, {state.empty_streak + 1} times now")
    result = fail(state, error, page, now, settings, jitter)
    after = replace(result.state, empty_streak=state.empty_streak + 1, health="empty")
    return replace(result, state=after, counts=counts)


def _listed(
    state: FeedState,
    page: Page,
    parsed: ParsedFeed,
    found: Sorted,
    now: datetime,
    settings: PollSettings,
    jitter: float,
) -> PollResult:
    """Record a feed with entries."""
    content_hash = _content_hash(parsed)
    partial = page.status == _PARTIAL
    first = state.last_success_at is None
    gap = not first and not partial and found.overlap == 0 and not punctuality(state, now).late
    counts = {
        "listed": len(parsed.entries),
        "new": found.new,
        "changed": found.changed,
        "known": found.known,
        "dropped": sum(parsed.dropped.values()),
    }
    revealed = found.new and _lied(state, page)
    counts |= {"gap": 1} if gap else {}
    counts |= {"revealed": found.new} if revealed else {}
    after = replace(
        _good(state, page, now),
        content_hash=content_hash,
        interval_s=_interval_s(state, parsed, found, now, settings, partial=partial),
        overlap=state.overlap if partial else found.overlap,
        overlap_streak=state.overlap_streak + 1 if found.overlap == 1 else 0,
        gaps=state.gaps + int(gap),
        last_new_at=now if found.new else state.last_new_at,
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
    after = _scheduled(after, page, parsed.ttl_s, now, settings, jitter)
    if after.url != state.url:
        counts["moved"] = 1
    return PollResult(
        state=after,
        outcome=_outcome(state, found, content_hash, now, gap=gap),
        decisions=found.decisions,
        seen_keys=tuple(entry.key for entry in parsed.entries),
        counts=counts,
    )


def _outcome(
    state: FeedState, found: Sorted, content_hash: str, now: datetime, *, gap: bool
) -> Outcome:
    """Say in a slug what happened."""
    if not found.decisions:
        reason = "same_content" if content_hash == state.content_hash else "nothing_new"
        return Outcome(Stage.POLL, Result.UNCHANGED, now, reason)
    if gap:
        detail = "nothing in it was known, although it was asked on time: entries may be missed"
        return Outcome(Stage.POLL, Result.OK, now, "gap", detail)
    return Outcome(Stage.POLL, Result.OK, now, "new_entries" if found.new else "changed_entries")


def _interval_s(
    state: FeedState,
    parsed: ParsedFeed,
    found: Sorted,
    now: datetime,
    settings: PollSettings,
    *,
    partial: bool,
) -> float:
    if state.last_success_at is None:
        return first_interval_s(parsed.entries, now, settings)
    if partial or found.overlap is None:
        return state.interval_s
    return adapted_interval_s(state, found.overlap, now, settings)


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


def _scheduled(
    state: FeedState,
    page: Page,
    ttl_s: float | None,
    now: datetime,
    settings: PollSettings,
    jitter: float,
) -> FeedState:
    """Set health and the time of the next poll."""
    delay_s = next_delay_s(state.interval_s, ttl_s, page, settings, jitter)
    newest = state.newest_entry_at or state.last_new_at
    stale = newest is not None and now - newest > timedelta(days=settings.stale_after_days)
    return replace(
        state,
        next_poll_at=now + timedelta(seconds=delay_s),
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
