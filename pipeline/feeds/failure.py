"""What a failed poll means: how much it weighs, when to ask again, what becomes of the feed.

Hard failures weigh 1, soft ones (the server is busy, a time-out) a half, a passing fault of name
resolution a quarter; waiting grows with the sum and never exceeds a day. Nothing is ever given up
silently: only 410, twice a day apart, pauses a feed, and says so.
"""

from dataclasses import replace
from datetime import timedelta

from pipeline.errors import ItemError, Permanent, Transient
from pipeline.feeds.schedule import (
    DAY_S,
    MAX_BACKOFF_S,
    MAX_RETRY_AFTER_S,
    Occasion,
    backoff_s,
    retry_after_s,
    server_delay_s,
    with_jitter,
)
from pipeline.model import Page, Result, Stage
from pipeline.work import FeedState, Outcome, PollResult

GONE = 410
#: Busy with us, not ill: the feed is asked again as soon as the other visit is over.
_OURS = {"host_busy": 60.0}
_STATUS_REASONS = {
    401: "forbidden", 403: "forbidden", 404: "not_found", GONE: "gone", 429: "rate_limited",
    451: "legal_block", 503: "unavailable",
}  # fmt: skip
_SOFT_STATUS = frozenset({404, 408, 425, 429})
_RETRY_AFTER_STATUS = frozenset({403, 429, 503})
_GONE_FOR_GOOD = timedelta(days=1)


def fail(
    state: FeedState, error: ItemError | None, page: Page | None, poll: Occasion
) -> PollResult:
    """Return the result of a poll that gave no good feed.

    `error` is what went wrong while fetching or parsing; None: the status of `page` says it.
    """
    reason = error.reason if error else status_reason(page)
    detail = error.detail if error else _detail(page)
    if page is not None and page.status == GONE:
        return _gone(state, detail, poll)
    failures = state.failures + weight(error, page)
    delay_s = _OURS.get(reason) or _delay_s(state, error, page, failures, poll)
    after = replace(
        state,
        last_poll_at=poll.now,
        failures=failures,
        last_reason=reason,
        gone_since=None,
        next_poll_at=poll.now + timedelta(seconds=delay_s),
        health=state.health if reason in _OURS else "failing",
    )
    outcome = Outcome(Stage.POLL, Result.RETRY, poll.now, reason, detail)
    return PollResult(after, outcome)


def status_reason(page: Page | None) -> str:
    """Return the slug for an HTTP status that is no success."""
    status = page.status if page else 0
    if status in _STATUS_REASONS:
        return _STATUS_REASONS[status]
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        return "server_error"
    return "client_error" if status >= 400 else "unexpected_status"  # noqa: PLR2004


def weight(error: ItemError | None, page: Page | None) -> float:
    """Return how much a failure counts towards waiting longer."""
    if error is not None:
        if error.reason in _OURS:
            return 0.0
        if isinstance(error, Transient):
            return 0.25 if error.reason.startswith("dns") else 0.5
        return 1.0 if isinstance(error, Permanent) else 0.5
    soft = page is None or page.status in _SOFT_STATUS or page.status >= 500  # noqa: PLR2004
    return 0.5 if soft else 1.0


def _delay_s(
    state: FeedState, error: ItemError | None, page: Page | None, failures: float, poll: Occasion
) -> float:
    """Return how long to wait: as asked for, else by the weight of the failures."""
    asked_s = error.retry_after_s if error else None
    if page is not None and page.status in _RETRY_AFTER_STATUS:
        asked_s = retry_after_s(page, poll.now)
    if asked_s is not None:
        return min(with_jitter(asked_s, poll.jitter), MAX_RETRY_AFTER_S)
    delay_s = max(backoff_s(state, failures, poll.settings), server_delay_s(page) or 0.0)
    return min(with_jitter(delay_s, poll.jitter), MAX_BACKOFF_S)


def _gone(state: FeedState, detail: str, poll: Occasion) -> PollResult:
    """Believe a 410 when it stands for a day; then pause the feed, for an operator to see."""
    since = state.gone_since or poll.now
    paused = poll.now - since >= _GONE_FOR_GOOD
    after = replace(
        state,
        last_poll_at=poll.now,
        failures=state.failures + 1.0,
        last_reason="gone",
        gone_since=since,
        next_poll_at=None
        if paused
        else poll.now + timedelta(seconds=with_jitter(DAY_S, poll.jitter)),
        paused=paused,
        paused_reason="gone" if paused else None,
        health="gone",
    )
    result = Result.DEAD if paused else Result.RETRY
    return PollResult(after, Outcome(Stage.POLL, result, poll.now, "gone", detail))


def _detail(page: Page | None) -> str:
    return f"HTTP {page.status} from {page.final_url}" if page else ""
