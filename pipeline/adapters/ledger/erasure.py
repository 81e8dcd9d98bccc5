"""`pipeline.erasure.Erasure` over SQLite or PostgreSQL: one short transaction per call."""

from collections.abc import Collection
from datetime import datetime

from pipeline.adapters.ledger import erasing
from pipeline.adapters.ledger.engine import Database
from pipeline.adapters.ledger.workload import add_action
from pipeline.erasure import Found, Target
from pipeline.oversight import Action

#: What `actions` says of erasures.
ERASE = "erase"


class SqlErasure:
    """Every method is described in `pipeline.erasure.Erasure`."""

    database: Database

    def find_erasable(self, target: Target) -> Found:
        """Return what a target names."""
        with self.database.reading(snapshot=True) as connection:
            return erasing.find(connection, target)

    def erase(self, url_ids: Collection[str], *, actor: str, why: str, now: datetime) -> int:
        """Erase URLs with all that the ledger says of them, and keep their tombstones."""
        return self.database.write(
            lambda connection: erasing.erase(connection, url_ids, actor=actor, why=why, now=now)
        )

    def note_erasure(self, subject: str, items: int, *, actor: str, now: datetime) -> None:
        """Keep in the list of actions that somebody erased something."""
        action = Action(now, actor, ERASE, subject, items)
        self.database.write(lambda connection: add_action(connection, action))

    def erasures_waiting(self) -> int:
        """Return how many erased articles the index has not taken out yet."""
        with self.database.reading() as connection:
            return erasing.erasures_waiting(connection)

    def is_erased(self, article_id: str) -> bool:
        """Tell whether an article, or a URL by its id, was erased."""
        with self.database.reading() as connection:
            return bool(erasing.buried(connection, [article_id]))

    def scrub(self) -> int:
        """Take out what a poll that was under way kept of something erased."""
        return self.database.write(erasing.scrub)
