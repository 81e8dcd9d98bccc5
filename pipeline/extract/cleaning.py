"""Lines that an extractor took for the article and that are not: each rule with its reason.

The rules look at form (a repeat of the headline, a line that is all link, an unfinished sentence,
an address) before they look at words, so that they hold in languages that nobody listed here.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pipeline.extract.plain import folded, words

#: The headline, its date and its byline stand above the text, not in it.
_LEAD_LINES = 4
#: A tail of furniture is short; longer runs of short lines are lists of the article.
_TAIL_LINES = 15
_MAX_FURNITURE_CHARS = 300
_MAX_BYLINE_CHARS = 80
_MAX_DATE_WORDS = 10

_FINISHED = re.compile(r"[.!?…。！？؟۔»”\"')\]]\s*$")
_BULLET = re.compile(r"^[-*•–]\s+")
#: "Read more: ...", "Related: ...", in the languages of the feeds we know; then a link or a title.
_SEE_ALSO = re.compile(
    r"(?:read (?:more|also|next)|also read|more (?:on|from|like) this|see also|see more|related"
    r"(?: (?:articles?|stories|story|coverage|content|links?|posts?|news|topics?))?|recommended"
    r"|don['’]?t miss|you (?:may|might) (?:also )?(?:like|enjoy|be interested)|more stories"
    r"|up next|watch(?: (?:more|now|live))?|also|advertisement|sponsored"
    r"|lesen sie (?:auch|mehr)|mehr zum thema|lire aussi|à lire aussi|lee también|te puede interesar"
    r"|leia (?:também|mais)|leggi anche|lees ook|læs også|les også|ayrıca (?:oku|bkz)|ilgili haber(?:ler)?"
    r"|اقرأ أيضا|إقرأ أيضا|читайте также|関連記事|相关阅读)\b",
    re.IGNORECASE,
)
#: What a page asks its reader to do, at its end.
_REQUEST = re.compile(
    r"\b(?:subscribe|sign up|sign in|log in|newsletters?|follow (?:us|him|her|me|them|the|@)|like us"
    r"|download (?:our|the) app|get (?:the|our) (?:latest|best|day)|join (?:us|the conversation)"
    r"|click here|bookmark|support (?:us|our)|donate|share (?:this|on)|have a tip|contact (?:us|the)"
    r"|can be reached|may be reached|reach (?:the|him|her)|e-?mail (?:us|the|him|her)|on (?:twitter|facebook)"
    r"|abonnieren|abonniere|anmelden|folgen sie|abonnez[- ]vous|suivez|inscrivez|suscríbete|síguenos"
    r"|assine|inscreva|siga|iscriviti|seguici|abone ol|takip ed|bültenim|اشترك|تابعنا|подпис)",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"©|\(c\)\s*(?:19|20)\d\d|\bcopyright\b|all rights reserved|alle rechte vorbehalten"
    r"|tous droits réservés|tüm hakları|جميع الحقوق محفوظة|derechos reservados|trust principles",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?:^|\s)@\w{3,}|https?://|\bwww\.")
_CREDIT = re.compile(
    r"^\W*(?:\(?(?:additional )?report(?:ing|ed) by|edit(?:ing|ed) by|writing by|photos? by|image:)",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:by|von|par|por|di|door|af|av)\s+\S+(?:\s+\S+){1,6}$", re.IGNORECASE)
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
    if len(line) > _MAX_BYLINE_CHARS or _FINISHED.search(line):
        return None
    if _FULL_DATE.search(line) and len(words(line)) <= _MAX_DATE_WORDS:
        return "date_line"
    return "byline" if _BYLINE.match(line) else None


def points_elsewhere(line: str, links: Collection[str]) -> bool:
    """Tell whether a line sends the reader to another article: "Read more: ..." and the like.

    The words alone prove nothing; the line must also be a link, or no finished sentence.
    """
    plain = _BULLET.sub("", line)
    label = _SEE_ALSO.match(plain)
    if not label or len(plain) > _MAX_FURNITURE_CHARS:
        return False
    rest = plain[label.end() :].lstrip(" :–—-|>»")
    is_label = plain[label.end() :].lstrip()[:1] in ("", ":", "–", "—", "-", "|", ">", "»")
    linked = folded(plain) in links or folded(rest) in links
    return linked or (is_label and not _FINISHED.search(plain))


def is_furniture(line: str, links: Collection[str]) -> bool:
    """Tell whether a line at the end of an article belongs to the page and not to the article."""
    plain = _BULLET.sub("", line)
    if len(plain) > _MAX_FURNITURE_CHARS:
        return False
    signs = (_REQUEST, _RIGHTS, _CONTACT, _CREDIT)
    return (
        folded(plain) in links
        or any(sign.search(plain) for sign in signs)
        or points_elsewhere(plain, links)
        or plain.endswith(":")
    )
