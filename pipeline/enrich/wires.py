"""Which news agency a text credits, at its head or its foot: whose text several outlets print."""

import re

VERSION = "1"
#: Agency → how it is credited, by letters that stand alone.
_AGENCIES = {
    "AA": r"AA|Anadolu(?: Agency| Ajansı)?|الأناضول",
    "AFP": r"AFP|Agence France-Presse|فرانس برس|أ ف ب",
    "ANSA": r"ANSA",
    "AP": r"AP|Associated Press|أسوشيتد برس",
    "BBC Monitoring": r"BBC Monitoring",
    "DHA": r"DHA|Demirören Haber Ajansı",
    "dpa": r"dpa|DPA|Deutsche Presse-Agentur|د ب أ",
    "EFE": r"EFE",
    "IHA": r"İHA|IHA|İhlas Haber Ajansı",
    "Interfax": r"Interfax",
    "Reuters": r"Reuters|REUTERS|رويترز",
    "SANA": r"SANA|سانا",
    "TASS": r"TASS",
    "UPI": r"UPI",
    "Xinhua": r"Xinhua|شينخوا",
}
#: Where a credit stands: after a dateline or alone at the head; alone in brackets or after a word
#: of reporting at the foot. A text that speaks of an agency elsewhere credits nobody.
_HEAD_CHARS, _FOOT_CHARS = 120, 160
_NAMED = "|".join(f"(?P<a{number}>{names})" for number, names in enumerate(_AGENCIES.values()))
_HEAD = re.compile(
    rf"^\W{{0,3}}(?:[^\W\d_][^\n.!?:]{{0,80}}?[,(/\s–—-]\s?)?(?<!\w)(?:{_NAMED})(?!\w)\)?"
    r"\s{0,2}(?:[-–—:|)/]|\n|$)"
)
_FOOT = re.compile(
    r"(?:[(\[/|]\s?|\n\s*|(?:^|[\s(])(?:Source|Quelle|Kaynak|Fuente|Agence|Reporting by|Avec|With"
    r"|Mit Material(?:ien)? (?:von|der)|المصدر)\s?:?\s)"
    rf"(?:[^\n.()]{{0,40}}?[\s/,])?(?<!\w)(?:{_NAMED})(?!\w)[^\n.(]{{0,20}}[)\]/|.]?\s*$"
)


def wire_credit(text: str) -> str | None:
    """Return the agency that a text credits, None: it credits none that we know."""
    match = _HEAD.search(text[:_HEAD_CHARS]) or _FOOT.search(text[-_FOOT_CHARS:])
    if match is None:
        return None
    names = list(_AGENCIES)
    return next(names[number] for number in range(len(names)) if match[f"a{number}"])
