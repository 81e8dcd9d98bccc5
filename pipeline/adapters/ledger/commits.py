"""Results of fetch, extract, enrich, group and index, written in one transaction.

Rows are locked in order of url_id, read, changed by the rules in steps.py, and written back; what
was taken over by another worker, or moved on, is refused and named.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger import steps
from pipeline.adapters.ledger.canonical import adopt_canonical
from pipeline.adapters.ledger.copies import (
    free_copies,
    recall,
    recall_later_copies,
    regroup_the_last,
)
from pipeline.adapters.ledger.engine import (
    insert_all,
    insert_new,
    insert_or_replace,
    rows_by,
    update_all,
)
from pipeline.adapters.ledger.erasing import buried, erase_rows
from pipeline.adapters.ledger.further_feeds import renew_documents
from pipeline.adapters.ledger.leases import holds_host
from pipeline.adapters.ledger.moves import move
from pipeline.adapters.ledger.outcomes import SAME_ARTICLE, insert_page, outcome_row
from pipeline.adapters.ledger.sketches import forget
from pipeline.adapters.ledger.steps import Standing
from pipeline.adapters.ledger.tables import (
    articles,
    changes,
    enrichments,
    outcomes,
    revisions,
    urls,
)
from pipeline.model import Result, Stage, Status
from pipeline.urls import clean
from pipeline.work import Lease, StepResult

#: A copy of one of these would have nothing in the index that it is a copy of.
LIVE = (Status.IN_FLIGHT, Status.INDEXED)


#: Who erased a URL that leads to something erased.
BY_ITSELF = "newsline"
#: An article whose owner ended so is anybody's who can do better.
FAILED = (Status.DROPPED, Status.DEAD)


def commit(
    connection: Connection, lease: Lease, results: Sequence[StepResult], run_id: str | None
) -> list[str]:
    """Write results and return the url_ids that were refused; see ports.Ledger.commit."""
    rows = _locked_rows(connection, lease, results)
    accepted = [result for result in results if _is_current(rows.get(result.url_id), lease, result)]
    refused = {result.url_id for result in results} - {result.url_id for result in accepted}
    lost = _copies_of_the_lost(connection, accepted)
    accepted = [result for result in accepted if result.url_id not in lost]
    owners = _claim_articles(connection, rows, accepted)
    owners |= adopt_canonical(connection, rows, accepted)
    standings = _standings(connection, rows, accepted)
    gone = buried(connection, (standing.url["article_id"] for standing in standings))
    for standing in standings:
        _apply(connection, standing, owners, gone)
    _write(connection, standings, run_id)
    for standing in standings:
        if standing.outcome.result is Result.ALIAS:  # its feeds list the article it leads to
            renew_documents(connection, [standing.url["url_id"]], standing.outcome.at)
    return sorted(refused | lost)


def _locked_rows(
    connection: Connection, lease: Lease, results: Sequence[StepResult]
) -> dict[str, dict[str, Any]]:
    """Return url_id → row of all that the lease may still change."""
    if lease.host is not None and not holds_host(connection, lease):
        return {}
    query = sa.select(urls).order_by(urls.c.url_id).with_for_update()
    found = rows_by(connection, query, urls.c.url_id, (result.url_id for result in results))
    return {row["url_id"]: row for row in found}


def _is_current(row: dict[str, Any] | None, lease: Lease, result: StepResult) -> bool:
    """Tell whether a result is about work that its sender still holds."""
    if row is None or row["stage"] != result.outcome.stage:
        return False
    if lease.host is not None:
        return bool(row["host"] == lease.host)
    return bool(row["lease_token"] == lease.token)


def _copies_of_the_lost(connection: Connection, results: Sequence[StepResult]) -> set[str]:
    """Return the url_ids whose original left the books since `find_neighbours` named it."""
    originals = {
        result.grouping.duplicate_of: result.url_id
        for result in results
        if result.grouping is not None and result.grouping.duplicate_of is not None
    }
    query = (
        sa.select(articles.c.article_id)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(urls.c.status.in_(LIVE), ~urls.c.retract)
        .with_for_update(read=True, of=urls)
    )
    live = {
        row["article_id"] for row in rows_by(connection, query, articles.c.article_id, originals)
    }
    return {
        result.url_id
        for result in results
        if result.grouping is not None
        and result.grouping.duplicate_of is not None
        and result.grouping.duplicate_of not in live
    }


def _claim_articles(
    connection: Connection, rows: dict[str, dict[str, Any]], results: Sequence[StepResult]
) -> dict[str, str]:
    """Let fetched URLs own the article that they lead to; return article_id → owning url_id."""
    claims: dict[str, dict[str, Any]] = {}
    for result in results:
        row = rows[result.url_id]
        if row["article_id"] is not None or result.outcome.stage is not Stage.FETCH:
            continue  # an identity, once given, stays
        article_id = result.article_id
        if article_id is None and result.next_stage not in (None, Stage.FETCH):
            article_id = row["url_id"]  # going on without a page: the link is all we have
        if article_id is not None:
            claims.setdefault(article_id, _new_article(article_id, row, result))
            row["article_id"] = article_id
    for article_id in buried(connection, claims):
        del claims[article_id]  # nobody may own it again
    if not claims:
        return {}
    connection.execute(insert_new(articles, connection), [claims[key] for key in sorted(claims)])
    _take_over(connection, claims)
    query = sa.select(articles.c.article_id, articles.c.url_id)
    owners = rows_by(connection, query, articles.c.article_id, claims)
    return {row["article_id"]: row["url_id"] for row in owners}


def _take_over(connection: Connection, claims: dict[str, dict[str, Any]]) -> None:
    """Let a URL own an article whose owner came to nothing: its page may be had this way.

    The old owner keeps its place in the books; if it is replayed, it begins with its fetch.
    """
    lost = (
        sa.select(articles.c.article_id, articles.c.url_id)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(urls.c.status.in_(FAILED), urls.c.stage.is_(None))
    )
    for row in rows_by(connection, lost, articles.c.article_id, claims):
        claim = claims[row["article_id"]]
        connection.execute(
            sa.update(articles)
            .where(articles.c.article_id == row["article_id"])
            .values({name: claim[name] for name in ("url_id", "url", "publisher", "first_seen_at")})
        )
        failed = sa.case((urls.c.failed_stage.is_not(None), Stage.FETCH.value), else_=None)
        connection.execute(
            sa.update(urls)
            .where(urls.c.url_id == row["url_id"])
            .values(article_id=None, page_id=None, failed_stage=failed)
        )


def _new_article(article_id: str, row: dict[str, Any], result: StepResult) -> dict[str, Any]:
    return {
        "article_id": article_id,
        "url_id": row["url_id"],
        "url": clean(result.page.final_url if result.page else row["url"]),
        "publisher": row["publisher"],
        "first_seen_at": row["first_seen_at"],
        "doc_version": 0,
        "revision_n": 0,
    }


def _standings(
    connection: Connection, rows: dict[str, dict[str, Any]], results: Sequence[StepResult]
) -> list[Standing]:
    """Bring together what the rules need of each result's URL."""
    ids = [rows[result.url_id]["article_id"] for result in results]
    held = rows_by(connection, sa.select(articles), articles.c.article_id, filter(None, ids))
    by_id = {row["article_id"]: row for row in held}
    kept = _kept_enrichments(connection, results, by_id)
    standings = []
    for result in results:
        row = rows[result.url_id]
        article = by_id.get(row["article_id"])
        if article is not None and article["url_id"] != row["url_id"]:
            article = None  # somebody else's
        standings.append(
            Standing(row, article, kept.get(row["article_id"]), result, result.outcome)
        )
    return standings


def _kept_enrichments(
    connection: Connection, results: Sequence[StepResult], by_id: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Return article_id → JSON of the enrichment of its newest revision, if results bring one."""
    if not any(result.enrichment is not None for result in results):
        return {}
    query = sa.select(enrichments.c.article_id, enrichments.c.n, enrichments.c.enrichment)
    return {
        row["article_id"]: row["enrichment"]
        for row in rows_by(connection, query, enrichments.c.article_id, by_id)
        if row["n"] == by_id[row["article_id"]]["revision_n"]
    }


def _apply(
    connection: Connection, standing: Standing, owners: dict[str, str], gone: set[str]
) -> None:
    """Apply one result, after its page is kept."""
    url = standing.url
    if standing.result.page is not None:
        standing.page_id = insert_page(connection, url["url_id"], standing.result.page)
    owner = owners.get(url["article_id"])
    is_new = standing.outcome.stage in (Stage.FETCH, Stage.EXTRACT)
    if is_new and url["article_id"] in gone:
        steps.leads_to_erased(standing)
    elif owner is not None and owner != url["url_id"]:
        steps.become_alias(standing, url["article_id"], SAME_ARTICLE)
    else:
        steps.apply(standing)


def _write(connection: Connection, standings: Sequence[Standing], run_id: str | None) -> None:
    """Write back every row that changed and add those that are new."""
    update_all(connection, urls, [standing.url for standing in standings])
    update_all(
        connection, articles, [standing.article for standing in standings if standing.article]
    )
    insert_all(connection, revisions, [row for each in standings for row in each.revisions])
    said = [row for each in standings for row in each.enrichments]
    if said:
        connection.execute(insert_or_replace(enrichments, connection), said)
    insert_all(connection, changes, [row for each in standings for row in each.changes])
    insert_all(
        connection,
        outcomes,
        [
            outcome_row(each.outcome, run_id, url_id=each.url["url_id"], page_id=each.page_id)
            for each in standings
        ],
    )
    for each in standings:
        if each.article is not None:
            _tell_others(connection, each, each.article)
    led = {
        one.url["url_id"]: one.outcome.at
        for one in standings
        if one.outcome.reason == steps.LEADS_TO_ERASED
    }
    if led:
        why = steps.LEADS_TO_ERASED
        erase_rows(connection, led, actor=BY_ITSELF, why=why, now=max(led.values()))


def _tell_others(connection: Connection, each: Standing, article: dict[str, Any]) -> None:
    """Let the articles around one hear of what changed about it."""
    at, grouping = each.outcome.at, each.result.grouping
    if each.is_lost:
        forget(connection, [article["article_id"]])
    if each.frees_copies:
        free_copies(connection, article["article_id"], at)
    if each.precedes:
        recall_later_copies(connection, article, each.precedes, at)
    if each.precedes is not None and grouping is not None:
        recall(connection, grouping.recalled, at)
    if grouping is not None:
        move(connection, grouping.moves, article["article_id"], at)
    if each.leaves is not None:
        regroup_the_last(connection, each.leaves, at)
