"""Which lines of the log a follower hears of, and what each says. Pure.

A line is about one version of an article; the document that goes with it is the one that the index
holds at the time of reading, in that version or a later one. So for a follower with a filter:

    the version matches, and so does what the index holds    the document
    the version matches, what the index holds does not       a retraction: a later line says why
    the version does not, the line before it did             a retraction: the article left
    neither                                                  nothing

The last line of an article is about what the index holds, so whoever has read all lines has
exactly the documents that match. A publisher's reservation of text and data mining works like a
filter that everybody has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.changes.log import About, LoggedChange, LogState
from pipeline.changes.tokens import Place, as_token
from pipeline.model import Document

#: Of the lines, not of the documents in them, which have their own.
SCHEMA_VERSION = 1
#: What a feed can be narrowed by: fields of the document.
FOLLOWED = ("topic", "iptc", "person", "organisation", "place", "outlet", "language")
_RESERVED = "tdm_reserved"

Filters = Mapping[str, Sequence[str]]  # of one field any, of several each
Withheld = Callable[[About], bool]  # what nobody may be told of


def about(document: Document) -> dict[str, tuple[str, ...]]:
    """Return what a feed can be narrowed by, of one document."""
    found = {name: _values(document.get(name)) for name in FOLLOWED}
    if document.get(_RESERVED):
        found[_RESERVED] = ("yes",)
    return {name: values for name, values in found.items() if values}


def _values(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a field of a document
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def is_reserved(found: About) -> bool:
    """Tell whether a version carries a reservation of text and data mining."""
    return bool(found.get(_RESERVED))


def matches(found: About, filters: Filters, withheld: Withheld = is_reserved) -> bool:
    """Tell whether a version may be told of, and passes the filters."""
    if withheld(found):
        return False
    return all(not set(wanted).isdisjoint(found.get(name, ())) for name, wanted in filters.items())


def concerns(line: LoggedChange, filters: Filters, withheld: Withheld = is_reserved) -> bool:
    """Tell whether a line needs the document that the index holds."""
    is_upsert = line.change.kind == "upsert"
    return is_upsert and (line.about is None or matches(line.about, filters, withheld))


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One line of the feed."""

    seq: int
    token: str
    kind: str  # insert | update | retract
    article_id: str
    doc_version: int  # the line's; that of the document may be later
    at: str  # RFC 3339: when the index acknowledged it
    document: Document | None  # None: retract
    schema_version: int = SCHEMA_VERSION


def follow(
    lines: Sequence[LoggedChange],
    documents: Mapping[str, Document],
    filters: Filters,
    state: LogState,
    withheld: Withheld = is_reserved,
) -> Iterator[FeedLine]:
    """Yield what a follower hears of some lines; `documents`: what the index holds of them."""
    for line in lines:
        held = documents.get(line.change.article_id)
        kind, document = _told(line, held, filters, withheld)
        if kind is None:
            continue
        yield FeedLine(
            seq=line.change.seq,
            token=as_token(Place(line.change.seq, state.log_id, state.trimmed_seq)),
            kind=kind,
            article_id=line.change.article_id,
            doc_version=line.change.doc_version,
            at=line.change.at.isoformat().replace("+00:00", "Z"),
            document=document,
        )


def _told(
    line: LoggedChange, held: Document | None, filters: Filters, withheld: Withheld
) -> tuple[str | None, Document | None]:
    before = line.was_listed and (
        line.was_about is None or matches(line.was_about, filters, withheld)
    )
    if concerns(line, filters, withheld):
        if held is not None and matches(about(held), filters, withheld):
            return ("update" if before else "insert"), held
        return "retract", None
    return ("retract" if before else None), None
