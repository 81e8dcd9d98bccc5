"""How fresh the index is, held against the objective. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.oversight import Delays

#: So many of a hundred articles are to be in the index within the objective.
OBJECTIVE_PERCENT = 95


@dataclass(frozen=True, slots=True)
class Freshness:
    """Percentiles of first sight → index over a window; None without any article."""

    articles: int
    complete: bool
    objective_s: float
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    within: int  # articles in time

    @property
    def is_met(self) -> bool:
        """The objective is kept; nothing that came has come late."""
        return self.p95_s is None or self.p95_s <= self.objective_s


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that so many per cent do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def freshness(delays: Delays, objective_s: float) -> Freshness:
    """Sum up the delays of a window."""
    ordered = sorted(delays.seconds)
    return Freshness(
        articles=len(ordered),
        complete=delays.complete,
        objective_s=objective_s,
        p50_s=percentile(ordered, 50),
        p95_s=percentile(ordered, OBJECTIVE_PERCENT),
        p99_s=percentile(ordered, 99),
        within=sum(delay <= objective_s for delay in ordered),
    )
