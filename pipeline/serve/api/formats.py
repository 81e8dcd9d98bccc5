"""Articles as lines of NDJSON and CSV. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from pipeline.model import Document

#: What a table has of an article: one column each; several values stand in one cell.
COLUMNS = (
    "article_id", "doc_version", "url", "title", "outlet", "language", "country", "section",
    "author", "published_at", "published_at_precision", "first_seen_at", "day", "story_id",
    "syndication_id", "person", "organisation", "place", "topic", "word_count",
)  # fmt: skip
#: Between the values of one cell.
JOINED_BY = "; "
#: A spreadsheet computes a cell that begins so, and what stands there came from outside.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_LINES = 200  # at a time


def ndjson(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield each whole document as a line of JSON."""
    for document in documents:
        yield orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def csv_table(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield a table for spreadsheets: UTF-8 with the mark by which they know it."""
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for number, document in enumerate(documents, start=1):
        lines.writerow([cell(value) for value in row(document).values()])
        if number % _LINES == 0:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return taken


def row(document: Document) -> Mapping[str, Any]:
    """Return the columns of one article."""
    return {name: document.get(name) for name in COLUMNS}


def cell(value: object) -> str:
    """Return a value as a spreadsheet shows it and does not compute it."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = JOINED_BY.join(map(str, value))
    text = str(value)
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in _FORMULA and text else text
