"""Text → one lxml tree, within limits that keep hostile pages cheap. What was cut is flagged.

libxml2 cuts deep and huge pages without an error; we raise its limits, read its log, and cut
ourselves (visibly) where a page would otherwise cost seconds.
"""

import re
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement, HTMLParser

#: Elements; 99.9% of news pages stay under 10,000. Guards the XPath steps, which are linear in it.
MAX_TAGS = 60_000
#: Attributes of one element; libxml2 compares each with each.
MAX_ATTRIBUTES = 256
#: libxml2 drops everything after a text node or attribute of 10 MB.
MAX_NODE_CHARS = 9_000_000

#: One attribute as a tokenizer reads it: a quoted value may hold < and >, and one that is never
#: closed runs to the end. Every repetition is possessive, so that matching stays linear.
_VALUE = r"""=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?"""
_COMMENT = r"<!--(?:[^-]++|-(?!-!?>))*+"
#: Their content is raw text: quotes and tags inside mean nothing, so it is passed over whole.
_RAW = ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
_TAG = re.compile(
    rf"{_COMMENT}|(?P<tag><(?:(?P<raw>{'|'.join(_RAW)})(?=[\s/>])"
    rf"|[a-z][^\s/>]*+)(?:[\s/]++|[^\s/>=]++|{_VALUE})*+>?)"
    r"(?(raw)(?:[^<]++|<(?!/(?P=raw)))*+)",
    re.IGNORECASE,
)
#: A whole page of tags that all end and have few attributes: the same grammar in one match, which
#: takes a third of the time of looking at each tag.
_FEW = rf"(?:[\s/]*+[^\s/>=]++(?:\s*+{_VALUE})?){{0,{MAX_ATTRIBUTES}}}+[\s/]*+>"
_ORDINARY = re.compile(
    rf"(?:[^<]++|<(?![a-z!])|<!(?!--)|{_COMMENT}|"
    + "|".join(rf"<{name}(?=[\s/>]){_FEW}(?:[^<]++|<(?!/{name}))*+" for name in _RAW)
    + rf"|<[a-z][^\s/>]*+{_FEW})*+",
    re.IGNORECASE,
)
_TAG_NAME = re.compile(r"<[a-zA-Z][^\s/>]{0,50}+")
_ATTRIBUTE = re.compile(rf"[^\s/>=]++(?:\s*+{_VALUE})?")
#: C0 controls but tab and line breaks.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_BINARY_SIGNATURES = (
    b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"RIFF", b"\x1f\x8b",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed page; `root` is None when nothing could be made of it."""

    root: HtmlElement | None
    markup: str  # what was parsed: the page within the limits
    flags: tuple[str, ...] = ()


def is_binary(body: bytes) -> bool:
    """Tell whether bytes that were served as a page are a document or picture of another kind."""
    return body.lstrip()[:8].startswith(_BINARY_SIGNATURES)


def parse(text: str) -> Tree:
    """Parse a page. The flag "truncated" says that part of it is missing from the tree."""
    markup, cut = within_limits(text)
    parser = HTMLParser(
        huge_tree=True,  # depth 2,048 and large nodes instead of 255 and 10 MB
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        default_doctype=False,
        no_network=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(markup.encode("utf-8", "ignore").translate(None, _CONTROLS), parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        root = None
    limited = any(
        entry.type in (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG)
        for entry in parser.error_log
    )
    return Tree(root, markup, ("truncated",) if cut or limited else ())


def within_limits(markup: str) -> tuple[str, bool]:
    """Return the markup cut to our limits, and whether anything was lost."""
    small = len(markup) <= MAX_NODE_CHARS and markup.count("<") <= MAX_TAGS
    if small and _ORDINARY.fullmatch(markup):
        return markup, False
    kept: list[str] = []
    position = 0  # of what is not in `kept` yet
    end = 0  # of the last tag
    for count, tag in enumerate(_TAG.finditer(markup)):
        if count == MAX_TAGS:
            return "".join(kept) + markup[position : tag.start()], True
        if tag.start() - end > MAX_NODE_CHARS:
            kept.append(markup[position : end + MAX_NODE_CHARS])
            position = tag.start()
        end = tag.end()
        opening = tag["tag"] or ""  # none for a comment
        if len(opening) > MAX_ATTRIBUTES * 2 and (short := _short_tag(opening)):
            kept += (markup[position : tag.start()], short)
            position = tag.end("tag")
    if len(markup) - end > MAX_NODE_CHARS:
        return "".join(kept) + markup[position : end + MAX_NODE_CHARS], True
    return ("".join(kept) + markup[position:], True) if kept else (markup, False)


def _short_tag(tag: str) -> str | None:
    """Return a tag cut to our limits; None when it is within them."""
    name = _TAG_NAME.match(tag)
    if name is None or len(tag) > MAX_NODE_CHARS:
        return (name[0] if name else "<p") + ">"
    for count, part in enumerate(_ATTRIBUTE.finditer(tag, name.end())):
        if count == MAX_ATTRIBUTES:
            return tag[: part.start()] + ">"
    return None
