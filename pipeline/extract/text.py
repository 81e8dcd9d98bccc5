"""One tree → the body of the article. trafilatura decides, resiliparse watches over it.

trafilatura's precision mode without its fallback extractors is the best and the quickest on news,
but loses the article altogether on one page in sixteen. A second extractor that works by other
means sees that, and then the slower runs are taken. Measured on 218 news pages: as good as running
all fallbacks on every page (F1 .961, the default run .949), for two thirds of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extract import libraries, tree
from pipeline.extract.plain import clean_lines, folded

#: Less than this share of the witness's words: the run has lost the article. Any value from .5 to
#: 1 gives the same F1; a low one costs least time.
_MIN_SHARE_OF_WITNESS = 0.6

#: Never text. Dropped before anything walks the tree: half of the elements of a news page.
INERT = ("script", "style", "svg", "noscript", "template", "link", "meta", "iframe", "object",
         "embed", "canvas", "audio", "video", "picture", "source", "img", "map")  # fmt: skip
#: Page furniture by its meaning in HTML. trafilatura drops it too, but only after several walks.
FURNITURE = ("nav", "footer", "aside", "button", "select", "input", "textarea", "label", "dialog",
             "menu")  # fmt: skip
_BOXES = ("div", "span", "li", "ul", "section", "a", "figure", "i")


@dataclass(frozen=True, slots=True)
class BodyText:
    """The lines of an article as extracted, not yet cleaned."""

    lines: list[str]
    links: frozenset[str]  # folded texts of all links on the page
    agreement: float  # 0..1: share of the different words that both extractors have
    share: float  # our words / the witness's
    link_density: float  # 0..1: of all text on the page
    page_words: int  # words on the whole page, furniture left out
    teasers: int  # headings that are links to something else
    flags: tuple[str, ...]


def drop_furniture(root: HtmlElement) -> None:
    """Take out what is never the article, in place; the text after such an element stays."""
    etree.strip_elements(root, *INERT, *FURNITURE, with_tail=False)


def drop_empty(root: HtmlElement) -> None:
    """Take out boxes that hold nothing (slots, icons), in place: a fifth of all elements."""
    for box in reversed(list(root.iter(*_BOXES))):  # inner ones first: theirs may then be empty
        empty = not len(box) and not (box.text or "").strip() and not (box.tail or "").strip()
        if empty and box.getparent() is not None:
            box.getparent().remove(box)


def drop_headers(root: HtmlElement) -> None:
    """Take out the page's own header, in place; that of an <article> or <main> stays."""
    for header in root.xpath("//header[not(ancestor::article or ancestor::main)]"):
        if header.getparent() is not None:
            header.drop_tree()


def read_body(root: HtmlElement, markup: str) -> BodyText:
    """Find the article in a tree (which is changed) whose source is `markup`."""
    flags: list[str] = []
    drop_headers(root)
    drop_empty(root)
    links = [link.text_content() for link in root.iter("a")]
    page_words = len(root.text_content().split())
    witness = libraries.witness_text(markup, flags).split()
    text, own = "", list[str]()
    for name, run in _runs(root, markup, flags):
        candidate = run()
        found = candidate.split()
        if len(found) > len(own):
            text, own = candidate, found
        if own and len(own) >= _MIN_SHARE_OF_WITNESS * len(witness):
            break
        flags.append(f"not_enough_by_{name}")
    linked = sum(len(link.split()) for link in links)
    return BodyText(
        clean_lines(text),
        frozenset(key for link in links if (key := folded(link))),
        agreement=_agreement(own, witness),
        share=len(own) / len(witness) if witness else 1.0,
        link_density=min(1.0, linked / page_words) if page_words else 0.0,
        page_words=page_words,
        teasers=len(root.xpath("//*[self::h2 or self::h3 or self::h4][.//a or parent::a]")),
        flags=tuple(flags),
    )


def _runs(
    root: HtmlElement, markup: str, flags: list[str]
) -> tuple[tuple[str, Callable[[], str]], ...]:
    """Return the ways to read a body, cheapest first.

    The last works on a tree that still has everything: the furniture may hold the article.
    """

    def default() -> str:
        fresh = tree.parse(markup).root
        return "" if fresh is None else libraries.main_text(fresh, flags)

    return (
        ("quick_run", lambda: libraries.main_text(root, flags, precise=True, fallbacks=False)),
        ("precise_run", lambda: libraries.main_text(root, flags, precise=True)),
        ("default_run", default),
    )


def _agreement(first: list[str], second: list[str]) -> float:
    """Return the Jaccard index of the words of two texts."""
    one, two = set(first), set(second)
    either = len(one | two)
    return len(one & two) / either if either else 1.0
