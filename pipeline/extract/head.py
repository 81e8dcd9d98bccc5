"""What a page says about itself in meta tags, links and its first elements. Read in one pass.

Everything here is a claim of the page, not yet believed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from pipeline.extract.plain import one_line

#: What one meta tag may say; more is no metadata.
_MAX_CONTENT_CHARS = 4_000
_MAX_PER_NAME = 100
_SEPARATOR = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Head:
    """Claims of one page, names in lower case, values as plain text in document order."""

    metas: dict[str, list[str]] = field(default_factory=dict)
    title: str = ""
    canonical: str | None = None
    language: str | None = None  # of <html lang>
    microdata: bool = False  # an element calls itself the body of an article

    def first(self, *names: str) -> str | None:
        """Return the value of the first of these names that has one."""
        return next((self.metas[name][0] for name in names if name in self.metas), None)

    def all(self, *names: str) -> list[str]:
        """Return every value of these names."""
        return [value for name in names for value in self.metas.get(name, ())]

    def robots(self) -> frozenset[str]:
        """Return the directives for every crawler, e.g. {"noindex", "noai"}."""
        values = self.all("robots", "googlebot")
        return frozenset(word.lower() for value in values for word in _SEPARATOR.split(value))

    def reserves_mining(self) -> bool:
        """Tell whether text and data mining is reserved (TDMRep, or the noai directive)."""
        return self.first("tdm-reservation") == "1" or bool(self.robots() & {"noai", "noml"})

    def refuses_index(self) -> bool:
        """Tell whether the page asks not to be shown in search."""
        return bool(self.robots() & {"noindex", "none"})


def read_head(root: HtmlElement, markup: str) -> Head:
    """Collect the claims of a page; `markup` is what the tree was made of."""
    metas: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop")
        value = one_line(meta.get("content") or "")[:_MAX_CONTENT_CHARS]
        if name and value:
            values = metas.setdefault(name.strip().lower(), [])
            if len(values) < _MAX_PER_NAME:
                values.append(value)
    canonical = next(
        (
            link.get("href")
            for link in root.iter("link")
            if "canonical" in (link.get("rel") or "").lower().split()
        ),
        None,
    )
    return Head(
        metas,
        title=_title(root.iter("title")),
        canonical=canonical,
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        microdata='itemprop="articleBody"' in markup,
    )


def _title(titles: Iterable[HtmlElement]) -> str:
    """Return the page's title: the first that does not belong to a drawing."""
    for element in titles:
        if not any(parent.tag == "svg" for parent in element.iterancestors()):
            return one_line(element.text_content())
    return ""


def web_address(link: str | None, page_url: str) -> str | None:
    """Return an absolute http(s) address without credentials or control characters, or None."""
    if not link:
        return None
    try:
        # A <base href> is not believed: a page must not move its own address elsewhere.
        address = urljoin(page_url, link.strip())
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        return None
    return address if usable and address.isprintable() and " " not in address else None
