"""Holds the index against the ledger, document by document, and mends what differs.

Can be broken off and begun again at any point: what is written carries the ledger's versions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

from pipeline.index.document import build_document
from pipeline.model import Document, Stage
from pipeline.oversight import Oversight
from pipeline.ports import Index, IndexResult, Ledger
from pipeline.work import ArticleWork, Scope

_BATCH = 500

Progress = Callable[[int], None]  # told how many more documents are done


class How(StrEnum):
    """How the index can differ from the ledger."""

    MISSING = "missing"  # belongs in the index and is not there
    STALE = "stale"  # there in an older version
    NEWER = "newer"  # there in a version that the ledger does not know
    DIFFERENT = "different"  # the same version with other content
    EXTRA = "extra"  # there and does not belong there


@dataclass(frozen=True, slots=True)
class Difference:
    """One article on which index and ledger disagree."""

    article_id: str
    how: How
    ledger: int | None  # doc_version; None: does not belong in the index
    index: int | None  # doc_version; None: not there
    fields: tuple[str, ...] = ()  # of DIFFERENT: which


class _Counted(Ledger, Oversight, Protocol):
    """A ledger that also knows since when things wait."""


def status(ledger: _Counted, index: Index) -> dict[str, Any]:
    """Count the documents, compare their versions with the ledger's, say how the index is."""
    books = ledger.books(Scope())
    found = Counter(one.how for one in differing_versions(ledger, index))
    since = ledger.waits_since(Stage.INDEX)
    return {
        "documents": sum(1 for _ in index.versions()),
        "in_ledger": len(books.indexed),
        **{str(how): found[how] for how in How if how is not How.DIFFERENT},
        "waiting": ledger.waiting(Stage.INDEX),
        "waiting_since": since.isoformat() if since else None,
        **index.describe(),
    }


def differing_versions(ledger: Ledger, index: Index) -> list[Difference]:
    """Compare the version of every article; those on their way at this moment are left out."""
    held = dict(index.versions())
    books = ledger.books(Scope())
    found = [
        Difference(article_id, _how(version, held.get(article_id)), version, held.get(article_id))
        for article_id, version in sorted(books.indexed.items())
        if article_id not in books.in_flight and held.get(article_id) != version
    ]
    return found + [
        Difference(article_id, How.EXTRA, None, version)
        for article_id, version in sorted(held.items())
        if article_id not in books.indexed and article_id not in books.in_flight
    ]


def _how(ledger: int, index: int | None) -> How:
    if index is None:
        return How.MISSING
    return How.STALE if index < ledger else How.NEWER


def differences(
    ledger: Ledger, index: Index, progress: Progress = lambda _: None
) -> Iterator[Difference]:
    """Compare every document both ways, with its content.

    What changes between the two readings is looked at again before it is reported.
    """
    suspects: list[str] = []
    for works in ledger.all_indexed():
        suspects += [one.article_id for one in content_differences(index, works)]
        progress(len(works))
    in_flight = ledger.books(Scope()).in_flight if suspects else frozenset()
    settled = [one for one in suspects if one not in in_flight]
    for start in range(0, len(settled), _BATCH):
        yield from content_differences(index, ledger.indexed(settled[start : start + _BATCH]))
    yield from (one for one in differing_versions(ledger, index) if one.how is How.EXTRA)


def content_differences(index: Index, works: Sequence[ArticleWork]) -> list[Difference]:
    """Compare some documents, content included, with what they should be."""
    found = []
    held = index.read([work.article_id for work in works])
    for work in works:
        wanted, there = build_document(work), held.get(work.article_id)
        version = int(there.get("doc_version") or 0) if there is not None else None
        if version != work.doc_version:
            how = _how(work.doc_version, version)
            found.append(Difference(work.article_id, how, work.doc_version, version))
        elif there is not None and there != wanted:
            names = _differing_fields(wanted, there)
            found.append(
                Difference(work.article_id, How.DIFFERENT, work.doc_version, version, names)
            )
    return found


def _differing_fields(one: Document, other: Document) -> tuple[str, ...]:
    return tuple(
        sorted(name for name in {*one, *other} if one.get(name, ...) != other.get(name, ...))
    )


def repair(
    ledger: Ledger, index: Index, found: Sequence[Difference]
) -> Mapping[str, tuple[IndexResult, str]]:
    """Write what is missing, stale or different, and take out what does not belong.

    A NEWER document is left to a rebuild: the ledger was put back, and an index never goes back.
    """
    answers: dict[str, tuple[IndexResult, str]] = {}
    removals = _removals(ledger, found)
    for batch in _batches(found):
        wrong = [one.article_id for one in batch if one.how not in (How.EXTRA, How.NEWER)]
        gone = [one.article_id for one in batch if one.how is How.EXTRA]
        extra = [(article_id, removals[article_id]) for article_id in gone]
        works = ledger.indexed(wrong)
        documents = [build_document(work) for work in works]
        first = first_indexed(works)
        answers |= index.write(documents, extra, replace_equal=True, indexed_at=first)
    return answers


def _removals(ledger: Ledger, found: Sequence[Difference]) -> Mapping[str, int]:
    """Return article_id → version to take out what does not belong there with.

    What the ledger knows to be gone goes with its version: a late write of one in between, which
    the index has never seen, must not bring it back.
    """
    removals = {one.article_id: one.index or 0 for one in found if one.how is How.EXTRA}
    if removals:
        for gone in ledger.all_gone():
            for article_id, version in gone:
                if article_id in removals:
                    removals[article_id] = max(removals[article_id], version)
    return removals


def first_indexed(works: Sequence[ArticleWork]) -> Mapping[str, datetime]:
    """Return article_id → when the index took this version first: it is no news a second time."""
    return {work.article_id: work.indexed_at for work in works if work.indexed_at is not None}


def _batches(found: Sequence[Difference]) -> Iterator[list[Difference]]:
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        yield batch
