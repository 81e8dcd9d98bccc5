"""From a text and what was found in it to HTML in which the text itself stays what it is. Pure.

Marks may overlap and cross paragraphs: the text is cut wherever one begins or ends, and each piece
says all that it belongs to. Whatever a text holds, its characters come out in their order; those
that would turn or hide what stands around them are shut in and shown.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from pipeline.index.highlight import MARK_CLOSE, MARK_OPEN

_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_MARKED = re.compile(f"{MARK_OPEN}([^{MARK_OPEN}{MARK_CLOSE}]*){MARK_CLOSE}")
#: Controls, overrides of direction, tags. Joiners and direction marks, which Arabic, Persian and
#: Hindi need, are not among them, nor is a soft hyphen.
_HIDING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2061-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Something found in a text. Offsets are code points, the end is exclusive."""

    start: int
    end: int
    kind: str  # a CSS class: person, organisation, place, topic, quote, query
    says: str  # what a reader is told of it
    key: str = ""  # leads here from elsewhere on the page: the id of its first piece
    href: str = ""  # leads elsewhere; of those at one place the shortest wins


def marked_paragraphs(text: str, spans: Collection[Span]) -> Markup:
    """Return a text as paragraphs with its spans marked. Spans outside of the text are cut."""
    return Markup().join(_paragraphs(text, _Cut(text, spans)))


def marked_line(text: str, spans: Collection[Span]) -> Markup:
    """Return a text without paragraphs (a headline) with its spans marked."""
    return _Cut(text, spans).between(0, len(text))


def _paragraphs(text: str, cut: "_Cut") -> Iterator[Markup]:
    at = 0
    for gap in [*_PARAGRAPHS.finditer(text), None]:
        end = gap.start() if gap else len(text)
        if end > at:
            yield Markup('<p dir="auto">{}</p>').format(cut.between(at, end))
        if gap:
            yield plain(gap.group())
            at = gap.end()


class _Cut:
    """A text cut at every beginning and end of a span."""

    def __init__(self, text: str, spans: Collection[Span]) -> None:
        inside = [
            Span(max(0, one.start), min(len(text), one.end), one.kind, one.says, one.key, one.href)
            for one in spans
        ]
        self._text = text
        self._spans = sorted(
            (one for one in inside if one.start < one.end), key=lambda one: (one.start, -one.end)
        )
        self._next = 0
        self._open: list[Span] = []
        self._begun: set[str] = set()

    def between(self, start: int, end: int) -> Markup:
        """Return the part from one place to another; parts are asked for in their order."""
        return Markup().join(self._pieces(start, end))

    def _pieces(self, at: int, end: int) -> Iterator[Markup]:
        while at < end:
            while self._next < len(self._spans) and self._spans[self._next].start <= at:
                self._open.append(self._spans[self._next])
                self._next += 1
            self._open = [one for one in self._open if one.end > at]
            ends = [one.end for one in self._open]
            if self._next < len(self._spans):
                ends.append(self._spans[self._next].start)
            until = min([*ends, end])
            yield self._piece(at, until)
            at = until

    def _piece(self, start: int, end: int) -> Markup:
        shown = plain(self._text[start:end])
        if not self._open:
            return shown
        keys = list(dict.fromkeys(one.key for one in self._open if one.key))
        keys = [key for key in keys if key not in self._begun]
        self._begun.update(keys)
        kinds = " ".join(dict.fromkeys(one.kind for one in self._open))
        says = "; ".join(dict.fromkeys(one.says for one in self._open if one.says))
        linked = [one for one in self._open if one.href]
        if linked:
            href = min(linked, key=lambda one: one.end - one.start).href
            shown = Markup('<a href="{}">{}</a>').format(href, shown)
        anchors = Markup().join(Markup('<span id="{}"></span>').format(key) for key in keys[:-1])
        own = Markup(' id="{}"').format(keys[-1]) if keys else Markup()
        body = Markup('<mark class="{}" title="{}"{}>{}</mark>').format(kinds, says, own, shown)
        return anchors + body


def plain(text: str) -> Markup:
    """Return text as text: escaped, with what would turn or hide its neighbours shut in."""
    pieces, at = [], 0
    for match in _HIDING.finditer(text):
        pieces.append(escape(text[at : match.start()]))
        pieces.append(_shut_in(match.group()))
        at = match.end()
    return Markup().join([*pieces, escape(text[at:])])


def _shut_in(char: str) -> Markup:
    """Show a character that cannot be seen, inside of which its effect ends."""
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "a character without a name").lower()
    return Markup('<bdi class="hidden" data-code="{}" title="{}">{}</bdi>').format(
        code, f"{code}, {name}", Markup("&#13;") if char == "\r" else char
    )  # a reader of HTML makes another character of a plain carriage return


def marked_fragment(fragment: str) -> Markup:
    """Return a fragment of a hit with what was found in it marked; stray marks are text."""
    pieces, at = [], 0
    for match in _MARKED.finditer(fragment):
        pieces.append(plain(fragment[at : match.start()]))
        pieces.append(Markup("<mark>{}</mark>").format(plain(match[1])))
        at = match.end()
    return Markup().join([*pieces, plain(fragment[at:])])
