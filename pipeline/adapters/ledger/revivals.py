"""Dead letters that may have got over what killed them, articles of which an enricher failed.

Also when backfills began and ended.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.ledger.engine import chunks, insert_or_replace
from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.replays import (
    backfill_left,
    replay_conditions,
    send_back,
    send_to_enrich,
)
from pipeline.adapters.ledger.tables import actions, outcomes, urls
from pipeline.adapters.ledger.walk_tables import walks
from pipeline.adapters.ledger.workload import add_action
from pipeline.care import Walk
from pipeline.config import RetrySettings
from pipeline.enrich.attempts import ENRICHER_FAILED
from pipeline.model import Result, Stage
from pipeline.oversight import Action
from pipeline.work import Backfill, ReplaySelector

#: Who did it, and what, in the list of actions.
ACTOR, REVIVE = "newsline", "revive"
BEGUN, ENDED = "backfill", "backfill ended"


def revive(connection: Connection, settings: RetrySettings, now: datetime) -> dict[str, int]:
    """Make them due at the stage where each one died or failed; return reason → URLs."""
    at_rest = replay_conditions(ReplaySelector())
    chosen = connection.execute(_chosen(at_rest, settings, now)).all() if _any(settings) else []
    revived: Counter[str] = Counter()
    for reason in sorted({row.reason for row in chosen}):
        for ids in chunks(row.url_id for row in chosen if row.reason == reason):
            wanted = [*at_rest, urls.c.url_id.in_(ids)]  # again: somebody else may be faster
            revived[reason] += send_back(connection, wanted, urls.c.failed_stage, now)
    if incomplete := _complete(connection, settings, now):
        revived[ENRICHER_FAILED] = incomplete
    if items := revived.total():
        subject = ", ".join(f"{reason} {count}" for reason, count in revived.items())
        add_action(connection, Action(now, ACTOR, REVIVE, f"tried again: {subject}", items))
    return dict(revived)


def _any(settings: RetrySettings) -> bool:
    return bool(settings.revive_reasons and settings.revive_rounds)


def _complete(connection: Connection, settings: RetrySettings, now: datetime) -> int:
    """Send articles to the enrichers again of which one failed the last time; return how many.

    As with dead letters: each rests longer than the time before, and then it is left alone.
    """
    if not settings.revive_rounds:
        return 0
    rests = [settings.revive_after_s * 2**round_ for round_ in range(settings.revive_rounds)]
    failed = (
        (outcomes.c.stage == Stage.ENRICH)
        & (outcomes.c.result == Result.OK)
        & (outcomes.c.reason == ENRICHER_FAILED)
    )
    # Whoever failed before that has had its rounds: what is looked at stays little.
    since = now - timedelta(seconds=2 * sum(rests))
    last = (
        sa.select(
            outcomes.c.url_id,
            sa.func.max(outcomes.c.outcome_id).label("outcome_id"),
            sa.func.max(outcomes.c.at).label("at"),
        )
        .where(failed, outcomes.c.at >= since)
        .group_by(outcomes.c.url_id)
        .subquery()
    )
    went_well = sa.exists().where(
        outcomes.c.url_id == last.c.url_id,
        outcomes.c.stage == Stage.ENRICH,
        outcomes.c.outcome_id > last.c.outcome_id,
    )
    failures = sa.select(sa.func.count()).where(failed, outcomes.c.url_id == last.c.url_id)
    rested = [
        (failures.scalar_subquery() == times) & (last.c.at <= now - timedelta(seconds=rest))
        for times, rest in enumerate(rests, 1)
    ]
    query = (
        sa.select(urls.c.article_id)
        .join(last, last.c.url_id == urls.c.url_id)
        .where(sa.or_(*rested), ~went_well)
        .order_by(last.c.at, urls.c.url_id)
        .limit(settings.revive_limit)
    )
    found = [article_id for article_id in connection.scalars(query) if article_id]
    return send_to_enrich(connection, found, now)


def _chosen(
    at_rest: list[ColumnElement[bool]], settings: RetrySettings, now: datetime
) -> sa.Select[tuple[str, str]]:
    """Select (url_id, reason) of what is worth another round and has waited long enough for it."""
    died = (outcomes.c.url_id == urls.c.url_id) & (outcomes.c.result == Result.DEAD)
    letters = (
        sa.select(
            urls.c.url_id,
            urls.c.failed_reason.label("reason"),
            urls.c.first_seen_at,
            sa.select(sa.func.count()).where(died).scalar_subquery().label("deaths"),
            sa.select(sa.func.max(outcomes.c.at)).where(died).scalar_subquery().label("died_at"),
        )
        .where(*at_rest, urls.c.failed_reason.in_(settings.revive_reasons))
        .subquery()
    )
    rested = [
        (letters.c.deaths == deaths)
        & (
            letters.c.died_at
            <= now - timedelta(seconds=settings.revive_after_s * 2 ** (deaths - 1))
        )
        for deaths in range(1, settings.revive_rounds + 1)
    ]
    return (
        sa.select(letters.c.url_id, letters.c.reason)
        .where(sa.or_(*rested))
        .order_by(letters.c.first_seen_at, letters.c.url_id)
        .limit(settings.revive_limit)
    )


def begin_backfill(
    connection: Connection, backfill: Backfill, actor: str, now: datetime
) -> datetime:
    """Return when a backfill began: now, unless it was begun before and not ended."""
    query = (
        sa.select(actions.c.action, actions.c.at)
        .where(actions.c.action.in_((BEGUN, ENDED)), actions.c.subject == backfill.subject)
        .order_by(actions.c.action_id.desc())
        .limit(1)
    )
    last = connection.execute(query).one_or_none()
    if last is not None and last.action == BEGUN:
        begun_at: datetime = last.at.astimezone(UTC)
        return begun_at
    left = backfill_left(connection, backfill, now)
    add_action(connection, Action(now, actor, BEGUN, backfill.subject, left))
    return now


def end_backfill(connection: Connection, backfill: Backfill, actor: str, now: datetime) -> None:
    """Keep that nothing of a backfill is left."""
    connection.execute(sa.delete(walks).where(walks.c.subject == backfill.subject))
    add_action(connection, Action(now, actor, ENDED, backfill.subject, 0))


def walks_of(connection: Connection, backfill: Backfill) -> dict[str, Walk]:
    """Return feed_id → how far its archive was read in a backfill that has not ended."""
    rows = connection.execute(sa.select(walks).where(walks.c.subject == backfill.subject))
    return {
        row.feed_id: Walk(tuple(orjson.loads(row.queue)), frozenset(orjson.loads(row.asked)))
        for row in rows
    }


def keep_walk(connection: Connection, backfill: Backfill, feed_id: str, walk: Walk) -> None:
    """Keep how far the archive of a feed was read."""
    row = {
        "subject": backfill.subject,
        "feed_id": feed_id,
        "queue": to_json(list(walk.queue)),
        "asked": to_json(sorted(walk.asked)),
    }
    connection.execute(insert_or_replace(walks, connection), row)
