"""OPML in and out: how feed lists travel between programs (http://opml.org/spec2.opml).

Nothing is lost on a round trip: folders become category paths, what OPML has no attribute for goes
into attributes of our own (newslineId, …), and attributes that we do not know stay in Feed.extra.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from pipeline.errors import Permanent
from pipeline.feeds.encoding import decode
from pipeline.feeds.prescan import prescan
from pipeline.feeds.repair import drop_forbidden
from pipeline.feeds.zones import find_zone
from pipeline.model import Feed, FeedKind
from pipeline.urls import canonicalise, clean, host_of, is_number, registrable_domain

#: Folders deeper than this are no folders that a person made.
MAX_DEPTH = 10
_ROOT = re.compile(r"<opml\b", re.IGNORECASE)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_OURS = {
    "newslineid": "feed_id",
    "newslinepublisher": "publisher",
    "newslinecountry": "country",
    "newslinetimezone": "timezone",
    "newslinesection": "section",
    "newslinekind": "kind",
}
_USED = frozenset({"text", "title", "xmlurl", "htmlurl", "language", "description", "category"})
_LETTERS = str.maketrans("çğıöşüâîûéèêáàäëïñóòôåøæßÇĞİÖŞÜÉ", "cgiosuaiueeeaaaeinoooaoasCGIOSUE")


@dataclass(frozen=True, slots=True)
class OpmlImport:
    """What an OPML file held."""

    feeds: tuple[Feed, ...]
    faults: tuple[str, ...]  # outlines that could not be taken, in a sentence each
    merged: int  # outlines that named an address already listed


def read_opml(body: bytes) -> OpmlImport:
    """Read an OPML file. Raises Permanent("not_opml" | "entity_declared" | …) if it is none."""
    text, _, _ = decode(body)
    root = _ROOT.search(text)
    if not root:
        raise Permanent("not_opml", "the file holds no <opml> element")
    if re.search(r"<!ENTITY\b", text[: root.start()], re.IGNORECASE):
        raise Permanent("entity_declared", "the file declares XML entities")
    # The same mending as for feeds: undefined entities and bare ampersands are common here too.
    scanned = prescan(text[root.start() :], item_names=(), max_items=1)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    tree = etree.fromstring(scanned.text.encode("utf-8"), parser=parser)
    feeds: dict[str, Feed] = {}
    ids: set[str] = set()
    faults: list[str] = []
    merged = 0
    for outline in _outlines(tree, faults):
        try:
            feed = _feed(outline)
            same = canonicalise(feed.url)
        except ValueError as error:
            faults.append(f"{outline.get('text') or outline.get('xmlurl')!r}: {error}")
            continue
        if same in feeds:
            merged += 1
            both = dict.fromkeys([*feeds[same].categories, *feed.categories])
            feeds[same] = replace(feeds[same], categories=tuple(both))
        else:
            feeds[same] = _with_own_id(feed, ids)
    return OpmlImport(tuple(feeds.values()), tuple(faults), merged)


@dataclass(frozen=True, slots=True)
class _Outline:
    """One <outline>; programs disagree about the case of its attributes."""

    attributes: dict[str, tuple[str, str]]  # lower-case name → (name as written, value)
    path: tuple[str, ...]  # the folders that it is in

    @classmethod
    def read(cls, element: etree._Element, path: tuple[str, ...]) -> "_Outline":
        pairs = ((str(name), str(value).strip()) for name, value in element.attrib.items())
        return cls({name.lower(): (name, value) for name, value in pairs}, path)

    def get(self, name: str) -> str:
        """Return an attribute, "" when there is none."""
        return self.attributes.get(name, ("", ""))[1]

    def unknown(self) -> dict[str, str]:
        """Return the attributes that no field of a Feed holds."""
        return {
            written: value
            for name, (written, value) in self.attributes.items()
            if name not in _USED and name not in _OURS
        }


def _outlines(tree: etree._Element, faults: list[str]) -> Iterator[_Outline]:
    """Yield every outline that names a feed, in document order."""
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = [(tree, ())]
    while waiting:
        element, path = waiting.pop()
        below = path
        if str(element.tag).lower() == "outline":
            outline = _Outline.read(element, path)
            name = outline.get("text") or outline.get("title")
            if outline.get("xmlurl"):
                yield outline
            elif name:
                below = (*path, name)
        if len(below) > MAX_DEPTH:
            faults.append(f"{below[-1]!r}: a folder more than {MAX_DEPTH} levels deep")
            continue
        children = [child for child in element if isinstance(child.tag, str)]
        waiting += [(child, below) for child in reversed(children)]


def _feed(outline: _Outline) -> Feed:
    """Make a feed of an outline. Raises ValueError when its address is none."""
    url = outline.get("xmlurl")
    clean(url)
    title = outline.get("title") or outline.get("text")
    ours = {field: outline.get(name) for name, field in _OURS.items() if outline.get(name)}
    extra = outline.unknown()
    if extra.get("type") == "rss":
        del extra["type"]  # what every feed says, whatever its format
    if outline.get("text") not in ("", title):
        extra["text"] = outline.get("text")
    language = outline.get("language").lower()
    known_language = len(language) == 2 and language.isalpha()  # noqa: PLR2004 - ISO 639-1
    if language and not known_language:
        extra["language"] = outline.get("language")
    timezone = ours.get("timezone")
    return Feed(
        feed_id=ours.get("feed_id", ""),
        url=url,
        publisher=ours.get("publisher") or _name_of(host_of(url)),
        title=title,
        language=language if known_language else None,
        country=ours.get("country"),
        timezone=timezone if find_zone(timezone) else None,
        section=ours.get("section"),
        kind=FeedKind.SITEMAP if ours.get("kind") == "sitemap" else FeedKind.FEED,
        site_url=outline.get("htmlurl") or None,
        notes=outline.get("description"),
        categories=_categories(outline.get("category"), outline.path),
        extra=extra,
    )


def _categories(attribute: str, path: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the folder path, then those of the category attribute ("/a/b,/c")."""
    named = (
        tuple(part.strip() for part in category.split("/") if part.strip())
        for category in attribute.split(",")
    )
    return tuple(dict.fromkeys(found for found in (path, *named) if found))


def _with_own_id(feed: Feed, ids: set[str]) -> Feed:
    """Give a feed an id that no other has, if it brought none."""
    wanted = slug(feed.feed_id or feed.title or host_of(feed.url)) or "feed"
    own, number = wanted, 1
    while own in ids:
        number += 1
        own = f"{wanted[:58]}-{number}"
    ids.add(own)
    return replace(feed, feed_id=own)


def _name_of(host: str) -> str:
    """Return what to call the publisher at a host: a domain by its own name, an address in full."""
    domain = registrable_domain(host)
    return slug(domain if is_number(host) else domain.split(".")[0])


def slug(text: str) -> str:
    """Return a lower-case name of letters, digits and hyphens; "" if the text has none."""
    return _NOT_SLUG.sub("-", text.translate(_LETTERS).lower()).strip("-")[:64].strip("-")


def write_opml(feeds: Sequence[Feed], *, title: str = "Newsline feeds") -> str:
    """Return an OPML document; folders appear in the order of their first feed."""
    folders: dict[tuple[str, ...], list[Feed]] = {}
    for feed in feeds:
        folders.setdefault(feed.categories[0] if feed.categories else (), []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{escape(title)}</title></head>",
        "  <body>",
    ]
    for path, members in folders.items():
        for depth, name in enumerate(path):
            lines.append("  " * (depth + 2) + f"<outline{_attribute('text', name)}>")
        lines += ["  " * (len(path) + 2) + _outline(feed) for feed in members]
        lines += ["  " * (depth + 2) + "</outline>" for depth in reversed(range(len(path)))]
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _outline(feed: Feed) -> str:
    """Return the outline of one feed."""
    extra = dict(feed.extra)
    categories = ",".join("/" + "/".join(path) for path in feed.categories[1:])
    attributes = {
        "type": extra.pop("type", "rss"),
        "text": extra.pop("text", feed.title or feed.feed_id),
        "title": feed.title,
        "xmlUrl": feed.url,
        "htmlUrl": feed.site_url,
        "language": feed.language or extra.pop("language", None),
        "category": categories,
        "description": feed.notes,
        "newslineId": feed.feed_id,
        "newslinePublisher": feed.publisher,
        "newslineCountry": feed.country,
        "newslineTimezone": feed.timezone,
        "newslineSection": feed.section,
        "newslineKind": None if feed.kind is FeedKind.FEED else feed.kind.value,
        **extra,
    }
    written = "".join(_attribute(name, value) for name, value in attributes.items() if value)
    return f"<outline{written}/>"


def _attribute(name: str, value: str) -> str:
    quoted = quoteattr(drop_forbidden(value)[0], {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})
    return f" {name}={quoted}"
