"""What a visit to an article does that is already in the index. Pure.

Publishers edit for days; a page is asked for again about 1 h, 6 h, 1 day and 7 days after it was
first indexed. Nothing that goes wrong on such a visit changes the books, except that a page which
is gone twice, a day apart, is taken out.
"""

from datetime import datetime, timedelta

from pipeline.errors import ItemError
from pipeline.fetch.answer import NOT_MODIFIED, elsewhere, record_of, sha256_of
from pipeline.fetch.reasons import HOST_BUSY, http_reason
from pipeline.model import ArchivePlace, Page, Result, Stage
from pipeline.work import DuePage, Outcome, StepResult

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
#: Waits between visits: they fall 1 h, 6 h, 1 day and 7 days after the first index.
_REVISIT_DELAYS_S = (1 * _HOUR_S, 5 * _HOUR_S, 18 * _HOUR_S, 6 * _DAY_S)
#: Two answers "gone" count only a day apart: publishers lose pages for hours in a migration.
_GONE_FOR = timedelta(seconds=_DAY_S)
_GONE_RECHECK = timedelta(hours=25)
#: When the re-check itself fails otherwise.
_GONE_RETRY = timedelta(hours=6)
#: A page that was gone once and fails otherwise ever since is left alone after this.
_GONE_OPEN = timedelta(days=7)
_GONE = frozenset({http_reason(404), http_reason(410)})
_BUSY = timedelta(seconds=30)  # another worker's visit ends soon


def revisit_delay(revisits: int) -> float | None:
    """Return the seconds until the next revisit when `revisits` were done; None: no more."""
    if revisits >= len(_REVISIT_DELAYS_S):
        return None
    return _REVISIT_DELAYS_S[max(0, revisits)]  # -1: an extra visit was wished for


def busy_until(problem: ItemError, now: datetime) -> datetime:
    """Return when a host may be free again: when it said so, else soon."""
    return now + max(_BUSY, timedelta(seconds=problem.retry_after_s or 0.0))


def revisited(due: DuePage, page: Page, place: ArchivePlace | None, now: datetime) -> StepResult:
    """Decide after a good answer: go on with a new body, else wait for the next visit.

    The article keeps its identity, also when its address has moved meanwhile.
    """
    revisits = due.revisits + 1
    detail = elsewhere(due.url, page)
    if page.status == NOT_MODIFIED or sha256_of(page, place) == due.sha256:
        return _next_visit(due, Result.UNCHANGED, None, detail, now)
    return StepResult(
        due.url_id,
        Outcome(Stage.FETCH, Result.OK, now, None, detail),
        Stage.EXTRACT,
        now,
        article_id=due.article_id,
        page=record_of(page, place),
        revisits=revisits,
    )


def revisit_failed(due: DuePage, problem: ItemError, now: datetime) -> StepResult:
    """Decide after a bad answer: the books stay as they are, unless the page is gone for good."""
    # A page that was never had (its feed's text was indexed) was not taken back when it is missing.
    since, gone = due.gone_since, problem.reason in _GONE and due.sha256 is not None
    if problem.reason == HOST_BUSY:
        return _again(due, problem, now, busy_until(problem, now))
    if gone and since is not None and now - since >= _GONE_FOR:
        return _retract(due, problem, now)
    if gone and since is None:
        return _again(due, problem, now, now + _GONE_RECHECK, gone_since=now)
    if since is not None and (gone or now - since < _GONE_OPEN):
        # Something else failed meanwhile, or the answer came too early: the question stays open.
        return _again(due, problem, now, max(since + _GONE_RECHECK, now + _GONE_RETRY))
    return _next_visit(due, Result.RETRY, problem.reason, problem.detail, now)


def _retract(due: DuePage, problem: ItemError, now: datetime) -> StepResult:
    return StepResult(
        due.url_id,
        Outcome(Stage.FETCH, Result.RETRACTED, now, problem.reason, problem.detail),
        Stage.INDEX,
        now,
        article_id=due.article_id,
        gone_since=due.gone_since,
        revisits=due.revisits,
        retract=True,
    )


def _again(
    due: DuePage,
    problem: ItemError,
    now: datetime,
    at: datetime,
    gone_since: datetime | None = None,
) -> StepResult:
    """Come back at a time that is not one of the planned revisits."""
    return StepResult(
        due.url_id,
        Outcome(Stage.FETCH, Result.RETRY, now, problem.reason, problem.detail, due.tries + 1),
        Stage.FETCH,
        at,
        tries=due.tries,
        article_id=due.article_id,
        gone_since=gone_since or due.gone_since,
        revisits=due.revisits,
    )


def _next_visit(
    due: DuePage, result: Result, reason: str | None, detail: str, now: datetime
) -> StepResult:
    """End a visit that changed nothing; the last one ends `unchanged`, for nothing will retry."""
    revisits = due.revisits + 1
    delay_s = revisit_delay(revisits)
    if delay_s is None:
        outcome = Outcome(Stage.FETCH, Result.UNCHANGED, now, reason, detail)
        return StepResult(
            due.url_id, outcome, None, None, article_id=due.article_id, revisits=revisits
        )
    return StepResult(
        due.url_id,
        Outcome(Stage.FETCH, result, now, reason, detail),
        Stage.FETCH,
        now + timedelta(seconds=delay_s),
        article_id=due.article_id,
        revisits=revisits,
    )
