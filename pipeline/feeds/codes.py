"""Country and language codes that there are, and what people write instead of them. Pure.

ISO 3166-1 alpha-2 as the IANA time zone database lists it (iso3166.tab), with XK, which everybody
uses for Kosovo; ISO 639-1 two-letter codes as in ISO 639-3's table.
"""

COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA
    ZM ZW
    """.split()  # noqa: SIM905 - 250 quoted strings would be harder to read
)
LANGUAGES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy
    hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg
    li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or
    os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()  # noqa: SIM905 - as above
)
#: What is written by mistake → what is meant.
_MEANT_COUNTRY = {"UK": "GB", "EN": "GB", "EL": "GR", "USA": "US", "TUR": "TR", "UAE": "AE"}
_MEANT_LANGUAGE = {
    "gr": "el", "jp": "ja", "cn": "zh", "ua": "uk", "dk": "da", "se": "sv", "cz": "cs",
    "iw": "he", "in": "id", "eng": "en", "tur": "tr", "ara": "ar", "english": "en", "turkish": "tr",
    "arabic": "ar", "german": "de", "french": "fr", "russian": "ru", "spanish": "es",
}  # fmt: skip


def country_problem(code: str) -> str | None:
    """Return what is wrong with a country code, None when it is one."""
    if code in COUNTRIES:
        return None
    meant = _MEANT_COUNTRY.get(code.upper(), code.upper())
    return _problem("is no country code (ISO 3166, two capitals, such as GB)", meant, COUNTRIES)


def language_problem(code: str) -> str | None:
    """Return what is wrong with a language code, None when it is one."""
    if code in LANGUAGES:
        return None
    low = code.lower()
    meant = _MEANT_LANGUAGE.get(low, low.replace("_", "-").partition("-")[0])
    return _problem(
        "is no language code (ISO 639-1, two small letters, such as en)", meant, LANGUAGES
    )


def _problem(problem: str, meant: str, known: frozenset[str]) -> str:
    return f"{problem}; did you mean {meant!r}?" if meant in known else problem
