"""Small repairs that let a strict parser read what a person would read.

Each is done on text between tags, never inside CDATA. Without them feedparser's loose parser takes
over, and it corrupts ("AT&T" becomes "AT&T;").
"""

import html
import re
from html.entities import html5

#: Not allowed in XML 1.0, and lone surrogates, which no database takes either.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_AMPERSAND = re.compile(r"&(#[0-9]{1,12};|#[xX][0-9a-fA-F]{1,10};|[A-Za-z][A-Za-z0-9]{1,31};|)")
_XML_ENTITIES = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"})


def drop_forbidden(text: str) -> tuple[str, bool]:
    """Return the text without characters that XML forbids, and whether there were any."""
    repaired = _FORBIDDEN.sub("", text)
    return repaired, len(repaired) != len(text)


def repair_references(text: str) -> str:
    """Make every ampersand mean something: a reference that XML knows, or a plain ampersand."""
    return _AMPERSAND.sub(_reference, text) if "&" in text else text


def _reference(found: re.Match[str]) -> str:
    """Return the repaired form of one ampersand and what follows it."""
    whole = found[0]
    if whole in _XML_ENTITIES:
        return whole
    if whole.startswith("&#"):
        # html.unescape maps what no character has (&#xD800;, &#x110000;) to U+FFFD or to nothing.
        char = html.unescape(whole)
        return "" if _FORBIDDEN.search(char) else html.escape(char)
    if whole[1:] in html5:
        return html.escape(html5[whole[1:]])
    return "&amp;" + whole[1:]
