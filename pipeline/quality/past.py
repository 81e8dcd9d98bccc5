"""Holds a figure against its own past, so that one strange day in it moves nothing. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

#: Makes the median distance from the median comparable to a standard deviation.
_AS_DEVIATION = 1.4826
#: So many spreads from the median are unusual: one week in some years, were it a bell curve.
UNUSUAL, EXTREME = 4.0, 8.0


@dataclass(frozen=True, slots=True)
class Past:
    """What was usual."""

    median: float
    spread: float  # comparable to a standard deviation; never less than chance alone makes

    def distance(self, value: float) -> float:
        """Return how many spreads a value is above the median (below: negative)."""
        return (value - self.median) / self.spread


def past_of(counts: Sequence[float]) -> Past:
    """Return what is usual among counts of things; there must be some.

    Counts vary by the root of their size by chance alone, so no past counts as steadier than that.
    """
    middle = median(counts)
    deviation = _AS_DEVIATION * median(abs(one - middle) for one in counts)
    return Past(middle, max(deviation, math.sqrt(middle), 1.0))


def share_distance(now: tuple[int, int], before: tuple[int, int]) -> float:
    """Return how many standard errors one share (hits, of) is above another one.

    Both are smoothed by one hit and one miss, so that none out of few is not taken for never.
    """
    (hits, of), (past_hits, past_of_) = now, before
    share, past_share = (hits + 1) / (of + 2), (past_hits + 1) / (past_of_ + 2)
    error = math.sqrt(
        share * (1 - share) / (of + 2) + past_share * (1 - past_share) / (past_of_ + 2)
    )
    return (share - past_share) / error
