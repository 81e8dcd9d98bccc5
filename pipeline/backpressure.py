"""What a run does while the index takes nothing: try again ever more rarely, and fetch no more.

Articles that are ready wait in the ledger, on disk; this only decides how fast others follow them.
"""

import time
from collections.abc import Callable

from pipeline.config import IndexSettings
from pipeline.model import Stage
from pipeline.ports import Ledger

#: The first rest after a failure; it doubles up to the longest, which bounds how late an index that
#: is back is noticed.
_FIRST_REST_S, _LONGEST_REST_S = 1.0, 30.0
#: How often the ledger is asked how many wait.
_LOOK_EVERY_S = 2.0


class Backpressure:
    """Rests of one run. `monotonic` is the time by which they are measured."""

    def __init__(
        self,
        ledger: Ledger,
        settings: IndexSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._high_water = settings.high_water
        self._monotonic = monotonic
        self._rest_s = 0.0
        self._rests_until = 0.0
        self._looks_again_at = 0.0
        self._high = False

    def index_failed(self) -> None:
        """Note that nothing could be written: the index is left alone for a while."""
        self._rest_s = min(_LONGEST_REST_S, max(_FIRST_REST_S, self._rest_s * 2))
        self._rests_until = self._monotonic() + self._rest_s

    def index_works(self) -> None:
        """Note that something was written."""
        self._rest_s = self._rests_until = 0.0

    @property
    def index_rests(self) -> bool:
        """The index is left alone at the moment."""
        return self._monotonic() < self._rests_until

    @property
    def is_high(self) -> bool:
        """More articles wait for the index than should: nothing more is to be fetched."""
        if self._monotonic() >= self._looks_again_at:
            self._high = self._ledger.waiting(Stage.INDEX) > self._high_water
            self._looks_again_at = self._monotonic() + _LOOK_EVERY_S
        return self._high
