"""What the page of one article shows. Asks the index and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from pipeline.errors import UsageError
from pipeline.index.bounds import MAX_SIZE
from pipeline.index.query import Query
from pipeline.index.schema import FIELDS
from pipeline.model import Document, Status
from pipeline.ports import IndexReader
from pipeline.serve.pages.diffing import Block, Edit, compare, folded, words
from pipeline.serve.pages.spans import Found, found_in
from pipeline.serve.serving import ServeLedger
from pipeline.serve.shown import shown_revisions
from pipeline.work import LifeLine, Position, Revision

#: Revisions that are shown; an article with more is a live blog.
MAX_REVISIONS = 30


@dataclass(frozen=True, slots=True)
class Step:
    """A revision, with what it changed."""

    n: int
    seen_at: datetime
    into: int  # words that came in
    out: int
    why: str  # when the text stayed: what did not


@dataclass(frozen=True, slots=True)
class Change:
    """From one revision to the next."""

    was: Revision
    now: Revision
    title: list[Block]
    text: list[tuple[Block, ...] | int]
    fields: tuple[tuple[str, str, str], ...]  # name, before, after


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """All that the page of an article shows."""

    document: Document
    found: list[Found]
    steps: list[Step]
    change: Change | None  # the one that is looked at
    copies: tuple[Document, ...]  # other articles with this text
    story: tuple[Document, ...]  # other articles of the story, oldest first
    told: tuple[Document, ...]  # the story by time, with this one; the oldest of a long one
    in_story: int  # articles of the story, with this one
    life: tuple[Position, list[LifeLine]] | None


def article_report(
    index: IndexReader, ledger: ServeLedger, article_id: str, revision: int | None
) -> ArticleReport | None:
    """Return what is known of an article in the index; None: it is not there.

    `revision` is the one whose change is looked at; None: the newest.
    """
    held = index.find(article_id)
    if held is None:
        return None
    document = {field.name: held.get(field.name, [] if field.many else None) for field in FIELDS}
    kept = shown_revisions(ledger, document, limit=MAX_REVISIONS)
    pairs = list(pairwise(kept))
    wanted = [pair for pair in pairs if revision in (None, pair[1].n)]
    page = index.search(
        Query(filters={"story_id": (document["story_id"],)}, sort="oldest", size=MAX_SIZE,
              highlight=False)
    )  # fmt: skip
    others = [hit.document for hit in page.hits if hit.article_id != article_id]
    text = document.get("syndication_id")
    return ArticleReport(
        document=document,
        found=found_in(document),
        steps=_steps(kept, pairs),
        change=_change(*wanted[-1]) if wanted else None,
        copies=tuple(one for one in others if text and one.get("syndication_id") == text),
        story=tuple(one for one in others if not text or one.get("syndication_id") != text),
        told=tuple(hit.document for hit in page.hits),
        in_story=page.total,
        life=life_of(ledger, document["url"]),
    )


def life_of(ledger: ServeLedger, url: str) -> tuple[Position, list[LifeLine]] | None:
    """Return the life of an address; None where the ledger cannot tell."""
    try:
        return ledger.where(url)
    except UsageError:
        return None


def life_of_absent(ledger: ServeLedger, article_id: str) -> tuple[Position, list[LifeLine]] | None:
    """Return the life of an article that is not in the index; of an erased one nothing is told."""
    url = ledger.addresses([article_id]).get(article_id)
    life = life_of(ledger, url) if url else None
    return None if life is None or life[0].status is Status.ERASED else life


def _steps(kept: Sequence[Revision], pairs: Sequence[tuple[Revision, Revision]]) -> list[Step]:
    first = [Step(kept[0].n, kept[0].created_at, 0, 0, "")] if kept else []
    return first + [_step(was, now) for was, now in pairs]


def _step(was: Revision, now: Revision) -> Step:
    before, after = was.extraction, now.extraction
    blocks = [*compare(before.title, after.title), *compare(before.text, after.text)]
    into, out = words(blocks, Edit.IN), words(blocks, Edit.OUT)
    why = "" if into or out else "only spaces or signs"
    if not (into or out) and before.version != after.version:
        why = f"read anew by version {after.version} of the extractor"
    elif (before.noindex, before.tdm_reserved) != (after.noindex, after.tdm_reserved):
        why = "the publisher's wishes"
    return Step(now.n, now.created_at, into, out, why)


def _change(was: Revision, now: Revision) -> Change:
    before, after = was.extraction, now.extraction
    fields = (
        ("authors", ", ".join(before.authors), ", ".join(after.authors)),
        ("summary", before.description or "", after.description or ""),
        ("section", before.section or "", after.section or ""),
        ("extractor", before.version, after.version),
        ("asks search engines to leave it out", _yes(before.noindex), _yes(after.noindex)),
        ("reserves text and data mining", _yes(before.tdm_reserved), _yes(after.tdm_reserved)),
    )
    return Change(
        was,
        now,
        compare(before.title, after.title),
        folded(compare(before.text, after.text)),
        tuple(one for one in fields if one[1] != one[2]),
    )


def _yes(flag: bool) -> str:  # noqa: FBT001 - a field of the record
    return "yes" if flag else "no"
