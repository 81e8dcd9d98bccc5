"""One pass over the markup before any parser sees it: limits are kept, damage is mended.

The output is XML without declarations, comments and processing instructions, balanced, with every
ampersand meaning something. It takes time linear in the input, which the parsers behind it do not
(1 MB of "<!--" costs feedparser more than a minute), so this is also what guards them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from pipeline.errors import Permanent
from pipeline.feeds.repair import drop_forbidden, repair_references

MAX_DEPTH = 256
MAX_ATTRIBUTES = 64
MAX_TAGS = 500_000

_TOKEN = re.compile(r"<(?:(?P<comment>!--)|(?P<cdata>!\[CDATA\[)|(?P<markup>[!?])"
                    r"|(?P<end>/)?(?P<name>[A-Za-z_][\w:.-]{0,200}))?")  # fmt: skip
#: The rest of a tag. No "<" in it: what looks like a tag without end is text.
_REST = re.compile(r"(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>|[^<>]*+>")
_ATTRIBUTE = re.compile(r"[\s\"'][\w:.-]+\s*=")
_BASE = re.compile(r"\s(?:xml:)?base\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_SCHEME = re.compile(r"[\s\"']*(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:", re.IGNORECASE)
#: HTML that somebody forgot to escape: these have no end tag.
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_REPEATED = frozenset({"p", "li"})
#: Children of an item that hold text only: the start of one ends the other.
_LEAVES = frozenset(
    {"title", "link", "guid", "pubdate", "description", "category", "id", "published", "updated"}
)
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}


@dataclass(frozen=True, slots=True)
class Scanned:
    """A document that is safe to parse."""

    text: str  # all of it
    head: str  # what stands before the first item
    items: tuple[str, ...]  # the source of each item that is kept, in document order
    tail: str  # what stands after the last one
    total: int  # items in the document, kept or not
    truncated: bool  # the document ends before its root element does
    truncated_item: bool  # and so does the last item kept
    warnings: tuple[str, ...]

    def alone(self, index: int) -> str:
        """Return a document with one item only, for when a neighbour breaks the parser."""
        return "".join((self.head, self.items[index], self.tail))


def prescan(text: str, *, item_names: Collection[str], max_items: int) -> Scanned:
    """Scan from the root element on. Raises Permanent when a limit is broken."""
    text, dropped = drop_forbidden(text)
    scan = _Scan(text, frozenset(item_names), max_items)
    scan.run()
    warnings = ["control_characters"] if dropped else []
    return scan.result(warnings)


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    piece: int  # index of its start tag among the pieces


@dataclass(slots=True)
class _Scan:
    """The state of one pass."""

    text: str
    item_names: frozenset[str]
    max_items: int
    pieces: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)  # piece ranges
    open_item: int | None = None  # depth of the item that we are in
    total: int = 0
    skipping: bool = False  # inside an item over the limit: nothing is emitted
    malformed: bool = False
    cut: bool = False  # the text ended inside a tag, comment or CDATA section
    prefixes: set[str] = field(default_factory=set)
    tags: int = 0
    root_name: str = ""
    root_closed: bool = False

    def run(self) -> None:
        """Go through all tokens."""
        position = 0
        while token := _TOKEN.search(self.text, position):
            self._text(position, token.start())
            position = self._token(token)
            if position < 0:
                self.cut = True
                return
        self._text(position, len(self.text))

    def _emit(self, piece: str) -> None:
        if piece and not self.skipping:
            self.pieces.append(piece)

    def _text(self, start: int, end: int) -> None:
        """Mend and emit the text between two tags."""
        if start >= end or not self.stack:
            return
        given = self.text[start:end]
        mended = repair_references(given).replace("]]>", "]]&gt;")
        self.malformed |= "&" in given and _bare_ampersand(given)
        self._emit(mended)

    def _token(self, token: re.Match[str]) -> int:
        """Take one token and return where the next may start; -1 when the text ends inside it."""
        if token["comment"]:
            return _after(self.text, "-->", token.end())
        if token["cdata"]:
            end = _after(self.text, "]]>", token.end())
            if end > 0 and self.stack:
                self._emit(self.text[token.start() : end])
            return end
        if token["markup"]:
            return _after(self.text, ">", token.end())
        rest = _REST.match(self.text, token.end()) if token["name"] else None
        if rest is None:
            return self._bare(token)
        self.tags += 1
        if self.tags > MAX_TAGS:
            raise Permanent("too_many_tags", f"more than {MAX_TAGS} tags")
        if token["end"]:
            self._end(token["name"])
        else:
            self._start(token["name"], self.text[token.start() : rest.end()])
        return rest.end()

    def _bare(self, token: re.Match[str]) -> int:
        """Treat a "<" that begins no tag as text, unless the document was cut off here."""
        if token["name"] and self.text.find("<", token.end()) < 0:
            return -1
        self.malformed = True
        if self.stack:
            self._emit("&lt;")
        return token.start() + 1

    def _start(self, name: str, tag: str) -> None:
        """Open an element."""
        attributes = sum(1 for _ in _ATTRIBUTE.finditer(tag)) if len(tag) > MAX_ATTRIBUTES else 0
        if attributes > MAX_ATTRIBUTES:
            raise Permanent("too_many_attributes", f"<{name}> has {attributes}")
        lowered = name.lower()
        self._close_siblings(lowered)
        if len(self.stack) >= MAX_DEPTH:
            raise Permanent("too_deep", f"more than {MAX_DEPTH} elements inside each other")
        prefix, colon, _ = name.partition(":")
        if colon and prefix != "xml":
            self.prefixes.add(prefix)
        if lowered.rpartition(":")[2] in self.item_names and self.open_item is None:
            self._start_item()
        depth = len(self.stack)
        self.malformed |= self.root_closed and depth == 0
        tag = repair_references(tag)
        if "base" in tag:
            tag = _BASE.sub(lambda found: "" if _SCHEME.match(found[1]) else found[0], tag)
        if not self.root_name:
            self._root(name, tag)
        elif tag.endswith("/>"):
            self._emit(tag)
            if self.open_item == depth:
                self._end_item()
        elif lowered in _VOID:
            self.malformed = True
            self._emit(tag[:-1] + "/>")
        else:
            self.stack.append(_Open(name, len(self.pieces)))
            self._emit(tag)

    def _root(self, name: str, tag: str) -> None:
        """Open the root element, which stays open to the end even if it says it is empty."""
        self.root_name = name
        if tag.endswith("/>"):
            self._emit(tag[:-2] + ">")
            self.root_closed = True
            return
        self._emit(tag)
        self.stack.append(_Open(name, 0))

    def _close_siblings(self, lowered: str) -> None:
        """End what the next element shows to have ended: item before item, title before link."""
        if self.open_item is not None:
            item = self.stack[self.open_item]
            if item.name.lower() == lowered:
                self.malformed = True
                self._close_down_to(self.open_item)
                return
        top = self.stack[-1].name.lower() if self.stack else ""
        twice = lowered in _REPEATED and top == lowered
        leaf = self.open_item == len(self.stack) - 2 and lowered in _LEAVES and top in _LEAVES
        if twice or leaf:
            self.malformed = True
            self._close_down_to(len(self.stack) - 1)

    def _start_item(self) -> None:
        self.total += 1
        self.open_item = len(self.stack)
        self.skipping = self.total > self.max_items
        if not self.skipping:
            self.items.append((len(self.pieces), -1))

    def _end_item(self) -> None:
        self.open_item = None
        if self.skipping:
            self.skipping = False
        else:
            self.items[-1] = (self.items[-1][0], len(self.pieces))

    def _end(self, name: str) -> None:
        """Close an element, and what was left open inside it; ignore an end without a start."""
        lowered = name.lower()
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth].name.lower() == lowered:
                self.malformed |= depth != len(self.stack) - 1
                self._close_down_to(depth)
                return
        self.malformed = True

    def _close_down_to(self, depth: int) -> None:
        """Close elements until `depth` are open. The end of the root is written last of all."""
        while len(self.stack) > depth:
            closed = self.stack.pop()
            if not self.stack and not self.root_closed:
                self.root_closed = True
                return
            self._emit(f"</{closed.name}>")
            if self.open_item == len(self.stack):
                self._end_item()

    def result(self, warnings: list[str]) -> Scanned:
        """Cut half-read elements off, close what is open, and divide the document into items."""
        truncated = bool(self.stack) or self.cut
        half = self.open_item is not None and truncated and not self.skipping
        if half and self.open_item is not None:
            inside = self.stack[self.open_item + 1 :]
            if inside:
                del self.pieces[inside[0].piece :]
                del self.stack[self.open_item + 1 :]
        self._close_down_to(0)
        if self.root_name:
            self.pieces.append(f"</{self.root_name}>")
        undeclared = self._declare_prefixes()
        if self.malformed or undeclared:
            warnings.append("malformed_xml")
        if undeclared:
            warnings.append("undeclared_namespace")
        if truncated:
            warnings.append("truncated")
        return self._divide(warnings, truncated=truncated, half=half)

    def _declare_prefixes(self) -> bool:
        """Declare on the root what is used without a declaration; tell whether any was."""
        missing = [p for p in sorted(self.prefixes) if f"xmlns:{p}=" not in self.text]
        missing = [p for p in missing if not re.search(rf"xmlns:{re.escape(p)}\s*=", self.text)]
        if missing and self.pieces:
            declared = "".join(
                f' xmlns:{p}="{_NAMESPACES.get(p.lower(), "urn:undeclared:" + p)}"' for p in missing
            )
            at = 1 + len(self.root_name)
            self.pieces[0] = self.pieces[0][:at] + declared + self.pieces[0][at:]
        return bool(missing)

    def _divide(self, warnings: list[str], *, truncated: bool, half: bool) -> Scanned:
        pieces, spans = self.pieces, self.items
        items = tuple("".join(pieces[start:end]) for start, end in spans)
        first = spans[0][0] if spans else len(pieces)
        last = spans[-1][1] if spans else len(pieces)
        return Scanned(
            text="".join(pieces),
            head="".join(pieces[:first]),
            items=items,
            tail="".join(pieces[last:]),
            total=self.total,
            truncated=truncated,
            truncated_item=half,
            warnings=tuple(warnings),
        )


def _after(text: str, terminator: str, start: int) -> int:
    """Return the offset behind a terminator, -1 when it never comes."""
    end = text.find(terminator, start)
    return end + len(terminator) if end >= 0 else -1


def _bare_ampersand(text: str) -> bool:
    """Tell whether an XML parser would stumble over an ampersand here."""
    return (
        re.search(r"&(?!#\d{1,7};|#x[0-9A-Fa-f]{1,6};|amp;|lt;|gt;|quot;|apos;)", text) is not None
    )
