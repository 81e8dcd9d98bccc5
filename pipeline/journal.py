"""What a run writes to its log: one line for each poll and each item that ended a stage.

An item on its way is a debug line; an end, a failure and every poll can be read at the usual level.
"""

from collections.abc import Sequence

import structlog

from pipeline.model import Result, Stage
from pipeline.work import FeedState, PollResult, StepResult

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


def note_steps(stage: Stage, results: Sequence[StepResult]) -> None:
    """Log how items ended a stage."""
    for result in results:
        outcome = result.outcome
        on_its_way = outcome.result is Result.OK and stage is not Stage.INDEX
        write = log.debug if on_its_way else log.info
        if outcome.result in _TROUBLE:
            write = log.warning
        write(
            "ended",
            stage=stage,
            url_id=result.url_id,
            article_id=result.article_id,
            result=outcome.result,
            reason=outcome.reason,
            detail=outcome.detail,
            next_at=result.next_at,
        )
