"""`pipeline.changes.webhooks.Webhooks` over SQLite or PostgreSQL: a short transaction per call."""

from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pipeline.adapters.ledger.engine import Database, Row
from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.webhook_tables import webhooks
from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import Webhook
from pipeline.errors import UsageError


class SqlWebhooks:
    """Every method is described in `pipeline.changes.webhooks.Webhooks`."""

    database: Database

    def add_webhook(self, webhook: Webhook, now: datetime) -> Webhook:
        """Keep a receiver. Raises UsageError when there is one of that name."""
        row = {
            "name": webhook.name,
            "url": webhook.url,
            "filters": to_json({name: list(said) for name, said in webhook.filters.items()}),
            "secret": webhook.secret,
            **_place(webhook.place),
            "created_at": now,
            "due_at": now,
            "tries": 0,
        }
        added = sa.insert(webhooks).returning(*webhooks.c)

        def work(connection: Connection) -> Webhook:
            return _webhook(connection.execute(added, row).mappings().one())

        try:
            return self.database.write(work)
        except IntegrityError:
            raise UsageError(f"there is a webhook {webhook.name!r} already") from None

    def webhooks(self) -> list[Webhook]:
        """Return all receivers by name."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(webhooks).order_by(webhooks.c.name)).mappings()
            return [_webhook(row) for row in rows]

    def remove_webhook(self, name: str) -> bool:
        """Delete a receiver; False: there is none of that name."""
        gone = sa.delete(webhooks).where(webhooks.c.name == name).returning(webhooks.c.name)
        return self.database.write(lambda connection: connection.execute(gone).scalar()) is not None

    def claim_webhook(self, name: str, now: datetime, until: datetime) -> Webhook | None:
        """Take a receiver that is due, alone, until a moment; None: it is not due, or taken."""
        claimed = (
            sa.update(webhooks)
            .where(webhooks.c.name == name, webhooks.c.due_at <= now)
            .values(due_at=until)
            .returning(*webhooks.c)
        )

        def work(connection: Connection) -> Webhook | None:
            row = connection.execute(claimed).mappings().one_or_none()
            return _webhook(row) if row else None

        return self.database.write(work)

    def note_read(self, claimed: Webhook, further: Webhook) -> bool:
        """Keep how far a claimed receiver has read, how it answered, and when it is due again."""
        values = {
            **_place(further.place),
            "due_at": further.due_at,
            "told_at": further.told_at,
            "tries": further.tries,
            "failed_reason": further.failed_reason,
        }
        held = (  # the end of a claim is what it is known by
            sa.update(webhooks)
            .where(webhooks.c.name == claimed.name, webhooks.c.due_at == claimed.due_at)
            .values(**values)
            .returning(webhooks.c.name)
        )
        return self.database.write(lambda connection: connection.execute(held).scalar()) is not None


def _place(place: Place) -> dict[str, object]:
    return {"log_id": place.log_id, "seq": place.seq, "trimmed_seq": place.trimmed_seq}


def _webhook(row: Row) -> Webhook:
    filters = orjson.loads(row["filters"])
    return Webhook(
        name=row["name"],
        url=row["url"],
        place=Place(row["seq"], row["log_id"], row["trimmed_seq"]),
        filters={name: tuple(values) for name, values in filters.items()},
        secret=row["secret"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        told_at=row["told_at"],
        tries=row["tries"],
        failed_reason=row["failed_reason"],
    )
