"""When a failed item is tried again, and when it becomes a dead letter. Pure."""

from datetime import datetime, timedelta

from pipeline.config import RetrySettings
from pipeline.errors import ItemError, Transient
from pipeline.model import Result, Stage, Status
from pipeline.work import ArticleWork, Outcome, StepResult

#: The item is not to blame: it waits for as long as it takes.
_OURS = frozenset({"index_unavailable", "parser_unavailable"})


def backoff_s(failures: int, settings: RetrySettings) -> float:
    """Return the wait after the n-th failure in a row: doubling from the first, up to the cap."""
    return min(settings.max_delay_s, settings.first_delay_s * 2.0 ** max(0, failures - 1))


def retry_or_dead(
    work: ArticleWork, stage: Stage, error: ItemError, now: datetime, settings: RetrySettings
) -> StepResult:
    """Decide what becomes of an article whose stage failed.

    Transient errors wait and come back up to `max_tries`; then, like permanent ones, they become a
    dead letter. An article that is already indexed stays in the books as indexed. When it is our
    own machinery that cannot work, items wait without using up tries; what was erased waits for as
    long as it takes, whatever the reason.
    """
    if error.reason in _OURS or work.status is Status.ERASED:
        outcome = Outcome(stage, Result.RETRY, now, error.reason, error.detail, work.tries + 1)
        at = now + timedelta(seconds=settings.first_delay_s)
        return StepResult(work.url_id, outcome, stage, at, tries=work.tries)
    failures = work.tries + 1
    if isinstance(error, Transient) and failures < settings.max_tries:
        at = now + timedelta(seconds=error.retry_after_s or backoff_s(failures, settings))
        outcome = Outcome(stage, Result.RETRY, now, error.reason, error.detail, failures)
        return StepResult(work.url_id, outcome, stage, at, tries=failures)
    outcome = Outcome(stage, Result.DEAD, now, error.reason, error.detail, failures)
    status = Status.DEAD if work.status is Status.IN_FLIGHT else None
    return StepResult(work.url_id, outcome, None, None, status, tries=failures)
