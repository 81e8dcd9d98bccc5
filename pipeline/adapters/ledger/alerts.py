"""`pipeline.alerts.saved.Alerts` over SQLite or PostgreSQL: one short transaction per call."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pipeline.adapters.ledger.alert_tables import alert_hits, alerts
from pipeline.adapters.ledger.change_tables import change_log
from pipeline.adapters.ledger.engine import Database, Row, insert_new
from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.story_tables import story_merges
from pipeline.adapters.ledger.tables import changes
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.errors import UsageError


class SqlAlerts:
    """Every method is described in `pipeline.alerts.saved.Alerts`."""

    database: Database

    def add_alert(self, alert: SavedSearch, now: datetime) -> SavedSearch:
        """Keep a search, to be matched with what is indexed from now on."""

        def work(connection: Connection) -> SavedSearch:
            trimmed = sa.select(change_log.c.trimmed_seq).scalar_subquery()
            last = sa.select(sa.func.coalesce(sa.func.max(changes.c.seq), trimmed))
            row = {
                "alert_id": alert.alert_id,
                "name": alert.name,
                "text": alert.text,
                "filters": to_json({name: list(said) for name, said in alert.filters.items()}),
                "webhook": alert.webhook,
                "every_s": alert.every_s,
                "secret": alert.secret,
                "seq": connection.execute(last).scalar_one(),
                "created_at": now,
            }
            added = sa.insert(alerts).returning(*alerts.c)
            return _search(connection.execute(added, row).mappings().one())

        try:
            return self.database.write(work)
        except IntegrityError:
            raise UsageError(f"there is an alert {alert.name!r} already") from None

    def alerts(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""
        query = sa.select(alerts).order_by(alerts.c.created_at, alerts.c.alert_id)
        with self.database.reading() as connection:
            return [_search(row) for row in connection.execute(query).mappings()]

    def remove_alert(self, name: str) -> bool:
        """Delete a search and its hits; False: there is none of that name."""

        def work(connection: Connection) -> bool:
            gone = sa.delete(alerts).where(alerts.c.name == name).returning(alerts.c.alert_id)
            alert_id = connection.execute(gone).scalar()
            if alert_id is None:
                return False
            connection.execute(sa.delete(alert_hits).where(alert_hits.c.alert_id == alert_id))
            return True

        return self.database.write(work)

    def keep_hits(self, alert_id: str, seq: int, hits: Sequence[AlertHit], now: datetime) -> int:
        """Keep what was found up to a line of the log; return how many stories are new."""
        return self.database.write(lambda connection: _keep(connection, alert_id, seq, hits, now))

    def hits(self, alert_id: str, *, limit: int) -> list[AlertHit]:
        """Return the newest hits of a search, newest first."""
        query = (
            sa.select(alert_hits)
            .where(alert_hits.c.alert_id == alert_id)
            .order_by(alert_hits.c.hit_id.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [_hit(row) for row in connection.execute(query).mappings()]

    def due_hits(self, now: datetime, *, limit: int) -> list[tuple[SavedSearch, list[AlertHit]]]:
        """Return searches with a webhook that have hits to be told now, oldest hit first."""
        query = (
            sa.select(alert_hits).where(alert_hits.c.due_at <= now).order_by(alert_hits.c.hit_id)
        )
        with self.database.reading(snapshot=True) as connection:
            searches = connection.execute(sa.select(alerts)).mappings().all()
            rows = connection.execute(query).mappings().all()
        waiting: dict[str, list[AlertHit]] = {}
        for row in rows:
            waiting.setdefault(row["alert_id"], []).append(_hit(row))
        ready = [
            (_search(row), waiting[row["alert_id"]])
            for row in searches
            if row["alert_id"] in waiting and _are_gathered(row, waiting[row["alert_id"]], now)
        ]
        return ready[:limit]

    def note_sent(self, alert_id: str, hit_ids: Collection[int], now: datetime) -> None:
        """Keep that hits were taken."""

        def work(connection: Connection) -> None:
            told = sa.update(alert_hits).where(alert_hits.c.hit_id.in_(hit_ids))
            connection.execute(told.values(delivered_at=now, due_at=None, failed_reason=None))
            mine = sa.update(alerts).where(alerts.c.alert_id == alert_id)
            connection.execute(mine.values(told_at=now))

        self.database.write(work)

    def note_unsent(self, hit_ids: Collection[int], reason: str, due_at: datetime) -> None:
        """Keep that hits were not taken, and when to try again."""
        failed = (
            sa.update(alert_hits)
            .where(alert_hits.c.hit_id.in_(hit_ids))
            .values(due_at=due_at, failed_reason=reason, tries=alert_hits.c.tries + 1)
        )
        self.database.write(lambda connection: connection.execute(failed))


def _keep(
    connection: Connection, alert_id: str, seq: int, hits: Sequence[AlertHit], now: datetime
) -> int:
    query = sa.select(alerts).where(alerts.c.alert_id == alert_id).with_for_update()
    search = connection.execute(query).mappings().one_or_none()
    if search is None or search["seq"] >= seq:
        return 0  # removed, or somebody else has matched these lines
    connection.execute(sa.update(alerts).where(alerts.c.alert_id == alert_id).values(seq=seq))
    told = set(
        connection.scalars(
            sa.select(alert_hits.c.story_id).where(alert_hits.c.alert_id == alert_id)
        )
    )
    new = [hit for hit in hits if not _is_told(connection, hit.story_id, told)]
    if new:
        rows = [
            {
                "alert_id": alert_id,
                "story_id": hit.story_id,
                "article_id": hit.article_id,
                "title": hit.title,
                "url": hit.url,
                "outlet": hit.outlet,
                "published_at": hit.published_at,
                "matched": to_json(list(hit.matched)),
                "found_at": now,
                "due_at": now if search["webhook"] else None,
                "tries": 0,
            }
            for hit in new
        ]
        connection.execute(insert_new(alert_hits, connection), rows)
    return len(new)


def _is_told(connection: Connection, story_id: str, told: set[str]) -> bool:
    """Tell whether a story, or one that became part of it by whatever steps, was told of."""
    seen, parts = set[str](), {story_id}
    while parts:
        if not told.isdisjoint(parts):
            return True
        seen |= parts
        merged = sa.select(story_merges.c.merged).where(story_merges.c.into.in_(parts))
        parts = set(connection.scalars(merged)) - seen
    return False


def _are_gathered(row: Row, hits: Sequence[AlertHit], now: datetime) -> bool:
    """Tell whether the first hit that waits has waited for others as long as its search says."""
    first = min(hit.found_at for hit in hits if hit.found_at)
    return now - first >= timedelta(seconds=row["every_s"])


def _search(row: Row) -> SavedSearch:
    filters = orjson.loads(row["filters"])
    return SavedSearch(
        alert_id=row["alert_id"],
        name=row["name"],
        text=row["text"],
        filters={name: tuple(values) for name, values in filters.items()},
        webhook=row["webhook"],
        every_s=row["every_s"],
        seq=row["seq"],
        created_at=row["created_at"],
        told_at=row["told_at"],
        secret=row["secret"],
    )


def _hit(row: Row) -> AlertHit:
    return AlertHit(
        alert_id=row["alert_id"],
        story_id=row["story_id"],
        article_id=row["article_id"],
        title=row["title"],
        url=row["url"],
        outlet=row["outlet"],
        published_at=row["published_at"],
        matched=tuple(orjson.loads(row["matched"])),
        found_at=row["found_at"],
        hit_id=row["hit_id"],
        delivered_at=row["delivered_at"],
        tries=row["tries"],
        failed_reason=row["failed_reason"],
    )
