"""What a document is, by its first bytes: never by Content-Type, which is wrong too often."""

import re
from typing import NamedTuple

from pipeline.errors import Permanent

_ROOT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(rss|feed|rdf|urlset|sitemapindex|html|head|body|opml|channel)(?=[\s>/])",
    re.IGNORECASE,
)
_HTML_DOCTYPE = re.compile(r"<!doctype\s+html\b", re.IGNORECASE)
_SKIPPED = re.compile(r"<!--|<\?")
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
#: A root element further down is not a root: the document is something else.
_PROLOG_CHARS = 262_144
_KINDS = {
    "rss": "xml",
    "feed": "xml",
    "rdf": "xml",
    "channel": "xml",
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
}


class Sniffed(NamedTuple):
    """What kind of document it is and where its root element starts."""

    kind: str  # "json" | "xml" (RSS, Atom, RDF) | "sitemap"
    root: int  # offset of the root element; what stands before it is never parsed
    warnings: tuple[str, ...]


def sniff(text: str) -> Sniffed:
    """Tell the kind of a document. Raises Permanent when it is not a feed at all.

    The prolog (declaration, DOCTYPE, comments, whatever a broken server printed) is cut away by the
    caller, so no declaration in it can reach a parser. One that declares entities is refused: no
    feed needs them, and every XML bomb does.
    """
    start = text.lstrip()
    if not start:
        raise Permanent("empty_body", "the answer holds no text")
    if start.startswith(("{", "[")):
        return Sniffed("json", 0, ())
    head = text[:_PROLOG_CHARS]
    bare = _blank_comments(head)
    found = _ROOT.search(bare)
    prolog = head[: found.start()] if found else head
    if _ENTITY.search(prolog):
        raise Permanent("entity_declared", "the document declares XML entities")
    if not found or _HTML_DOCTYPE.search(prolog):
        raise Permanent("not_a_feed", _excerpt(start))
    kind = _KINDS.get(found[1].lower())
    if kind is None:
        raise Permanent("not_a_feed", f"the root element is <{found[1].lower()}>")
    junk = bare[: found.start()].strip()
    clean = not junk or re.fullmatch(r"<!DOCTYPE[^>]*>", junk, re.IGNORECASE) is not None
    blank_first = text[:1].isspace() and "<?xml" in prolog
    return Sniffed(kind, found.start(), () if clean and not blank_first else ("leading_junk",))


def _blank_comments(text: str) -> str:
    """Overwrite comments and processing instructions with spaces, so that offsets stay true."""
    pieces, position, unclosed = [], 0, set()
    while opening := _SKIPPED.search(text, position):
        closing = "-->" if opening[0] == "<!--" else "?>"
        # A terminator that was not found once is not looked for again: 60,000 openings of a
        # comment that never ends would else take minutes.
        end = -1 if closing in unclosed else text.find(closing, opening.end())
        if end < 0:
            unclosed.add(closing)
            pieces.append(text[position : opening.end()])
            position = opening.end()
            continue
        end += len(closing)
        pieces += [text[position : opening.start()], " " * (end - opening.start())]
        position = end
    return "".join([*pieces, text[position:]])


def _excerpt(text: str) -> str:
    """Return the start of a document, for people."""
    return "starts with " + repr(" ".join(text[:120].split()))
