"""What scheduled upkeep asks of the ledger beside the trip and the page: `Care`.

Every call is bounded, by a limit or a window of time, and what changes anything says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pipeline.config import RetrySettings


class Care(Protocol):
    """Upkeep of a ledger in a database."""

    def revive(self, settings: RetrySettings, now: datetime) -> Mapping[str, int]:
        """Make dead letters due again at the stage where each one died; return reason → URLs.

        Only those of `revive_reasons`, long enough after they died, that did not die more than
        `revive_rounds` times before; oldest first, at most `revive_limit`. Audited as an action.
        """
        ...
