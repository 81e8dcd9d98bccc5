"""A page that says it is another page of the same site: rel=canonical, believed within reason.

Mobile, AMP and print editions name the article they are an edition of. The first of them to be
extracted takes that identity; the others become its aliases, so that one article is one document.

Not believed: a front page (some sites name it on every page), and an article that has another
headline. (That the canonical URL is on the same registrable domain, the extractor has checked.)
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pipeline.adapters.ledger.erasing import buried
from pipeline.adapters.ledger.records import extraction_of
from pipeline.adapters.ledger.tables import articles, revisions, urls
from pipeline.model import Extraction, Result, Stage, Status
from pipeline.urls import article_id, clean
from pipeline.work import StepResult

Rows = dict[str, dict[str, Any]]


def adopt_canonical(
    connection: Connection, rows: Rows, results: Sequence[StepResult]
) -> dict[str, str]:
    """Give first extractions the identity their page names; return article_id → owning url_id."""
    owners: dict[str, str] = {}
    for result in results:
        row, extraction = rows[result.url_id], result.extraction
        if extraction is None or not _may_adopt(row, result, extraction):
            continue
        wanted = article_id(extraction.canonical_url or "")
        if wanted == row["article_id"]:
            continue
        owner = _adopt(connection, row, wanted, extraction)
        if owner is not None:
            owners[wanted] = owner
    return owners


def _may_adopt(row: dict[str, Any], result: StepResult, extraction: Extraction) -> bool:
    """Tell whether an article is new enough to change its name, and the name is one to believe."""
    return (
        result.outcome.stage is Stage.EXTRACT
        and extraction.result is Result.OK
        and row["status"] == Status.IN_FLIGHT
        and extraction.canonical_url is not None
        and urlsplit(extraction.canonical_url).path not in ("", "/")
    )


def _adopt(
    connection: Connection, row: dict[str, Any], wanted: str, extraction: Extraction
) -> str | None:
    """Rename a row's article, or find who has the name; return the owner, None: not believed."""
    own = row["article_id"]
    held = connection.execute(
        sa.select(articles.c.url_id, articles.c.revision_n).where(articles.c.article_id == own)
    ).one_or_none()
    if held is None or held.url_id != row["url_id"] or held.revision_n:
        return None
    if buried(connection, [wanted]):
        connection.execute(sa.delete(articles).where(articles.c.article_id == own))
        row["article_id"] = wanted
        return str(row["url_id"])
    if not _rename(connection, own, wanted, clean(extraction.canonical_url or "")):
        if _headline(connection, wanted) not in (None, _folded(extraction.title)):
            return None
        connection.execute(sa.delete(articles).where(articles.c.article_id == own))
    connection.execute(sa.update(urls).where(urls.c.article_id == own).values(article_id=wanted))
    row["article_id"] = wanted
    query = sa.select(articles.c.url_id).where(articles.c.article_id == wanted)
    return str(connection.execute(query).scalar_one())


def _rename(connection: Connection, own: str, wanted: str, url: str) -> bool:
    """Give an article without content another id; False when that id is taken."""
    taken = sa.select(articles.c.article_id).where(articles.c.article_id == wanted)
    if connection.execute(taken).one_or_none() is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(
                sa.update(articles)
                .where(articles.c.article_id == own)
                .values(article_id=wanted, url=url)
            )
    except IntegrityError:  # another worker took it between the two statements
        return False
    return True


def _headline(connection: Connection, wanted: str) -> str | None:
    """Return the folded headline of an article's newest revision; None before the first one."""
    query = (
        sa.select(revisions.c.extraction)
        .where(revisions.c.article_id == wanted)
        .order_by(revisions.c.n.desc())
        .limit(1)
    )
    text = connection.execute(query).scalar_one_or_none()
    return None if text is None else _folded(extraction_of(text).title)


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())
