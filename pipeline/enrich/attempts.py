"""Lets one enricher fail, or take too long, without the others: why its part is empty is kept."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.enrich.budget import cpu_budget

Part = TypeVar("Part")
Empty = TypeVar("Empty")
#: Reason of an article that went on without the part of an enricher that failed.
ENRICHER_FAILED = "enricher_failed"
_REASON_CHARS = 200
#: CPU time of one enricher for one text: a hundred times what all of them take for an article.
BUDGET_S = 3.0
#: CPU time of what is done once per process: ten times what the largest model takes to load.
ONCE_BUDGET_S = 30.0


class Attempts:
    """Runs the enrichers of one article; `failed` is enricher → what went wrong."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}

    def of(
        self,
        enricher: str,
        work: Callable[[], Part],
        otherwise: Empty,
        *,
        budget_s: float | None = None,
    ) -> Part | Empty:
        """Return what the work gives, or `otherwise` when it fails.

        Not for want of memory: that is the worker's, and the whole article is tried again.
        """
        try:
            with cpu_budget(budget_s or BUDGET_S):
                return work()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are there
            self.failed[enricher] = f"{type(error).__name__}: {error}"[:_REASON_CHARS]
            return otherwise
