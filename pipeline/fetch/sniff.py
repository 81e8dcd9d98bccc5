"""Is a body an HTML document? Judged by its bytes first, since servers mislabel. Pure."""

import re

_BINARY = (
    b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"PK\x03\x04", b"\x1f\x8b", b"OggS",
    b"ID3", b"BM", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\x00", b"\xd0\xcf\x11\xe0", b"wOFF",
    b"wOF2",
)  # fmt: skip
_FTYP = slice(4, 8)  # MP4, AVIF and HEIC name themselves after a length
_HTML_TAG = re.compile(
    rb"<(!doctype html|html|head|body|meta|title|script|style|div|p|h1|link|article|main|table)\b",
    re.IGNORECASE,
)
_FEED_ROOT = re.compile(rb"<(rss|feed|rdf:RDF|urlset|sitemapindex|svg|opml)[\s>]", re.IGNORECASE)
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_LOOK_BYTES = 4096


def is_html(body: bytes, content_type: str | None) -> bool:
    """Tell whether a body is worth giving to the extractor.

    Known binary beginnings and feeds are not HTML whatever the header says; a body that the header
    calls HTML, or does not name, is; anything else only if it opens with an HTML tag.
    """
    start = body[:_LOOK_BYTES]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16: every other byte is NUL
        start = start[2:].replace(b"\x00", b"")
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_BINARY) or start[_FTYP] == b"ftyp":
        return False
    tag = _HTML_TAG.search(start)
    feed = _FEED_ROOT.search(start)
    if feed and (tag is None or feed.start() < tag.start()):
        return False
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not kind or kind in _HTML_TYPES:
        return b"\x00" not in start
    return tag is not None and start.startswith(b"<")
