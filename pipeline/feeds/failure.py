"""What a failed poll means: how much it weighs, when to ask again, what becomes of the feed.

Hard failures weigh 1, soft ones (the server is busy, a time-out) a half, a passing fault of name
resolution a quarter; waiting grows with the sum and never exceeds a day. Nothing is ever given up
silently: only 410, twice a day apart, pauses a feed, and says so.
"""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from pipeline.errors import ItemError, Permanent
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
#: Our own trouble, not the feed's: it is asked again soon, and nothing is held against it.
_OURS = {"host_busy": 60.0, "parser_unavailable": 60.0}
#: No name, no certificate: as hard as a refusal, although both have come back before.
_HARD = frozenset({"dns_unknown_host", "tls_expired", "tls_wrong_name", "tls_untrusted"})
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
    if error is not None and reason in _OURS:
        delay_s = max(_OURS[reason], error.retry_after_s or 0.0)
    else:
        delay_s = _delay_s(state, error, page, failures, poll)
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
    """Return the slug of a status: `http_404`; one that nobody registered keeps its class only."""
    status = page.status if page else 0
    try:
        return f"http_{HTTPStatus(status).value}"
    except ValueError:
        return f"http_{status // 100}xx"


def weight(error: ItemError | None, page: Page | None) -> float:
    """Return how much a failure counts towards waiting longer."""
    if error is None:
        soft = page is None or page.status in _SOFT_STATUS or page.status >= 500  # noqa: PLR2004
        return 0.5 if soft else 1.0
    if error.reason in _OURS:
        return 0.0
    if isinstance(error, Permanent) or error.reason in _HARD:
        return 1.0
    return 0.25 if error.reason == "dns_temporary" else 0.5


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
        last_reason="http_410",
        gone_since=since,
        next_poll_at=None
        if paused
        else poll.now + timedelta(seconds=with_jitter(DAY_S, poll.jitter)),
        paused=paused,
        paused_reason="gone" if paused else None,
        health="gone",
    )
    result = Result.DEAD if paused else Result.RETRY
    return PollResult(after, Outcome(Stage.POLL, result, poll.now, "http_410", detail))


def _detail(page: Page | None) -> str:
    return f"HTTP {page.status} from {page.final_url}" if page else ""
