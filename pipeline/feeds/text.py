"""Plain text from the HTML of feeds. What is kept is text: nothing of the markup survives."""

import html
import re
import unicodedata

from lxml import etree
from lxml import html as lxml_html

MAX_TITLE_CHARS = 1_000
MAX_SUMMARY_CHARS = 20_000
MAX_CONTENT_CHARS = 1_000_000

_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
        "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td",
        "th", "tr", "ul",
    }
)  # fmt: skip
_DROPPED = frozenset(
    {
        "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math",
        "head", "title", "textarea",
    }
)  # fmt: skip
#: Control characters but tab and line ends; lone surrogates; zero width space and byte order mark.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b\ufeff\ufffe\uffff]"
)
#: They reorder what a reader sees. The joiners (U+200C, U+200D) stay: Persian needs them.
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"</?[A-Za-z!]|&#?\w{1,31};")
_TAG = re.compile(r"<[^<>]*>")
_RESOURCE_LIMIT = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")


def clean_text(text: str) -> str:
    """Return NFC text without control characters, runs of white space folded to one space."""
    return unicodedata.normalize("NFC", " ".join(_INVISIBLE.sub("", text).split()))


def clean_title(text: str) -> tuple[str, bool]:
    """Return one line for a headline (bidi controls removed) and whether it was cut."""
    title = clean_text(_BIDI.sub("", text))
    return title[:MAX_TITLE_CHARS].rstrip(), len(title) > MAX_TITLE_CHARS


def plain(text: str, *, is_html: bool = True) -> str:
    """Return the plain text of a piece of HTML; blocks become lines separated by a blank line."""
    text = _INVISIBLE.sub("", text)
    if is_html and _MARKUP.search(text):
        text = _strip(text[:MAX_CONTENT_CHARS]) if "<" in text else html.unescape(text)
        text = _INVISIBLE.sub("", text)
    folded = _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
    return unicodedata.normalize("NFC", folded.replace("\n", "\n\n"))


def _strip(markup: str) -> str:
    """Walk the tree and keep what a reader sees."""
    # huge_tree: without it libxml2 silently drops everything deeper than 256 elements.
    parser = lxml_html.HTMLParser(huge_tree=True, no_network=True, remove_comments=True,
                                  remove_pis=True)  # fmt: skip
    try:
        root = lxml_html.document_fromstring(f"<div>{markup}</div>", parser=parser)
    except (etree.ParserError, ValueError):
        root = None
    # Deeper than 2,048 elements the parser gives up and loses the rest: then tags are just cut out.
    if root is None or any(entry.type == _RESOURCE_LIMIT for entry in parser.error_log):
        return html.unescape(_TAG.sub(" ", markup))
    pieces: list[str] = []
    skipped = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if skipped is None:
                if tag in _DROPPED:
                    skipped = element
                    continue
                pieces.append("\n" if tag in _BLOCKS else "")
                pieces.append(_inline(element.text))
            continue
        if skipped is element:
            skipped = None
        elif skipped is not None:
            continue
        elif tag in _BLOCKS:
            pieces.append("\n")
        pieces.append(_inline(element.tail))
    return "".join(pieces)


def _inline(text: str | None) -> str:
    """Line ends in HTML are only spaces."""
    return text.replace("\n", " ").replace("\r", " ") if text else ""
