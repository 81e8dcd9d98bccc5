"""News sitemaps (and plain ones) as feeds: for outlets that publish no RSS.

Format: https://www.sitemaps.org/protocol.html with Google's news and image extensions.
"""

from collections.abc import Iterator

from lxml import etree

from pipeline.errors import Permanent
from pipeline.feeds.draft import Draft, RichText
from pipeline.feeds.prescan import Scanned
from pipeline.feeds.syndication import Document


def read_sitemap(scanned: Scanned) -> Document:
    """Return what a sitemap or an index of sitemaps lists. Raises Permanent("parse_error")."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(scanned.text.encode("utf-8"), parser=parser)
    except etree.XMLSyntaxError as error:
        raise Permanent("parse_error", f"sitemap: {error}"[:500]) from None
    if root is None:
        raise Permanent("parse_error", "sitemap: nothing in it can be read")
    if _local(root) == "sitemapindex":
        return Document(kind="sitemap_index", drafts=[], children=_children(root))
    drafts = [_draft(item) for item in root if _local(item) == "url"]
    if scanned.truncated_item and drafts:
        drafts[-1].truncated = True
    titles = (_find(publication, "name") for publication in _all(root, "publication"))
    return Document(
        kind="sitemap",
        drafts=drafts,
        title=RichText(next((title for title in titles if title), ""), is_html=False),
        language=next((draft.language for draft in drafts if draft.language), None),
    )


def _children(root: etree._Element) -> tuple[str, ...]:
    """Return the sitemaps of an index, last changed first (W3C dates compare as text)."""
    listed = [(_find(item, "lastmod") or "", loc) for item in root if (loc := _find(item, "loc"))]
    return tuple(loc for _, loc in sorted(listed, key=lambda pair: pair[0], reverse=True))


def _draft(item: etree._Element) -> Draft:
    """Take from one <url> what we keep, unread."""
    published, modified = _find(item, "publication_date"), _find(item, "lastmod")
    keywords = _find(item, "keywords") or ""
    images = [loc for image in _all(item, "image") if (loc := _find(image, "loc"))]
    return Draft(
        link=next((_value(child) for child in item if _local(child) == "loc"), None),
        title=RichText(_find(item, "title") or "", is_html=False),
        published=(published, "news:publication_date") if published else None,
        updated=(modified, "lastmod") if modified else None,
        language=_find(item, "language"),
        tags=[word for part in keywords.split(",") if (word := part.strip())],
        media=[(url, None, None) for url in images],
    )


def _local(element: etree._Element) -> str:
    """Return the name of an element without its namespace, lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in element.iter() if _local(child) == name)


def _find(element: etree._Element, name: str) -> str | None:
    """Return the text of the first element with a name below this one."""
    return next((value for child in _all(element, name) if (value := _value(child))), None)


def _value(element: etree._Element) -> str | None:
    return (element.text or "").strip() or None
