"""What feeds bring in a day, against their own last four weeks. Pure."""

from collections.abc import Iterable, Mapping

from pipeline.quality.findings import Finding, FindingKind, Severity
from pipeline.quality.past import EXTREME, UNUSUAL, past_of
from pipeline.work import FeedState

#: Spans of 24 hours back from now that are looked at: this one, and four weeks before it.
DAYS = 29
#: A feed that brings fewer a day (in the middle of its days) is quiet by nature.
FEW_A_DAY = 5.0
#: A feed known for fewer days has no past to be held against.
YOUNG_DAYS = 7
_WEEK = 7


def odd_volumes(
    states: Iterable[FeedState], by_day: Mapping[str, Mapping[int, int]]
) -> list[Finding]:
    """Return the feeds that brought far less or more in the last 24 hours than they used to.

    `by_day` is feed_id → days ago → new entries. A weekend is no fault: what is unusual among all
    days must be so among the same days of the week too.
    """
    return [
        found
        for state in states
        if state.configured and not state.paused and state.merged_into is None
        if (found := _odd_volume(state, by_day.get(state.feed.feed_id, {}))) is not None
    ]


def _odd_volume(state: FeedState, by_day: Mapping[int, int]) -> Finding | None:
    known_days = max(by_day, default=0)
    if known_days < YOUNG_DAYS:
        return None
    today = by_day.get(0, 0)
    before = [by_day.get(day, 0) for day in range(1, known_days + 1)]
    past = past_of(before)
    distance = past.distance(today)
    usual_then = abs(past_of(before[_WEEK - 1 :: _WEEK]).distance(today)) < UNUSUAL
    nothing = today == 0 and past.median >= FEW_A_DAY and min(before) > 0
    if past.median < FEW_A_DAY or usual_then or (abs(distance) < UNUSUAL and not nothing):
        return None
    bad = nothing or distance <= -EXTREME
    usual = f"{past.median:g} in the middle of its last {len(before)} days"
    return Finding(
        FindingKind.VOLUME,
        Severity.CRITICAL if bad else Severity.WARNING,
        f"{state.feed.feed_id} brought {today:,} new entries in 24 hours; {usual}.",
        {
            "today": today,
            "median": past.median,
            "spread": round(past.spread, 2),
            "before": before,
        },
        feed_id=state.feed.feed_id,
        outlet=state.feed.publisher,
    )
