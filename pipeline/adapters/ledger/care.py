"""`pipeline.care.Care` over SQLite or PostgreSQL: one short transaction per call."""

from collections.abc import Mapping
from datetime import datetime

from pipeline.adapters.ledger import revivals
from pipeline.adapters.ledger.engine import Database
from pipeline.config import RetrySettings


class SqlCare:
    """Every method is described in `pipeline.care.Care`."""

    database: Database

    def revive(self, settings: RetrySettings, now: datetime) -> Mapping[str, int]:
        """Make dead letters due again that may have got over it; return reason → URLs."""
        return self.database.write(lambda connection: revivals.revive(connection, settings, now))
