"""`pipeline.keys.Keys` over SQLite or PostgreSQL: one short transaction per call."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pipeline.adapters.ledger.engine import Database, Row
from pipeline.adapters.ledger.key_tables import api_keys, sessions
from pipeline.errors import UsageError
from pipeline.keys import ApiKey, KeyScope

_LIVING = api_keys.c.revoked_at.is_(None)


class SqlKeys:
    """Every method is described in `pipeline.keys.Keys`."""

    database: Database

    def add_key(
        self, name: str, scopes: Collection[KeyScope], digest: str, now: datetime
    ) -> ApiKey:
        """Keep a new key. Raises UsageError when a living one has that name."""
        row = {
            "name": name,
            "scopes": " ".join(sorted(scopes)),
            "digest": digest,
            "created_at": now,
        }
        added = sa.insert(api_keys).returning(*api_keys.c)
        try:
            return self.database.write(
                lambda connection: _key(connection.execute(added, row).mappings().one())
            )
        except IntegrityError:
            raise UsageError(
                f"there is a key {name!r} already; revoke it first, or choose another name"
            ) from None

    def find_key(self, digest: str) -> ApiKey | None:
        """Return the living key with a digest."""
        query = sa.select(api_keys).where(api_keys.c.digest == digest, _LIVING)
        with self.database.reading() as connection:
            return _one(connection, query)

    def api_keys(self) -> list[ApiKey]:
        """Return all keys, revoked ones too, oldest first."""
        query = sa.select(api_keys).order_by(api_keys.c.key_id)
        with self.database.reading() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def has_keys(self) -> bool:
        """Tell whether a key was ever made, be it revoked."""
        query = sa.select(sa.exists(sa.select(api_keys.c.key_id)))
        with self.database.reading() as connection:
            return bool(connection.execute(query).scalar())

    def revoke_key(self, name: str, now: datetime) -> bool:
        """Let a key be good for nothing; tell whether there was one."""
        revoked = sa.update(api_keys).where(api_keys.c.name == name, _LIVING)
        return self.database.write(
            lambda connection: connection.execute(revoked.values(revoked_at=now)).rowcount > 0
        )

    def note_key_used(self, key_id: int, now: datetime) -> None:
        """Keep when a key was last used."""
        used = sa.update(api_keys).where(api_keys.c.key_id == key_id).values(last_used_at=now)
        self.database.write(lambda connection: connection.execute(used))

    def begin_session(self, key: ApiKey, digest: str, now: datetime, until: datetime) -> None:
        """Keep a session that a key began; those that have ended are forgotten."""

        def work(connection: Connection) -> None:
            connection.execute(sa.delete(sessions).where(sessions.c.until <= now))
            row = {"digest": digest, "key_id": key.key_id, "until": until}
            connection.execute(sa.insert(sessions), row)

        self.database.write(work)

    def find_session(self, digest: str, now: datetime) -> ApiKey | None:
        """Return the living key that began a session which has not ended."""
        query = (
            sa.select(api_keys)
            .join(sessions, sessions.c.key_id == api_keys.c.key_id)
            .where(sessions.c.digest == digest, sessions.c.until > now, _LIVING)
        )
        with self.database.reading() as connection:
            return _one(connection, query)

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        ended = sa.delete(sessions).where(sessions.c.digest == digest)
        self.database.write(lambda connection: connection.execute(ended))


def _one(connection: Connection, query: sa.Select[tuple[object, ...]]) -> ApiKey | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _key(row)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        scopes=frozenset(KeyScope(word) for word in row["scopes"].split()),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
