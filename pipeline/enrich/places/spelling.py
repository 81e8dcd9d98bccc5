"""Which of the names that GeoNames has for a place are of use, and what they look like as keys."""

import re

from pipeline.enrich.folding import fold_key

_LATIN = re.compile(r"[A-Z\u00c0-\u024f\u1e00-\u1eff][a-z' A-Z\u00c0-\u024f\u1e00-\u1eff’‘ʼʻ.-]+")
_ARABIC = re.compile(r"[\u0621-\u064a\u0670-\u06d3 ]{3,}")
_ENGLISH = "Governorate|Province|Region|Prefecture|Oblast|Department|Voivodeship|Canton|County"
_ENGLISH_SUFFIX = re.compile(rf" (?:{_ENGLISH})$")
_SUFFIX = re.compile(rf" (?:{_ENGLISH}|State|District|Land)$")
_PREFIX = re.compile(r"^(?:State of|Province of|Land|محافظة|ولاية|مقاطعة) ")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z -]*")


def key_of(name: str) -> str:
    """Return the folded name. Most names are plain, and folding costs as much as all the rest."""
    return name.lower().replace("-", " ") if _PLAIN.fullmatch(name) else fold_key(name)


def usable_alias(alias: str) -> bool:
    """Tell whether another name is one that texts use.

    Not codes of airports (ALP), not spellings that machines made (manbiji), not other scripts.
    """
    if _ARABIC.fullmatch(alias):
        return True
    return _LATIN.fullmatch(alias) is not None and not alias.isupper()


def english_region_name(names: tuple[str, ...]) -> str:
    """Return what a first-order division is called: its English name where one can be told."""
    return next((name for name in names if _ENGLISH_SUFFIX.search(name)), names[0])


def plain_region_name(name: str) -> str:
    """Return the name without the word that says what it is: "Aleppo Governorate"."""
    return _PREFIX.sub("", _SUFFIX.sub("", name))
