"""Groups articles one after the other, each knowing what was decided about those before it.

Everything about some articles is one transaction: a worker that is killed leaves nothing behind,
and of two workers the second waits, and is refused what the first has done.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.commits import commit
from pipeline.adapters.ledger.leases import GROUP_LOCK
from pipeline.adapters.ledger.neighbours import UNSAID, find_neighbours
from pipeline.adapters.ledger.sketches import forget_old, remember
from pipeline.enrich.grouping import as_copy, told_at
from pipeline.work import ArticleWork, Decide, Lease, StepResult


def group(
    connection: Connection,
    lease: Lease,
    works: Sequence[ArticleWork],
    decide: Decide,
    *,
    now: datetime,
    run_id: str | None,
) -> tuple[list[StepResult], list[str]]:
    """Return the results as decided, and the url_ids of those that were refused."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(GROUP_LOCK)))
    results: list[StepResult] = []
    refused: list[str] = []
    for work in works:
        at = told_at(work)
        result = decide(work, find_neighbours(connection, work, as_copy(work), at))
        lost = commit(connection, lease, [result], run_id)
        if not lost and result.grouping is not None and result.grouping.duplicate_of is None:
            remember(connection, work.article_id, work.enrichment or UNSAID, at, now)
        results.append(result)
        refused += lost
    forget_old(connection, now, 2 * len(works))
    return results, refused
