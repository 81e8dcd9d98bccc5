"""Keep a page or drop it, with the reason. Losing a real article is worse than keeping a poor one.

Reasons: not_html, parse_failed, empty_page, blocked_page, soft_404, js_only, not_article,
too_short, wrong_language. Phrases count only on pages with little text, and on none that its
publisher's own markup calls an article.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pipeline.config import ExtractSettings
from pipeline.extract import phrases, tree
from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import folded, words
from pipeline.extract.text import BodyText

#: Walls and error pages say little; an article about captchas says more.
_WALL_MAX_WORDS = 400
_SOFT_404_MAX_CHARS = 1_000
_SHELL_MAX_WORDS = 100
#: An index page: so much of the extracted lines is links, or of a page without a paragraph.
_INDEX_LINKED_LINES = 0.5
_INDEX_LINK_DENSITY = 0.6
#: Or it is a row of teasers: so many linked headings, and no more paragraphs than those.
_INDEX_MIN_TEASERS = 5
_PARAGRAPH_CHARS = 80
_HEADLINE_SPACES = 2  # a link of three words or more may be a headline


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about one page that the verdict looks at."""

    title: str
    lines: Sequence[str]
    body: BodyText
    head: Head
    story: Story
    markup: str
    language: str | None

    @property
    def text(self) -> str:
        """Return the body: paragraphs separated by a blank line."""
        return "\n\n".join(self.lines)

    @property
    def claims_article(self) -> bool:
        """Tell whether the publisher's own markup calls this page an article."""
        kind = (self.head.first("og:type") or "").lower()
        published = self.head.first("article:published_time")
        return self.story.found or kind == "article" or bool(published) or self.head.microdata


def asks_for_script(markup: str) -> bool:
    """Tell whether a page is a shell that scripts would fill."""
    root = tree.parse(markup).root  # a fresh tree: the other one has lost its scripts
    if root is None or next(root.iter("script"), None) is None:
        return False
    notes = " ".join(node.text_content() for node in root.iter("noscript"))
    shells = root.xpath("//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt']")
    return "javascript" in notes.lower() or any(
        not node.xpath("normalize-space()") for node in shells
    )


def verdict(found: Found, settings: ExtractSettings) -> str | None:
    """Return the reason to drop a page, or None to keep it. The most telling reason comes first."""
    length = len(found.text)
    short = length < settings.min_text_chars
    shell = short and found.body.page_words < _SHELL_MAX_WORDS
    claimed = found.claims_article
    unwanted = settings.languages and found.language not in (None, *settings.languages)
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("blocked_page", lambda: not claimed and _is_wall(found)),
        ("soft_404", lambda: not claimed and _is_not_found(found, length)),
        ("js_only", lambda: shell and asks_for_script(found.markup)),
        ("empty_page", lambda: not found.body.page_words and not length),
        ("not_article", lambda: not claimed and _is_index(found)),
        ("too_short", lambda: short),
        ("wrong_language", lambda: bool(unwanted)),
    )
    return next((reason for reason, holds in checks if holds()), None)


def numbers(found: Found) -> dict[str, float]:
    """Return what can be measured about an extraction without knowing the truth."""
    own = words(found.text)
    named = set(words(found.title))
    return {
        "words": float(len(own)),
        "paragraphs": float(_paragraphs(found.lines)),
        "agreement": round(found.body.agreement, 3),
        "share_of_witness": round(found.body.share, 3),
        "link_density": round(found.body.link_density, 3),
        "title_overlap": round(len(named.intersection(own)) / len(named), 3) if named else 0.0,
    }


def _is_wall(found: Found) -> bool:
    if found.body.page_words > _WALL_MAX_WORDS:
        return False
    if phrases.WALL_TITLE.search(found.title) or phrases.WALL_TITLE.search(found.head.title):
        return True
    markup = found.markup.lower()
    return any(sign in markup for sign in phrases.WALL_MARKUP)


def _is_not_found(found: Found, length: int) -> bool:
    if length > _SOFT_404_MAX_CHARS:
        return False
    return bool(
        phrases.NOT_FOUND_TITLE.search(found.title)
        or phrases.NOT_FOUND_TITLE.search(found.head.title)
    )


def _is_index(found: Found) -> bool:
    """Tell whether a page lists articles and is none."""
    linked = _linked_share(found.lines, found.body.links)
    paragraphs = _paragraphs(found.lines)
    return (
        linked > _INDEX_LINKED_LINES
        or (not paragraphs and found.body.link_density > _INDEX_LINK_DENSITY)
        or found.body.teasers >= max(_INDEX_MIN_TEASERS, paragraphs)
    )


def _linked_share(lines: Sequence[str], links: Collection[str]) -> float:
    """Return how much of the text is in lines that are a link, or a link and its teaser."""
    headlines = tuple(link for link in links if link.count(" ") >= _HEADLINE_SPACES)
    total = sum(len(line) for line in lines)
    linked = sum(
        len(line)
        for line, key in ((line, folded(line)) for line in lines)
        if key in links or key.startswith(headlines)
    )
    return linked / total if total else 0.0


def _paragraphs(lines: Sequence[str]) -> int:
    """Count lines that are prose: long enough, and finished."""
    return sum(
        1 for line in lines if len(line) >= _PARAGRAPH_CHARS and phrases.FINISHED.search(line)
    )
