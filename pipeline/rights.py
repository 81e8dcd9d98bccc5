"""What outlets allow, applied to one article or document. Pure; the settings are `[rights]`.

    noindex    the page asks search engines to leave it out: it is kept out of the index
    tdm        the publisher reserves text and data mining: kept out of exports and change feed
    snippet    only the beginning of the text leaves the server, and nothing that quotes the rest

What a page says is recorded with every revision, whatever is made of it here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.config import RightsSettings
from pipeline.model import Document, Extraction

#: Why an article is dropped whose page asks to be left out.
NOINDEX = "noindex"
#: Flag of a document that is shown in part.
SNIPPET_ONLY = "snippet_only"
#: About two sentences: what a search engine shows of a page.
SNIPPET_CHARS = 300
#: Fields that hold or quote the text.
_QUOTING = ("quotes", "sentences")


def is_hidden(extraction: Extraction, outlet: str, rights: RightsSettings) -> bool:
    """Tell whether an article is to be kept out of the index."""
    return extraction.noindex and rights.of(outlet).noindex == "hide"


def is_withheld(document: Document, rights: RightsSettings) -> bool:
    """Tell whether an article is kept out of exports and change feed."""
    return bool(document["tdm_reserved"]) and rights.of(document["outlet"]).tdm == "withhold"


def is_limited(outlet: str, rights: RightsSettings) -> bool:
    """Tell whether only the beginning of its texts is shown."""
    return rights.of(outlet).text == "snippet"


def snippet(text: str) -> str:
    """Return the beginning of a text, up to a whole word."""
    if len(text) <= SNIPPET_CHARS:
        return text
    kept = text[:SNIPPET_CHARS]
    return f"{kept[: kept.rfind(' ')] if ' ' in kept else kept} …"


def as_shown(document: Document, rights: RightsSettings) -> Document:
    """Return what of a document leaves the server; a document with some fields is fine."""
    if "outlet" not in document or not is_limited(document["outlet"], rights):
        return document
    shown = dict(document)
    end = SNIPPET_CHARS
    if shown.get("text") is not None:
        shown["text"] = snippet(shown["text"])
        end = len(shown["text"])
    for name in _QUOTING:
        if name in shown:
            shown[name] = []
    for name, marks in (("entities", "mentions"), ("topics", "evidence"),
                        ("iptc_topics", "evidence")):  # fmt: skip
        if shown.get(name):
            shown[name] = [{**one, marks: _within(one[marks], end)} for one in shown[name]]
    if shown.get("dates_mentioned"):
        shown["dates_mentioned"] = _within(shown["dates_mentioned"], end)
    return {**shown, "flags": sorted({*(shown.get("flags") or ()), SNIPPET_ONLY})}


def _within(marks: Sequence[Mapping[str, Any]], end: int) -> list[Mapping[str, Any]]:
    return [one for one in marks if one.get("part") != "text" or one["end"] <= end]
