"""Feed bytes → ParsedFeed: the one way in for whatever an address serves.

    bytes → text (encoding) → which format (sniff) → harmless XML within limits (prescan, repair)
          → items as found (syndication, jsonfeed, sitemap) → entries (draft: text, links, dates,
            identity)

Only ItemErrors come out: a document that is no feed is Permanent, a damaged one gives what can be
read of it and says so in `warnings`. This runs in a worker process with CPU and memory limits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipeline.errors import Permanent
from pipeline.feeds.draft import Circumstances, finish
from pipeline.feeds.encoding import decode
from pipeline.feeds.jsonfeed import read_jsonfeed
from pipeline.feeds.links import resolve, resolve_many
from pipeline.feeds.prescan import prescan
from pipeline.feeds.sitemap import read_sitemap
from pipeline.feeds.sniff import Sniffed, sniff
from pipeline.feeds.syndication import Document, read_syndication
from pipeline.feeds.text import clean_title, plain
from pipeline.model import ParsedFeed

#: As much as the fetcher would take; larger ones can only come from a file.
MAX_BYTES = 10 * 1024 * 1024
_ITEMS = {"xml": ("item", "entry"), "sitemap": ("url", "sitemap")}
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ")


def parse_feed(
    body: bytes,
    *,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
    timezone: str | None = None,
    language: str | None = None,
    fetched_at: datetime,
    max_entries: int = 1000,
) -> ParsedFeed:
    """Read a feed document of any known format.

    `url` is the final address (links are relative to it), `headers` those of the response (only
    Content-Type is read), `timezone` and `language` what the operator says of the feed. Raises
    Permanent with a reason: empty_body, not_a_feed, compressed_body, too_large, bad_encoding,
    entity_declared, too_deep, too_many_attributes, too_many_tags, parse_error.
    """
    _check(body)
    given = {name.lower(): value for name, value in headers}
    text, encoding, warnings = decode(
        body, content_type=given.get("content-type"), language=language
    )
    sniffed = sniff(text)
    document, more, total = _read(text, sniffed, max_entries)
    warnings += [*sniffed.warnings, *more, *document.warnings]
    spoken = language or document.language
    entries, dropped = finish(document.drafts, Circumstances(url, fetched_at, timezone, spoken))
    counts = _add(document.dropped, dropped)
    if total > max_entries:
        warnings.append("too_many_entries")
        counts = _add(counts, {"too_many_entries": total - max_entries})
    title, _ = clean_title(plain(document.title.text, is_html=document.title.is_html))
    return ParsedFeed(
        kind=document.kind,
        title=title,
        entries=entries,
        warnings=tuple(dict.fromkeys(warnings)),
        ttl_s=document.ttl_s,
        hub=resolve(document.hub, url)[0],
        language=document.language,
        site_url=resolve(document.site_link, url)[0],
        encoding=encoding,
        dropped=counts,
        children=tuple(resolve_many(list(document.children), url)),
        older=resolve(document.older, url)[0],
    )


def _check(body: bytes) -> None:
    """Refuse what is no text at all."""
    if not body.strip():
        raise Permanent("empty_body", "the answer is empty")
    if len(body) > MAX_BYTES:
        raise Permanent("too_large", f"{len(body)} bytes; at most {MAX_BYTES} are read")
    if body.startswith(_COMPRESSED):
        raise Permanent("compressed_body", "compressed, but not labelled with a Content-Encoding")


def _read(text: str, sniffed: Sniffed, max_entries: int) -> tuple[Document, tuple[str, ...], int]:
    """Return the document, warnings of the scan, and how many items it lists."""
    if sniffed.kind == "json":
        document, total = read_jsonfeed(text, max_items=max_entries)
        return document, (), total
    scanned = prescan(text[sniffed.root :], item_names=_ITEMS[sniffed.kind], max_items=max_entries)
    read = read_sitemap if sniffed.kind == "sitemap" else read_syndication
    return read(scanned), scanned.warnings, scanned.total


def _add(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Add two sets of counts; reasons that did not occur are not listed."""
    names = dict.fromkeys([*first, *second])
    total = {name: first.get(name, 0) + second.get(name, 0) for name in names}
    return {name: count for name, count in total.items() if count}
