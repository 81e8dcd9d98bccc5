"""The headline: what stands on the page, not what was written for search engines."""

import re
from collections.abc import Iterable
from itertools import islice

from lxml.html import HtmlElement

from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import folded, one_line, words
from pipeline.model import Evidence

#: An h1 is the headline when it shares so much of its words with what the page is called elsewhere.
_SHARE_OF_SEVERAL = 0.5
_SHARE_OF_ONLY = 0.3  # a lone h1 is the headline unless it is about something else (a logo)
_MAX_HEADINGS = 20
_MAX_KICKER_WORDS = 3
_MAX_TITLE_CHARS = 500
#: Between a headline and the name of the site: bars, dashes, dots, guillemets, colons.
_SITE_SUFFIX = re.compile(r"\s+(?:[|\u2013\u2014\u00b7\u2022\u00ab\u00bb\u2039\u203a:]|-{1,2})\s+")


def choose_title(root: HtmlElement, head: Head, story: Story, sighted: str) -> tuple[str, Evidence]:
    """Return the headline with its evidence; ("", ...) when the page has none at all.

    Order: the h1 that shares most words with og:title, <title> or what the feed said; JSON-LD
    headline; og:title; the feed's title; <title> without the site's name.
    """
    site = head.first("og:site_name") or story.publisher or ""
    shared = head.first("og:title", "twitter:title") or ""
    heading = _without_kicker(_heading(root, head, story, sighted), (story.headline or "", shared))
    claims = [
        ("h1", heading),
        ("json-ld:headline", story.headline or ""),
        ("og:title", without_site(shared, site)),
        ("feed", one_line(sighted)),
        ("title", without_site(head.title, site)),
    ]
    given = [(signal, value[:_MAX_TITLE_CHARS]) for signal, value in claims if value]
    if not given:
        return "", Evidence("none", "")
    signal, value = given[0]
    rivals = tuple(claim for claim in given[1:] if folded(claim[1]) != folded(value))
    return value, Evidence(signal, value, rivals)


def _heading(root: HtmlElement, head: Head, story: Story, sighted: str) -> str:
    """Return the text of the h1 that is the headline, or ""."""
    texts = [one_line(h1.text_content()) for h1 in islice(root.iter("h1"), _MAX_HEADINGS)]
    headings = list(dict.fromkeys(text for text in texts if 0 < len(text) <= _MAX_TITLE_CHARS))
    names = [head.first("og:title"), head.title, sighted, story.headline]
    references = [set(words(name)) for name in names if name]
    site = folded(head.first("og:site_name") or story.publisher or "")
    needed = _SHARE_OF_ONLY if len(headings) == 1 else _SHARE_OF_SEVERAL
    best, most = "", 0.0
    for text in headings:
        own = set(words(text))
        if not own or folded(text) == site:
            continue
        for reference in references:
            shared = len(own & reference)
            if shared > most and shared >= needed * min(len(reference), len(own) * 2):
                best, most = text, shared
    return best


def _without_kicker(heading: str, exact: Iterable[str]) -> str:
    """Take off a section label that stands inside the h1 ("World | ..."), if another signal does.

    Only when what remains is exactly what JSON-LD or og:title calls the article.
    """
    own = words(heading)
    for name in exact:
        named = words(name)
        extra = len(own) - len(named)
        if named and 0 < extra <= _MAX_KICKER_WORDS and own[extra:] == named:
            return name
    return heading


def without_site(title: str, site: str) -> str:
    """Cut the outlet's name off a <title>; without knowing it, the last part if it is short."""
    parts = _SITE_SUFFIX.split(title)
    if len(parts) == 1:
        return title
    if site:
        kept = [part for part in parts if folded(part) != folded(site)]
        if 0 < len(kept) < len(parts):
            return max(kept, key=_word_count)
    return max(parts, key=_word_count) if len(words(parts[-1])) <= 4 else title  # noqa: PLR2004 - a name


def _word_count(text: str) -> int:
    return len(words(text))
