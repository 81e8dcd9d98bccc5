"""From a home page to the addresses that may be its feeds, best first. Pure: checks nothing.

First what the page declares (<link rel=alternate>), then what it links to and looks like a feed,
then where feeds usually are; news sitemaps come from robots.txt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml import html as lxml_html

from pipeline.feeds.links import resolve
from pipeline.urls import same_site

FEED_TYPES = frozenset(
    {
        "application/rss+xml", "application/atom+xml", "application/rdf+xml",
        "application/feed+json", "application/json", "text/xml", "application/xml",
        "application/x.atom+xml", "application/x-atom+xml",
    }
)  # fmt: skip
WELL_KNOWN = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json",
              "/feeds", "/rss/news", "/news-sitemap.xml", "/sitemap-news.xml")  # fmt: skip
#: WordPress declares its programming interface with a JSON type beside the feeds.
_NO_FEED = re.compile(r"/wp-json/|/xmlrpc\.php|oembed|/comments/feed", re.IGNORECASE)
_LOOKS_LIKE = re.compile(
    r"(?:\.(?:rss|rdf|atom)|/(?:rss|feed|feeds|atom|rdf)(?:\.(?:xml|aspx|php|json))?/?"
    r"|(?:rss|feed|atom|index)\.xml)$", re.IGNORECASE)  # fmt: skip
_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_MAX_LINKED = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed."""

    url: str
    source: str  # "declared" | "linked" | "well_known" | "robots"
    title: str = ""


def find_candidates(page: bytes, url: str, *, robots: str = "") -> list[Candidate]:
    """Return candidates for the page at `url` (final address), each address once, best first."""
    candidates = [*_on_page(page, url), *_in_robots(robots, url), *_usual_places(url)]
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.url.rstrip("/"), candidate)
    return list(found.values())


def declared(page: bytes, url: str) -> list[Candidate]:
    """Return the feeds that a page names by itself: declared, else linked to."""
    found = list(dict.fromkeys(_on_page(page, url)))
    named = [candidate for candidate in found if candidate.source == "declared"]
    return named or found


def _on_page(page: bytes, url: str) -> Iterator[Candidate]:
    """Yield what the page declares, then what it links to."""
    parser = lxml_html.HTMLParser(huge_tree=True, no_network=True)
    try:
        root = lxml_html.document_fromstring(page, parser=parser)
    except (etree.ParserError, ValueError):
        return
    base = _base(root, url)
    for link in root.iter("link"):
        relations = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        if "alternate" in relations and kind in FEED_TYPES:
            yield from _candidate(link.get("href"), base, "declared", link.get("title") or "")
    linked = 0
    for anchor in root.iter("a"):
        href = anchor.get("href") or ""
        if linked < _MAX_LINKED and _LOOKS_LIKE.search(href.split("?")[0].split("#")[0]):
            for candidate in _candidate(href, base, "linked", anchor.text_content()):
                if same_site(candidate.url, url):
                    linked += 1
                    yield candidate


def _base(root: lxml_html.HtmlElement, url: str) -> str:
    """Return the address that links are relative to."""
    for element in root.iter("base"):
        found, _ = resolve(element.get("href"), url)
        return found or url
    return url


def _candidate(href: str | None, base: str, source: str, title: str) -> Iterator[Candidate]:
    found, _ = resolve(href, base)
    if found and not _NO_FEED.search(found):
        yield Candidate(found, source, " ".join(title.split())[:200])


def _in_robots(robots: str, url: str) -> Iterator[Candidate]:
    """Yield the sitemaps of robots.txt that say they hold news."""
    for found in _SITEMAP.finditer(robots):
        if "news" in urlsplit(found[1]).path.lower():
            yield from _candidate(found[1], url, "robots", "news sitemap")


def _usual_places(url: str) -> Iterator[Candidate]:
    for path in WELL_KNOWN:
        yield Candidate(urljoin(url, path), "well_known")
