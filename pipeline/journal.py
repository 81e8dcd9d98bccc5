"""What a run writes to its log: one line for each poll and each item that ended a stage.

An item on its way is a debug line; an end, a failure and every poll can be read at the usual level.
"""

from collections.abc import Sequence

import structlog

from pipeline.model import Result, Stage
from pipeline.work import ArticleWork, DuePage, FeedState, PollResult, StepResult

log = structlog.get_logger()

_TROUBLE = frozenset({Result.RETRY, Result.DEAD})


def note_poll(state: FeedState, result: PollResult) -> None:
    """Log how a poll ended and when the next one is due."""
    outcome = result.outcome
    write = log.warning if outcome.result in _TROUBLE else log.info
    write(
        "polled",
        feed_id=state.feed.feed_id,
        url=state.url,
        result=outcome.result,
        reason=outcome.reason,
        detail=outcome.detail,
        next_poll_at=result.state.next_poll_at,
        **dict(result.counts),
    )


def note_fetch(due: DuePage, result: StepResult) -> None:
    """Log how the fetch of a page ended."""
    _note(Stage.FETCH, result, due.feed_id, result.article_id or due.article_id, due.url)


def note_steps(stage: Stage, works: Sequence[ArticleWork], results: Sequence[StepResult]) -> None:
    """Log how articles ended a stage, in any order."""
    known = {work.url_id: work for work in works}
    for result in results:
        work = known[result.url_id]
        first = next((one.feed.feed_id for one in work.sightings), None)
        _note(stage, result, first, work.article_id, work.url)


def _note(
    stage: Stage, result: StepResult, feed_id: str | None, article_id: str | None, url: str
) -> None:
    outcome = result.outcome
    on_its_way = outcome.result is Result.OK and stage is not Stage.INDEX
    write = log.debug if on_its_way else log.info
    if outcome.result in _TROUBLE:
        write = log.warning
    write(
        "ended",
        stage=stage,
        url_id=result.url_id,
        article_id=article_id,
        feed_id=feed_id,
        url=url,
        result=outcome.result,
        reason=outcome.reason,
        detail=outcome.detail,
        next_at=result.next_at,
    )
