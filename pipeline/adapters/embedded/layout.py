"""How a document lies in tantivy: fields, analyzers, and the keys that order and page.

`title` and `text` are indexed as exact forms and, beside them, as stems in the field of the
document's language (`title_tr`, `text_tr`). What they are given is analysed already; tantivy splits
it at spaces and stems it. A tombstone is an entry with id and version only.
"""

import hashlib
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import orjson
import tantivy

from pipeline.adapters.stemming import STEMMED, analyzer
from pipeline.index.analysis import exact_forms, stem_inputs, surfaces
from pipeline.index.query import FACETS
from pipeline.index.schema import SCHEMA_VERSION
from pipeline.model import Document

#: Raised when entries of an older layout would be searched wrongly.
LAYOUT_VERSION = 5

PARTS = ("title", "text")  # what free text is searched in
LIVE, GONE = "live", "gone"
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def fingerprint() -> str:
    """Return what an index folder must have been written with to be usable."""
    return f"{SCHEMA_VERSION}.{LAYOUT_VERSION}"


@cache
def schema() -> tantivy.Schema:
    """Return the tantivy schema."""
    builder = tantivy.SchemaBuilder()

    def exact(name: str, *, fast: bool = False) -> None:
        builder.add_text_field(name, fast=fast, tokenizer_name="raw", index_option="basic")

    exact("id")
    exact("state")
    exact("held", fast=True)  # "id version": read without fetching documents
    exact("recency", fast=True)  # orders by time, ties by id; unique
    for facet in FACETS:
        exact(facet, fast=True)
    exact("story_id", fast=True)
    builder.add_integer_field("story", fast=True)  # the same as a number: read without documents
    builder.add_integer_field("day_number", indexed=True, fast=True)
    builder.add_integer_field("tie", fast=True)  # orders equal scores
    for part in PARTS:
        builder.add_text_field(part, tokenizer_name="spaces")
        for language in STEMMED:
            builder.add_text_field(f"{part}_{language}", tokenizer_name=f"stem_{language}")
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def register_analyzers(index: tantivy.Index) -> None:
    """Make the analyzers known; tantivy forgets them at every open."""
    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    for language in STEMMED:
        index.register_tokenizer(f"stem_{language}", analyzer(language))


def entry(document: Document) -> tantivy.Document:
    """Return what is written for a document (which has passed schema.problems)."""
    found = _keys(document["article_id"], document["doc_version"], LIVE)
    for facet in FACETS:
        value = document.get(facet)
        for item in [value] if isinstance(value, str) else value or ():
            found.add_text(facet, item)
    found.add_text("story_id", document["story_id"])
    found.add_integer("story", _number(document["story_id"]))
    moment = document.get("published_at") or document["first_seen_at"]
    found.add_text("recency", _recency(datetime.fromisoformat(moment), document["article_id"]))
    found.add_integer("day_number", date.fromisoformat(document["day"]).toordinal())
    language = document.get("language")
    for part in PARTS:
        written = surfaces(document[part])
        found.add_text(part, " ".join(exact_forms(written)))
        if language in STEMMED:
            found.add_text(f"{part}_{language}", " ".join(stem_inputs(written, language)))
    found.add_bytes("source", orjson.dumps(document))
    return found


def tombstone(article_id: str, doc_version: int) -> tantivy.Document:
    """Return what is left of a retracted document, so that a late write cannot revive it."""
    return _keys(article_id, doc_version, GONE)


def _keys(article_id: str, doc_version: int, state: str) -> tantivy.Document:
    found = tantivy.Document()
    found.add_text("id", article_id)
    found.add_text("state", state)
    found.add_text("held", f"{article_id} {doc_version}")
    found.add_integer("tie", _number(article_id))
    return found


def _number(id_: str) -> int:
    """Return 63 bits of an id's digest: even among millions no two are expected to be equal."""
    return int.from_bytes(hashlib.blake2s(id_.encode(), digest_size=8).digest()) >> 1


def _recency(moment: datetime, article_id: str) -> str:
    """Return a key of digits and a-f whose order is that of time, ties by article_id."""
    micros = (moment - _EPOCH) // _MICROSECOND
    return f"{micros:019d}{article_id.encode().hex()}"


_MICROSECOND = datetime.resolution


def source(found: tantivy.Document) -> dict[str, Any]:
    """Return the document as it was written."""
    document: dict[str, Any] = orjson.loads(bytes(found["source"][0]))
    return document
