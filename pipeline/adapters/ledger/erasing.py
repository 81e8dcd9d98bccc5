"""Finds what is to be erased, and erases it. The rows stay, for the books; what they say goes."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.alert_tables import alert_hits
from pipeline.adapters.ledger.copies import free_copies, regroup_the_last
from pipeline.adapters.ledger.engine import chunks, insert_all, insert_new, rows_by
from pipeline.adapters.ledger.erasure_tables import erasures
from pipeline.adapters.ledger.outcomes import outcome_row
from pipeline.adapters.ledger.records import extraction_of, to_json
from pipeline.adapters.ledger.sketches import forget
from pipeline.adapters.ledger.tables import (
    articles,
    enrichments,
    entries,
    outcomes,
    pages,
    revisions,
    sightings,
    urls,
)
from pipeline.erasure import Erasable, Found, Target
from pipeline.errors import UsageError
from pipeline.model import Entry, Result, Stage, Status
from pipeline.urls import article_id as id_of
from pipeline.work import Outcome

#: What is left of what a feed said.
BLANK = to_json(Entry(key="", guid=None, link=None, title="", summary="", content=""))
#: Why an outcome says `erased`.
ASKED = "asked_for"
_BURIED = "erased:"


def buried_key(key: str) -> str:
    """Return what stands for a feed's own name of an entry, which may be its address."""
    return f"{_BURIED}{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def find(connection: Connection, target: Target) -> Found:
    """Return what a target names; see erasure.Erasure."""
    named = _named(target)
    ids = {*named, *target.url_ids}
    known = {
        row["url_id"] for row in rows_by(connection, sa.select(urls.c.url_id), urls.c.url_id, ids)
    }
    its_articles = _articles_of(connection, ids) | _wanted_articles(connection, target)
    its_articles = _whole(connection, its_articles)
    elsewhere = _copies(connection, its_articles)
    if target.with_copies:
        its_articles = _whole(connection, {*its_articles, *elsewhere})
        elsewhere = {}
    every = known | _urls_of(connection, its_articles)
    if target.outlet is not None and target.before is None:
        every |= set(
            connection.scalars(sa.select(urls.c.url_id).where(urls.c.publisher == target.outlet))
        )
    items, gone = _items(connection, every)
    unseen = {url_id: named.get(url_id, "") for url_id in ids - known}
    before = buried(connection, unseen)
    return Found(
        items=tuple(sorted(items, key=lambda one: (one.first_seen_at, one.url_id))),
        url_ids=frozenset(every - gone),
        unseen={key: unseen[key] for key in unseen if key not in before and key not in every},
        erased=len((gone & ids) | before),
        elsewhere=_by_outlet(elsewhere),
    )


def _named(target: Target) -> dict[str, str]:
    """Return url_id → address."""
    named = {}
    for url in target.urls:
        try:
            named[id_of(url)] = url
        except ValueError as error:
            raise UsageError(f"{url!r} is no web address: {error}") from None
    return named


def _articles_of(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return the articles that URLs lead to; ids that name an article themselves count as well."""
    led = rows_by(connection, sa.select(urls.c.url_id, urls.c.article_id), urls.c.url_id, ids)
    query = sa.select(articles.c.article_id)
    own = rows_by(connection, query, articles.c.article_id, ids)
    return {row["article_id"] for row in (*led, *own) if row["article_id"] is not None}


def _wanted_articles(connection: Connection, target: Target) -> set[str]:
    """Return the articles of an outlet or an entity, as old as they have to be."""
    if target.outlet is None and target.entity is None:
        return set()
    query = sa.select(articles.c.article_id)
    if target.outlet is not None:
        query = query.where(articles.c.publisher == target.outlet)
    if target.before is not None:
        query = query.where(articles.c.first_seen_at < target.before)
    if target.entity is not None:
        query = query.where(articles.c.article_id.in_(_mentioning(connection, target.entity)))
    return set(connection.scalars(query))


def _mentioning(connection: Connection, entity: str) -> list[str]:
    """Return the articles any revision of which names an entity: all enrichments are read."""
    quoted = orjson.dumps(entity).decode()
    query = sa.select(enrichments.c.article_id, enrichments.c.enrichment).where(
        enrichments.c.enrichment.contains(quoted, autoescape=True)
    )
    return sorted(
        {
            row.article_id
            for row in connection.execute(query)
            if _names(orjson.loads(row.enrichment), entity)
        }
    )


def _names(enrichment: dict[str, Any], entity: str) -> bool:
    return any(entity in (one["id"], one["name"]) for one in enrichment["entities"])


def _whole(connection: Connection, ids: set[str]) -> set[str]:
    """Return articles with equal texts of their outlets, and what lives at addresses of theirs."""
    found: set[str] = set()
    while ids - found:
        found |= ids
        ids |= _same_text(connection, ids)
        ids |= _articles_of(connection, _urls_of(connection, ids))
    return found


def _same_text(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return the articles of the same publisher with the same text: originals and copies."""
    query = sa.select(articles.c.article_id, articles.c.duplicate_of)
    originals = {
        row["duplicate_of"]
        for row in rows_by(connection, query, articles.c.article_id, ids)
        if row["duplicate_of"] is not None
    }
    copies = rows_by(connection, query, articles.c.duplicate_of, {*ids, *originals})
    return originals | {row["article_id"] for row in copies}


def _copies(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Return article_id → outlet of what others printed of these texts."""
    query = sa.select(articles.c.article_id, articles.c.publisher, articles.c.syndication_id)
    mine = rows_by(connection, query, articles.c.article_id, ids)
    groups = {row["syndication_id"] for row in mine} - {None}
    found = rows_by(connection, query, articles.c.syndication_id, groups)
    return {row["article_id"]: row["publisher"] for row in found if row["article_id"] not in ids}


def _by_outlet(elsewhere: dict[str, str]) -> dict[str, int]:
    outlets = sorted(elsewhere.values())
    return {outlet: outlets.count(outlet) for outlet in dict.fromkeys(outlets)}


def _urls_of(connection: Connection, article_ids: Collection[str]) -> set[str]:
    query = sa.select(urls.c.url_id)
    return {row["url_id"] for row in rows_by(connection, query, urls.c.article_id, article_ids)}


def _items(connection: Connection, ids: Collection[str]) -> tuple[list[Erasable], set[str]]:
    """Return what would be erased, a line for each article or lone URL, and what was before."""
    query = sa.select(urls, articles.c.revision_n, articles.c.url.label("article_url")).outerjoin(
        articles, articles.c.url_id == urls.c.url_id
    )
    rows = rows_by(connection, query, urls.c.url_id, ids)
    gone = {row["url_id"] for row in rows if row["status"] == Status.ERASED}
    live = [row for row in rows if row["url_id"] not in gone]
    newest = {row["article_id"]: row["revision_n"] for row in live if row["revision_n"]}
    key = sa.tuple_(revisions.c.article_id, revisions.c.n)
    said = rows_by(connection, sa.select(revisions), key, newest.items())
    titles = {row["article_id"]: extraction_of(row["extraction"]).title for row in said}
    items = [
        Erasable(
            url_id=row["url_id"],
            url=row["article_url"] or row["url"],
            outlet=row["publisher"],
            status=row["status"],
            title=titles.get(row["article_id"], ""),
            first_seen_at=row["first_seen_at"],
        )
        for row in live
        if row["status"] != Status.ALIAS
    ]
    return items, gone


def buried(connection: Connection, url_ids: Iterable[str | None]) -> set[str]:
    """Return those of some URLs, or articles, that were erased."""
    query = sa.select(erasures.c.url_id)
    wanted = (one for one in url_ids if one is not None)
    return {row["url_id"] for row in rows_by(connection, query, erasures.c.url_id, wanted)}


def bury(
    connection: Connection, url_ids: Collection[str], actor: str, why: str, now: datetime
) -> None:
    """Keep tombstones; those that are there already stay as they are."""
    rows = [{"url_id": one, "at": now, "actor": actor, "why": why} for one in sorted(url_ids)]
    if rows:
        connection.execute(insert_new(erasures, connection), rows)


def erase(
    connection: Connection, url_ids: Collection[str], *, actor: str, why: str, now: datetime
) -> int:
    """Erase URLs in one transaction; see erasure.Erasure."""
    done, alone = erase_rows(connection, url_ids, actor=actor, why=why, now=now)
    ended = Outcome(Stage.INDEX, Result.ERASED, now, ASKED)
    insert_all(connection, outcomes, [outcome_row(ended, None, url_id=one) for one in alone])
    return done


def erase_rows(
    connection: Connection, url_ids: Collection[str], *, actor: str, why: str, now: datetime
) -> tuple[int, list[str]]:
    """Erase URLs; return how many, and those without an article, which nothing else ends."""
    query = sa.select(urls).order_by(urls.c.url_id).with_for_update()
    rows = rows_by(connection, query, urls.c.url_id, url_ids)
    live = [row for row in rows if row["status"] != Status.ERASED]
    held = rows_by(
        connection, sa.select(articles), articles.c.url_id, (row["url_id"] for row in live)
    )
    unseen = set(url_ids) - {row["url_id"] for row in rows} - buried(connection, url_ids)
    # An article is an address too: nothing may lead to it under its own name.
    bury(connection, {*url_ids, *(row["article_id"] for row in held)}, actor, why, now)
    _empty_urls(connection, live, {row["url_id"] for row in held}, now)
    _empty_articles(connection, held)
    for row in held:
        free_copies(connection, row["article_id"], now)
        if row["syndication_id"] is not None:
            regroup_the_last(connection, row["syndication_id"], now)
    owners = {row["url_id"] for row in held}
    alone = [row["url_id"] for row in live if row["url_id"] not in owners]
    return len(live) + len(unseen), alone


def _empty_urls(
    connection: Connection, rows: list[dict[str, Any]], with_article: set[str], now: datetime
) -> None:
    """Let rows of `urls` end, and everything about them say nothing."""
    for some in chunks(row["url_id"] for row in rows):
        here = urls.c.url_id.in_(some)
        led = sa.case((urls.c.url_id.in_(with_article), urls.c.article_id), else_=None)
        connection.execute(
            sa.update(urls).where(here).values(
                url="", status=Status.ERASED, reason=None, stage=None, due_at=None, redo=None,
                tries=0, lease_token=None, lease_expires_at=None, article_id=led, page_id=None,
                gone_since=None, retract=False, has_feed_text=False,
                failed_stage=None, failed_reason=None,
            )
        )  # fmt: skip
        connection.execute(
            sa.update(urls)
            .where(here, urls.c.url_id.in_(with_article))
            .values(stage=Stage.INDEX, due_at=now, retract=True)
        )
    _empty_said(connection, [row["url_id"] for row in rows])


def _empty_said(connection: Connection, url_ids: Collection[str]) -> None:
    """Let what was sighted, fetched and decided of some URLs say only that it was."""
    for some in chunks(url_ids):
        for table in (entries, sightings):
            _hash_keys(connection, table, some)
        said = sa.update(sightings).where(sightings.c.url_id.in_(some))
        connection.execute(said.values(entry=BLANK))
        fetched = sa.update(pages).where(pages.c.url_id.in_(some))
        connection.execute(fetched.values(url="", final_url="", headers="[]"))
        decided = sa.update(outcomes).where(outcomes.c.url_id.in_(some))
        connection.execute(decided.values(detail=""))


def _hash_keys(connection: Connection, table: sa.Table, url_ids: Collection[str]) -> None:
    named = sa.select(table.c.feed_id, table.c.entry_key).where(table.c.url_id.in_(url_ids))
    for feed_id, key in connection.execute(named.distinct()).all():
        if not key.startswith(_BURIED):
            its = (table.c.feed_id == feed_id) & (table.c.entry_key == key)
            its &= table.c.url_id.in_(url_ids)
            connection.execute(sa.update(table).where(its).values(entry_key=buried_key(key)))


def _empty_articles(connection: Connection, held: list[dict[str, Any]]) -> None:
    """Delete what articles say; a later version than any write under way is to take them out."""
    ids = [row["article_id"] for row in held]
    forget(connection, ids)
    for some in chunks(ids):
        for table in (revisions, enrichments, alert_hits):
            connection.execute(sa.delete(table).where(table.c.article_id.in_(some)))
        connection.execute(
            sa.update(articles)
            .where(articles.c.article_id.in_(some))
            .values(
                url="", doc_version=articles.c.doc_version + 1, content_hash=None,
                fingerprint=None, grouped_fingerprint=None, duplicate_of=None,
                syndication_id=None, story_id=None, grouped_by=None,
            )
        )  # fmt: skip


def erasures_waiting(connection: Connection) -> int:
    """Return how many erased articles the index has not taken out yet."""
    query = sa.select(sa.func.count()).select_from(urls)
    waiting = query.where(urls.c.status == Status.ERASED, urls.c.stage.is_not(None))
    return int(connection.execute(waiting).scalar_one())


def scrub(connection: Connection) -> int:
    """Empty sightings of erased URLs that a poll under way has kept; return how many."""
    gone = sa.select(erasures.c.url_id)
    left = sightings.c.url_id.in_(gone) & (sightings.c.entry != BLANK)
    return connection.execute(sa.update(sightings).where(left).values(entry=BLANK)).rowcount
