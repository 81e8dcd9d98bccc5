"""What becomes of a URL after one attempt to fetch its page. Pure.

An article that was never indexed ("new"), and one that is in the index ("indexed", revisit.py):

    answer                        new                              indexed (a revisit)
    ────────────────────────────  ───────────────────────────────  ─────────────────────────────
    2xx, HTML                     → extract                        same bytes: unchanged; else
                                                                   → extract
    304                           → extract, if the page was       unchanged
                                  fetched before; else retry
    404, 410                      feed text, else dropped          asked again after 25 h; gone
                                                                   a day later too: retract
    429, 503, 403 + Retry-After   retry when asked to              as it was
    408, 425, 5xx, Transient      retry, doubling; after           as it was
                                  max_tries feed text, else dead
    other statuses                feed text, else dropped          as it was
    redirected to a front page    feed text, else dropped          as it was
    2xx, no HTML                  dropped                          as it was
    robots_disallowed             dropped                          as it was
    refused by our guard          feed text, else dropped          as it was
    other Permanent               feed text, else dead             as it was

"Feed text" goes on to extract without a page: what the feed itself says is indexed, marked so.
What robots.txt forbids is dropped with its feed text: the publisher does not want us there.
"As it was" leaves the books alone and plans the next revisit, if one is left.
"""

from datetime import datetime, timedelta

from pipeline.config import RetrySettings
from pipeline.errors import ItemError, Permanent, Transient
from pipeline.fetch.answer import NOT_MODIFIED, elsewhere, problem_of, record_of
from pipeline.fetch.reasons import HOST_BUSY
from pipeline.fetch.retry_after import MIN_RETRY_AFTER_S
from pipeline.fetch.revisit import busy_until, revisit_delay, revisit_failed, revisited
from pipeline.model import ArchivePlace, Page, Result, Stage, Status
from pipeline.retry import backoff_s
from pipeline.urls import article_id
from pipeline.work import DuePage, Outcome, StepResult

__all__ = ["decide_fetch", "revisit_delay"]

_WITHOUT_FEED_TEXT = frozenset({"robots_disallowed", "not_html"})
#: Permanent failures that are a decision about the URL, not a limit that an operator may raise.
_DROPPED = _WITHOUT_FEED_TEXT | {
    "bad_url",
    "blocked_address",
    "blocked_port",
    "bad_redirect",
    "redirected_home",
}
#: Ends that a failed fetch does not touch (replays come here with them).
_ENDED = (Status.RETRACTED, Status.ERASED, Status.ALIAS, Status.DUPLICATE)


def decide_fetch(
    due: DuePage,
    answer: Page | ItemError,
    place: ArchivePlace | None,
    now: datetime,
    settings: RetrySettings,
    *,
    has_feed_text: bool,
) -> StepResult:
    """Decide by the table above. `place` is where a 2xx body was archived."""
    indexed = due.status is Status.INDEXED
    if isinstance(answer, ItemError):
        problem = answer
    else:
        found = problem_of(due, answer, now)
        if found is None:
            decide = revisited if indexed else _to_extract
            return decide(due, answer, place, now)
        problem = found
    if indexed:
        return revisit_failed(due, problem, now)
    if isinstance(problem, Transient) and (
        problem.reason == HOST_BUSY or due.tries + 1 < settings.max_tries
    ):
        return _retry(due, problem, now, settings)
    identity = due.article_id or _own_id(due.url)
    if has_feed_text and identity and problem.reason not in _WITHOUT_FEED_TEXT:
        outcome = _outcome(due, Result.OK, problem, now)
        return StepResult(due.url_id, outcome, Stage.EXTRACT, now, article_id=identity)
    return _end(due, problem, now)


def _to_extract(due: DuePage, page: Page, place: ArchivePlace | None, now: datetime) -> StepResult:
    """Send a body on; after a 304 the ledger has the page already."""
    known = page.status == NOT_MODIFIED
    return StepResult(
        due.url_id,
        Outcome(Stage.FETCH, Result.OK, now, None, elsewhere(due.url, page), due.tries + 1),
        Stage.EXTRACT,
        now,
        article_id=due.article_id if known else article_id(page.final_url),
        page=None if known else record_of(page, place),
    )


def _retry(due: DuePage, problem: ItemError, now: datetime, settings: RetrySettings) -> StepResult:
    """Wait as long as was asked, else twice as long as last time; a busy host is no failure."""
    outcome = _outcome(due, Result.RETRY, problem, now)
    if problem.reason == HOST_BUSY:
        at = busy_until(problem, now)
        return StepResult(due.url_id, outcome, Stage.FETCH, at, tries=due.tries)
    tries = due.tries + 1
    asked_s = problem.retry_after_s
    wait_s = backoff_s(tries, settings) if asked_s is None else max(asked_s, MIN_RETRY_AFTER_S)
    at = now + timedelta(seconds=wait_s)
    return StepResult(due.url_id, outcome, Stage.FETCH, at, tries=tries)


def _end(due: DuePage, problem: ItemError, now: datetime) -> StepResult:
    """Drop what was decided against; what failed for good waits as a dead letter."""
    dropped = isinstance(problem, Permanent) and (
        problem.reason in _DROPPED or problem.reason.startswith("http_")
    )
    result, status = (Result.DROPPED, Status.DROPPED) if dropped else (Result.DEAD, Status.DEAD)
    outcome = _outcome(due, result, problem, now)
    new_status = None if due.status in _ENDED else status
    return StepResult(due.url_id, outcome, None, None, new_status, tries=due.tries + 1)


def _outcome(due: DuePage, result: Result, problem: ItemError, now: datetime) -> Outcome:
    return Outcome(Stage.FETCH, result, now, problem.reason, problem.detail, due.tries + 1)


def _own_id(url: str) -> str | None:
    """Identify an article by the link that the feed gave, when no page tells better."""
    try:
        return article_id(url)
    except ValueError:
        return None
