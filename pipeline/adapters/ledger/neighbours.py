"""Looks up what an article is grouped by: near copies of its text, and articles of like stories.

Every look-up is bounded, whatever the ledger holds: so many rows of the inverted indexes, rarest
terms first, and so many articles that are compared in full.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.ledger.engine import rows_by
from pipeline.adapters.ledger.records import extraction_of
from pipeline.adapters.ledger.sketches import (
    count_terms,
    day_of,
    hashed,
    term_hash,
    terms_of,
)
from pipeline.adapters.ledger.story_tables import sketches, story_terms
from pipeline.adapters.ledger.tables import articles, revisions, urls
from pipeline.enrich.grouping import COPY
from pipeline.enrich.shingles import containment, resemblance, word_runs
from pipeline.enrich.stories import JOIN, MAX_MERGED, STAY, WINDOW, closeness, length, weigh
from pipeline.enrich.wires import wire_credit
from pipeline.model import Enrichment, Status
from pipeline.work import ArticleWork, Copy, Neighbours, Relative

#: Articles whose text is read to see whether it is a copy; those with most keys in common.
MAX_COPIES = 8
#: Articles with the same text to the letter that are looked at, earliest first.
MAX_EQUAL = 50
#: Rows that one key may bring: a text that hundreds print is found by any of them.
_ROWS_A_KEY = 32
#: Keys that an article has at most; fewer are filled up with one that nobody has.
_KEYS = 64
#: Rows of story_terms that one article may bring.
MAX_TERM_ROWS = 2_000
#: Articles whose terms are compared in full.
MAX_RELATIVES = 40
#: Terms that are told as the reason; enough to recognise the story.
_TOLD_TERMS = 6

#: Of an article whose newest text died before it was enriched: it is like no other.
UNSAID = Enrichment(None, 0.0, (), (), "", {})

_BY_KEYS = sa.text(
    "SELECT number, COUNT(*) FROM ("  # noqa: S608 - only numbers of ours are put in
    + " UNION ALL ".join(
        f"SELECT * FROM (SELECT number FROM band_keys "  # noqa: S608 - as above
        f"WHERE key = :k{place} ORDER BY number LIMIT {_ROWS_A_KEY}) AS some{place}"
        for place in range(_KEYS)
    )
    + ") AS found GROUP BY number ORDER BY COUNT(*) DESC, number LIMIT :most"
)
_IN_BOOKS = urls.c.status.in_((Status.IN_FLIGHT, Status.INDEXED)) & ~urls.c.retract


def find_neighbours(
    connection: Connection, work: ArticleWork, me: Copy, at: datetime
) -> Neighbours:
    """Return what is known around an article that was published `at`."""
    said, mine = work.enrichment or UNSAID, articles.c
    text = work.revision.extraction.text if work.revision else ""
    now_in = connection.execute(
        sa.select(mine.syndication_id, mine.story_id, mine.doc_version).where(
            mine.article_id == me.article_id
        )
    ).one()
    relatives = _relatives(connection, me.article_id, said, at)
    stories = {one.story_id for one in relatives if one.closeness >= min(JOIN, STAY)}
    sizes = {story: _size(connection, story, me.article_id) for story in sorted(stories)}
    own_story = now_in.story_id
    if own_story is None or _size(connection, own_story, me.article_id):
        own_story = me.article_id
        if _size(connection, own_story, me.article_id):  # it began that story, and left it
            own_story = f"{me.article_id}.{now_in.doc_version}"
    return Neighbours(
        copies=_copies(connection, me.article_id, said, text),
        relatives=relatives,
        sizes=sizes,
        syndication_id=now_in.syndication_id,
        story_id=now_in.story_id,
        own_story=own_story,
    )


def _size(connection: Connection, story_id: str, without: str) -> int:
    """Return how many other articles a story has; no more than matters are counted."""
    some = (
        sa.select(articles.c.article_id)
        .where(articles.c.story_id == story_id, articles.c.article_id != without)
        .limit(MAX_MERGED + 1)
    )
    return int(
        connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()
    )


def _copies(
    connection: Connection, article_id: str, said: Enrichment, text: str
) -> tuple[Copy, ...]:
    """Return articles in the books with much of the same text, in order of first sight."""
    equal = _equal(connection, said.fingerprint)
    near = _with_keys(connection, said.bands)
    rows = _texts(connection, {*equal, *near} - {article_id})
    runs = word_runs(text) if rows else frozenset()
    found = []
    for row in rows:
        extraction = extraction_of(row["extraction"])
        its_runs = word_runs(extraction.text)
        same = row["article_id"] in equal
        share = 1.0 if same else containment(runs, its_runs)
        if share >= COPY:
            claim = extraction.published_at
            found.append(
                Copy(
                    article_id=row["article_id"],
                    publisher=row["publisher"],
                    first_seen_at=row["first_seen_at"],
                    containment=share,
                    resemblance=1.0 if same else resemblance(runs, its_runs),
                    published_at=claim.at if claim else None,
                    wire=wire_credit(extraction.text),
                    syndication_id=row["syndication_id"],
                    story_id=row["story_id"],
                )
            )
    return tuple(sorted(found, key=lambda one: (one.first_seen_at, one.article_id)))


def _equal(connection: Connection, fingerprint: str) -> set[str]:
    if not fingerprint:
        return set()
    query = (
        sa.select(articles.c.article_id)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(articles.c.fingerprint == fingerprint, _IN_BOOKS)
        .order_by(articles.c.first_seen_at, articles.c.article_id)
        .limit(MAX_EQUAL)
    )
    return set(connection.scalars(query))


def _with_keys(connection: Connection, bands: Iterable[int]) -> set[str]:
    keys = sorted(set(bands))
    if not keys:
        return set()
    keys += [-1] * (_KEYS - len(keys))
    named = {f"k{place}": key for place, key in enumerate(keys)}
    numbers = [row[0] for row in connection.execute(_BY_KEYS, named | {"most": MAX_COPIES + 1})]
    query = sa.select(sketches.c.article_id).where(sketches.c.number.in_(numbers))
    return set(connection.scalars(query))


def _texts(connection: Connection, article_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return articles in the books with their newest text."""
    newest = (revisions.c.article_id == articles.c.article_id) & (
        revisions.c.n == articles.c.revision_n
    )
    query = (
        sa.select(articles, revisions.c.extraction)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .join(revisions, newest)
        .where(_IN_BOOKS)
    )
    return rows_by(connection, query, articles.c.article_id, article_ids)


def _relatives(
    connection: Connection, article_id: str, said: Enrichment, at: datetime
) -> tuple[Relative, ...]:
    """Return the articles of the time that have most in common with one, closest first."""
    terms = hashed(said.terms)
    counts, total = count_terms(connection, terms)
    mine = weigh(terms, counts, total)
    names = {term_hash(term): term for term in said.terms}
    found = []
    for row in _told(connection, _sharing(connection, mine, counts, day_of(at)), article_id, at):
        its = terms_of(row["terms"])
        shares = {
            term: mine[term] * weight
            for term, weight in weigh({t: its[t] for t in its if t in mine}, counts, total).items()
        }
        heaviest = sorted(shares, key=lambda term: (-shares[term], term))[:_TOLD_TERMS]
        found.append(
            Relative(
                row["article_id"],
                row["story_id"],
                closeness(sum(shares.values()), length(mine), row["length"]),
                tuple(names[term] for term in heaviest),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.closeness, one.article_id)))


def _sharing(
    connection: Connection, mine: Mapping[int, float], counts: Mapping[int, int], day: int
) -> list[int]:
    """Return the numbers of sketches that share most of an article's rarest terms."""
    chosen: list[int] = []
    rows = 0
    for term in sorted(mine, key=lambda term: (counts.get(term, 0), term)):
        rows += counts.get(term, 0)
        if rows > MAX_TERM_ROWS:
            break
        chosen.append(term)
    query = sa.select(story_terms.c.term, story_terms.c.number).where(
        story_terms.c.term.in_(chosen),
        story_terms.c.day.between(day - WINDOW.days, day + WINDOW.days),
    )
    shares: dict[int, float] = {}
    for term, number in connection.execute(query).all():
        shares[number] = shares.get(number, 0.0) + mine[term] ** 2
    best = sorted(shares, key=lambda number: (-shares[number], number))
    return best[: MAX_RELATIVES + 1]


def _told(
    connection: Connection, numbers: Iterable[int], article_id: str, at: datetime
) -> list[dict[str, Any]]:
    """Return the sketches of other articles that are in a story, no further away than WINDOW."""
    query = (
        sa.select(sketches.c.article_id, sketches.c.terms, sketches.c.length, articles.c.story_id)
        .join(articles, articles.c.article_id == sketches.c.article_id)
        .join(urls, urls.c.url_id == articles.c.url_id)
        .where(_IN_BOOKS, articles.c.story_id.is_not(None), sketches.c.article_id != article_id)
        .where(sketches.c.at.between(at - WINDOW, at + WINDOW))
    )
    return rows_by(connection, query, sketches.c.number, numbers)
