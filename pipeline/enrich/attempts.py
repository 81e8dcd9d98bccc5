"""Lets one enricher fail without the others: its part stays empty, and what happened is kept."""

from collections.abc import Callable
from typing import TypeVar

Part = TypeVar("Part")
Empty = TypeVar("Empty")
#: Reason of an article that went on without the part of an enricher that failed.
ENRICHER_FAILED = "enricher_failed"
_REASON_CHARS = 200


class Attempts:
    """Runs the enrichers of one article; `failed` is enricher → what went wrong."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}

    def of(self, enricher: str, work: Callable[[], Part], otherwise: Empty) -> Part | Empty:
        """Return what the work gives, or `otherwise` when it fails.

        Not for want of memory: that is the worker's, and the whole article is tried again.
        """
        try:
            return work()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are there
            self.failed[enricher] = f"{type(error).__name__}: {error}"[:_REASON_CHARS]
            return otherwise
