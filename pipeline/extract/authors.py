"""Who wrote an article: names of people, without "By", addresses and the outlet's own name."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from pipeline.extract import libraries
from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import folded, one_line
from pipeline.model import Evidence

MAX_AUTHORS = 20
_MAX_NAME_CHARS = 80
_MAX_BYLINE_CHARS = 200
_META_NAMES = ("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator")
#: "and" in the languages whose bylines we have seen; names hold none of them as a word.
_SEPARATOR = re.compile(
    r"\s*(?:[;,|/•]|\s&\s|\s(?:and|und|et|y|ve|e|og|och|en)\s)\s*", re.IGNORECASE
)
_PREFIX = re.compile(
    r"^(?:(?:story|words|text|written|posted|reporting|analysis|review)\s+by|by|von|par|por|di|door"
    r"|af|av|yazan|بقلم)\b[:\s]+",
    re.IGNORECASE,
)
_WEB_ADDRESS = re.compile(r"\s*(?:https?:|www\.|//)", re.IGNORECASE)
_NO_NAME = re.compile(r"@|\.(?:com|org|net)\b|[\d:]", re.IGNORECASE)
_AFTER_NAME = re.compile(r"\b(?:published|updated|posted|last modified)\b.*", re.IGNORECASE)
#: Words for which a publisher's system puts no name at all.
_NOBODY = re.compile(
    r"(?:the )?(?:staff|editorial|admin|administrator|editors?|newsroom|redaktion|author|guest"
    r"|web ?master)(?: (?:staff|writers?|team|reporters?|desk))?",
    re.IGNORECASE,
)


def choose_authors(
    root: HtmlElement, head: Head, story: Story, url: str, flags: list[str]
) -> tuple[tuple[str, ...], Evidence | None]:
    """Return the authors in order: JSON-LD's, else the meta tags', else trafilatura's search."""
    outlets = _outlets(head, story, url)
    found: list[tuple[str, tuple[str, ...]]] = []
    marked = root.xpath("//a[@rel='author'] | //*[@itemprop='author']")[:MAX_AUTHORS]
    for signal, claims in (
        ("json-ld:author", story.authors),
        ("meta:author", head.all(*_META_NAMES)),
        ("markup:author", [node.text_content()[:_MAX_BYLINE_CHARS] for node in marked]),
    ):
        if names := clean_authors(claims, outlets):
            found.append((signal, names))
    if not found and (byline := libraries.byline(root, flags)):
        # The search reads whatever stands near a byline: only whole names count.
        names = clean_authors(_AFTER_NAME.sub("", byline).split("; "), outlets)
        if names := tuple(name for name in names if " " in name):
            found.append(("byline", names))
    if not found:
        return (), None
    (signal, names), *others = found
    rivals = tuple((other, "; ".join(said)) for other, said in others if said != names)
    return names, Evidence(signal, "; ".join(names), rivals)


def clean_authors(claims: Iterable[str], outlets: frozenset[str]) -> tuple[str, ...]:
    """Return the people in these claims. `outlets` are folded names that are no people."""
    names: dict[str, str] = {}
    for claim in claims:
        if _WEB_ADDRESS.match(claim):
            continue
        for part in _SEPARATOR.split(one_line(claim)):
            name = _PREFIX.sub("", part).strip(" .:-\N{EN DASH}\N{EM DASH}\"'()[]")
            key = folded(name)
            if key and len(name) <= _MAX_NAME_CHARS and not _is_nobody(name, key, outlets):
                names.setdefault(key, name)
    return tuple(names.values())[:MAX_AUTHORS]


def _is_nobody(name: str, key: str, outlets: frozenset[str]) -> bool:
    """Tell whether a name is an address, a handle, the outlet's own or one of its desks."""
    of_outlet = key in outlets or any(
        f" {outlet} " in f" {key} " for outlet in outlets if " " in outlet
    )
    return of_outlet or bool(_NO_NAME.search(name) or _NOBODY.fullmatch(name))


def _outlets(head: Head, story: Story, url: str) -> frozenset[str]:
    """Return the folded names by which the page's outlet goes."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    names = (head.first("og:site_name"), head.first("application-name"), story.publisher)
    known = {folded(name) for name in (*names, host, host.split(".")[0]) if name}
    return frozenset(known | {name.replace(" ", "") for name in known})
