"""Where the sentences of a text begin, and in which of them something stands.

Rules for six languages: a full stop after an abbreviation, an initial or a German or Turkish
ordinal ends nothing, and neither does any mark before a small letter. A blank line always does.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

VERSION = "1"
#: A text of more sentences is none; its rest counts as one.
MAX_SENTENCES = 5000
_END = re.compile(r"[.!?…؟۔][.!?…؟۔]{0,5}[\"'”“’»«›‹)\]]{0,4}\s+|\n\s*\n\s*")
#: Titles and ranks, months, the rest. With a full stop they end a sentence only if what follows can
#: hardly be a name.
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof gen lt col maj capt sgt cpl pvt brig adm cmdr sen rep gov pres rev hon st supt
    insp amb sec atty hr fr mag ing dipl min abg mme mlle mm me mgr sr sra srta dra dña lic exc doç
    yrd av org alb bşk jan feb mar apr jun jul aug sep sept oct nov dec okt dez janv févr avr juil
    ene abr ago vs al fig cf approx dept est inc ltd corp co no nos nr bzw ca evtl ggf inkl usw vgl
    sog tel str abs bd ff art núm pág vb vd yy örn bkz
    """.split()  # noqa: SIM905 - a list of words is easier to read without quotation marks
)
_WORD = re.compile(r"[^\W\d_]+\Z")
_WORD_CHARS = 12
_INITIALS = re.compile(r"(?:^|[^\w])[^\W\d_](?:\.[^\W\d_])*\Z")
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,2}\Z")
_ORDINAL_LANGUAGES = frozenset({"de", "tr", "da", "fi", "hu", "no"})
_STARTERS = re.compile(
    r"(?:The|This|That|These|Those|It|He|She|They|We|In|On|At|But|And|For|If|As|An?|Der|Die|Das"
    r"|Es|Er|Sie|Im|Am|Ein|Eine|Und|Aber|Le|La|Les|Il|Elle|Ils|Mais|El|Los|Las|Pero|Bu|Bir|Ancak)\b"
)


def sentence_starts(text: str, language: str | None = None) -> tuple[int, ...]:
    """Return where each sentence begins, in code points; nothing for a text without a word."""
    first = len(text) - len(text.lstrip())
    if first == len(text):
        return ()
    found = [first]
    for match in _END.finditer(text, first):
        after = match.end()
        if after == len(text) or len(found) == MAX_SENTENCES:
            break
        if _ends(text, match, language):
            found.append(after)
    return tuple(found)


def sentence_at(text: str, starts: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Return the sentence, or sentences, that hold text[start:end]: without space at the ends.

    Of a text without sentences it is the stretch itself.
    """
    if not starts:
        return start, end
    first = max(0, bisect_right(starts, start) - 1)
    last = max(first, bisect_right(starts, max(start, end - 1)) - 1)
    begin = min(starts[first], start)
    until = starts[last + 1] if last + 1 < len(starts) else len(text)
    return begin, begin + len(text[begin:until].rstrip())


def _ends(text: str, match: re.Match[str], language: str | None) -> bool:
    """Tell whether a sentence really ends with this mark."""
    if "\n\n" in match[0] or match[0].isspace() or match[0].count("\n") > 1:
        return True
    after = match.end()
    if text[after].islower():
        return False
    if not match[0].startswith(".") or match[0][1] == ".":
        return True
    before = text[max(0, match.start() - _WORD_CHARS) : match.start()]
    if not match[0][1].isspace():  # a quotation mark or bracket closes: no abbreviation's dot
        return True
    return not _is_abbreviated(before, language) or bool(_STARTERS.match(text, after))


def _is_abbreviated(before: str, language: str | None) -> bool:
    word = _WORD.search(before)
    if word and len(word[0]) < _WORD_CHARS and word[0].lower() in _ABBREVIATIONS:
        return True
    if _INITIALS.search(before):
        return True
    return language in _ORDINAL_LANGUAGES and _ORDINAL.search(before) is not None
