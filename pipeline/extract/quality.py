"""Keep a page or drop it, with the reason. Dropping a real article is worse than keeping a poor one.

Reasons: not_html, parse_failed, empty_page, blocked_page, soft_404, js_only, not_article,
too_short, wrong_language. Phrases count only on pages with little text that nobody calls an article.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from pipeline.config import ExtractSettings
from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import folded, words
from pipeline.extract.text import BodyText

#: Walls and error pages say little; an article about captchas says more.
_WALL_MAX_WORDS = 400
_SOFT_404_MAX_CHARS = 1_000
_SHELL_MAX_WORDS = 100
#: An index page: so much of the extracted lines is links, or of the page, with few paragraphs.
_INDEX_LINKED_LINES = 0.5
_INDEX_LINK_DENSITY = 0.6
_INDEX_MAX_PARAGRAPHS = 2
_PARAGRAPH_CHARS = 80

#: What the walls of the common vendors put into the page (Cloudflare, Imperva, DataDome, HUMAN,
#: AWS, Akamai) and the consent wall of one large portal; in lower case.
_WALL_MARKUP = (
    "/cdn-cgi/challenge-platform/", "cf-chl-", "cf-browser-verification", "_incapsula_resource",
    "captcha-delivery.com", "px-captcha", "awswafcaptcha", "awswafintegration", "sec-if-cpt-container",
    "errors.edgesuite.net", "distil_r_captcha", "geetest", "g-recaptcha", "hcaptcha.com",
    "consent.yahoo.com", "consent.google.com",
)  # fmt: skip
_WALL_TITLE = re.compile(
    r"just a moment|attention required|access (?:to this page has been )?denied|are you (?:a robot|human)"
    r"|(?:human|bot|robot) (?:verification|check)|verify(?:ing)? (?:that )?you|pardon our interruption"
    r"|security check|before you continue|bevor sie fortfahren|avant de continuer|403 forbidden"
    r"|request (?:blocked|unsuccessful)|too many requests",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"\b404\b|(?:page|article|content|story)[^.]{0,20}(?:not found|no longer (?:available|exists))"
    r"|^\W*not found\W*$|(?:does not|doesn['’]t) exist|can(?:no|['’])t (?:be found|find)|nicht gefunden"
    r"|introuvable|no encontrad[ao]|não encontrad[ao]|non trovat[ao]|niet gevonden|bulunamadı"
    r"|غير موجود|не найден|見つかりません|页面不存在",
    re.IGNORECASE,
)
_FINISHED = re.compile(r"[.!?…。！？؟۔»”\"')]\s*$")


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about one page that the verdict looks at."""

    title: str
    lines: Sequence[str]
    body: BodyText
    head: Head
    story: Story
    markup: str
    asks_for_script: bool
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
        return self.story.found or kind == "article" or bool(published) or self.head.articles > 0


def asks_for_script(root: HtmlElement) -> bool:
    """Tell whether a page is a shell that scripts would fill: read before scripts are dropped."""
    notes = " ".join(node.text_content() for node in root.iter("noscript"))
    if "javascript" in notes.lower():
        return True
    shells = root.xpath("//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt']")
    return any(not node.text_content().strip() for node in shells) and next(
        root.iter("script"), None
    ) is not None


def verdict(found: Found, settings: ExtractSettings) -> str | None:
    """Return the reason to drop a page, or None to keep it."""
    length = len(found.text)
    short = length < settings.min_text_chars
    if _is_wall(found):
        return "blocked_page"
    if _is_not_found(found, length):
        return "soft_404"
    if short and found.asks_for_script and found.body.page_words < _SHELL_MAX_WORDS:
        return "js_only"
    if not found.body.page_words and not length:
        return "empty_page"
    if not found.claims_article and _is_index(found):
        return "not_article"
    if short:
        return "too_short"
    if settings.languages and found.language and found.language not in settings.languages:
        return "wrong_language"
    return None


def numbers(found: Found) -> dict[str, float]:
    """Return what can be measured about an extraction without knowing the truth."""
    own = set(words(found.text))
    named = set(words(found.title))
    return {
        "words": float(len(words(found.text))),
        "paragraphs": float(_paragraphs(found.lines)),
        "agreement": round(found.body.agreement, 3),
        "share_of_witness": round(found.body.share, 3),
        "link_density": round(found.body.link_density, 3),
        "title_overlap": round(len(named & own) / len(named), 3) if named else 0.0,
    }


def _is_wall(found: Found) -> bool:
    if found.claims_article or found.body.page_words > _WALL_MAX_WORDS:
        return False
    if _WALL_TITLE.search(found.title) or _WALL_TITLE.search(found.head.title):
        return True
    markup = found.markup.lower()
    return any(sign in markup for sign in _WALL_MARKUP)


def _is_not_found(found: Found, length: int) -> bool:
    if found.claims_article or length > _SOFT_404_MAX_CHARS:
        return False
    return bool(_NOT_FOUND.search(found.title) or _NOT_FOUND.search(found.head.title))


def _is_index(found: Found) -> bool:
    """Tell whether a page lists articles: most lines are links, or hardly a paragraph among them."""
    linked = _linked_share(found.lines, found.body.links)
    few = _paragraphs(found.lines) <= _INDEX_MAX_PARAGRAPHS
    return linked > _INDEX_LINKED_LINES or (few and found.body.link_density > _INDEX_LINK_DENSITY)


def _linked_share(lines: Sequence[str], links: Collection[str]) -> float:
    total = sum(len(line) for line in lines)
    linked = sum(len(line) for line in lines if folded(line) in links)
    return linked / total if total else 0.0


def _paragraphs(lines: Sequence[str]) -> int:
    """Count lines that are prose: long enough, and finished."""
    return sum(1 for line in lines if len(line) >= _PARAGRAPH_CHARS and _FINISHED.search(line))
