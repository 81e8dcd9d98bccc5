"""Lines that an extractor took for the article and that are not: each rule with its reason.

The rules look at form (a repeat of the headline, a line that is all link, an unfinished sentence,
an address) before they look at words, so that they hold in languages that nobody listed here.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pipeline.extract import phrases
from pipeline.extract.plain import folded, words

#: The headline, its date and its byline stand above the text, not in it.
_LEAD_LINES = 4
#: A tail of furniture is short; longer runs of short lines are lists of the article.
_TAIL_LINES = 15
_MAX_FURNITURE_CHARS = 300
_MAX_BYLINE_CHARS = 80
_MAX_DATE_WORDS = 10
_MAX_LABEL_WORDS = 5

_BULLET = re.compile(r"^[-*•]\s+")
_QUOTES = (
    "\N{LEFT DOUBLE QUOTATION MARK}",
    "\N{DOUBLE LOW-9 QUOTATION MARK}",
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    '"',
)
_LABEL_ENDS = (":", "|", ">", "»", "-", "\N{EN DASH}", "\N{EM DASH}")
_FULL_DATE = re.compile(r"\b\d{1,2}\b.*\b(?:19|20)\d\d\b|\b(?:19|20)\d\d\b.*\b\d{1,2}\b")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is left, and how many lines each rule took."""

    lines: list[str]
    removed: dict[str, int]


def clean(lines: Sequence[str], titles: Iterable[str], links: Collection[str]) -> Cleaned:
    """Take the lines out that are not the article.

    `titles` are the forms of the headline, `links` the folded texts of the page's links.
    """
    headlines = {folded(title) for title in titles if title}
    removed: Counter[str] = Counter()
    kept: list[str] = []
    for line in lines:
        rule = _lead_rule(line, headlines) if len(kept) < _LEAD_LINES else None
        rule = rule or ("see_also" if points_elsewhere(line, links) else None)
        if rule:
            removed[rule] += 1
        else:
            kept.append(line)
    end = len(kept)
    while end > 1 and len(kept) - end < _TAIL_LINES and is_furniture(kept[end - 1], links):
        end -= 1
    if end < len(kept):
        removed["tail"] = len(kept) - end
    return Cleaned(kept[:end], dict(removed))


def _lead_rule(line: str, headlines: Collection[str]) -> str | None:
    """Name what stands above an article and not in it."""
    if folded(line) in headlines:
        return "repeated_headline"
    if len(line) > _MAX_BYLINE_CHARS or phrases.FINISHED.search(line):
        return None
    if _FULL_DATE.search(line) and len(words(line)) <= _MAX_DATE_WORDS:
        return "date_line"
    return "byline" if phrases.BYLINE.match(line) else None


def points_elsewhere(line: str, links: Collection[str]) -> bool:
    """Tell whether a line sends the reader to another article: "Read more: ..." and the like.

    Words alone prove nothing; the line must also be a link, or no finished sentence.
    """
    plain = _BULLET.sub("", line)
    if len(plain) > _MAX_FURNITURE_CHARS:
        return False
    before, colon, target = plain.partition(":")
    if colon and len(words(before)) <= _MAX_LABEL_WORDS and folded(target) in links:
        return True  # "any label: a headline", in any language
    label = phrases.SEE_ALSO.match(plain)
    if not label:
        return False
    after = plain[label.end() :].lstrip()
    rest = after.lstrip(" ".join(_LABEL_ENDS))
    is_label = not after or after.startswith(_LABEL_ENDS)
    linked = folded(plain) in links or folded(rest) in links
    return linked or (is_label and not phrases.FINISHED.search(plain))


def is_furniture(line: str, links: Collection[str]) -> bool:
    """Tell whether a line at the end of an article belongs to the page and not to the article."""
    plain = _BULLET.sub("", line)
    if len(plain) > _MAX_FURNITURE_CHARS:
        return False
    if plain.startswith(_QUOTES):  # somebody speaks: prose, whatever the words
        return False
    signs = (phrases.REQUEST, phrases.RIGHTS, phrases.CONTACT, phrases.CREDIT)
    return (
        folded(plain) in links
        or any(sign.search(plain) for sign in signs)
        or points_elsewhere(plain, links)
        or plain.endswith(":")
    )
