"""Dead letters that may have got over what killed them; when backfills began and ended."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.ledger.engine import chunks
from pipeline.adapters.ledger.replays import backfill_left, replay_conditions, send_back
from pipeline.adapters.ledger.tables import actions, outcomes, urls
from pipeline.adapters.ledger.workload import add_action
from pipeline.config import RetrySettings
from pipeline.model import Result
from pipeline.oversight import Action
from pipeline.work import Backfill, ReplaySelector

#: Who did it, and what, in the list of actions.
ACTOR, REVIVE = "newsline", "revive"
BEGUN, ENDED = "backfill", "backfill ended"


def revive(connection: Connection, settings: RetrySettings, now: datetime) -> dict[str, int]:
    """Make them due at the stage where each one died; return reason → URLs."""
    at_rest = replay_conditions(ReplaySelector())
    chosen = connection.execute(_chosen(at_rest, settings, now)).all() if _any(settings) else []
    revived: Counter[str] = Counter()
    for reason in sorted({row.reason for row in chosen}):
        for ids in chunks(row.url_id for row in chosen if row.reason == reason):
            wanted = [*at_rest, urls.c.url_id.in_(ids)]  # again: somebody else may be faster
            revived[reason] += send_back(connection, wanted, urls.c.failed_stage, now)
    if items := revived.total():
        subject = ", ".join(f"{reason} {count}" for reason, count in revived.items())
        add_action(connection, Action(now, ACTOR, REVIVE, f"dead letters: {subject}", items))
    return dict(revived)


def _any(settings: RetrySettings) -> bool:
    return bool(settings.revive_reasons and settings.revive_rounds)


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
    add_action(connection, Action(now, actor, ENDED, backfill.subject, 0))
