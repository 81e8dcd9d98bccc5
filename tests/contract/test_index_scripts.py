"""Every engine finds the same articles in texts of many scripts, whatever is written and asked."""

import random

import pytest
from support_index import ENGINES, article, ids

from pipeline.errors import UsageError
from pipeline.index.analysis import exact_forms, surfaces
from pipeline.index.query import Query

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

#: Languages whose stems the engines make alike of these words. Not Arabic (two stemmers), Persian
#: (Elasticsearch only) and Tamil (embedded only): docs/searching.md says so.
LANGUAGES = (
    "en", "tr", "fr", "es", "ru", "it", "pt", "sv", "he", "ja", "zh", "ko", "th", "uk", None
)  # fmt: skip
WORDS = [
    "zone", "zones", "İstanbul", "ISPARTA", "ısparta", "Iğdır", "istanbul'dan", "U.S.", "US",
    "u.s", "U.S.A.", "l'accord", "O'Brien", "dog's", "'s", "e-mail", "foo_bar", "_x_",
    "foo.bar", "A.B.C.", "3.14", "1,000", "10:30", "٢٠١٩", "۲۰۱۹", "naïve", "cafe\u0301",
    "café", "Straße", "STRASSE", "Łódź", "Ørsted", "œuvre", "ﬁre", "Ⅷ", "½", "x²", "①②", "H₂O",
    "ª", "º", "Κωνσταντίνος", "ΚΩΝΣΤΑΝΤΊΝΟΣ", "ζώνη", "ἀρχή", "Патруль", "ещё", "Ещё", "йод",
    "и\u0306", "Їжак", "Ґанок", "שלום", "שָׁלוֹם", "צה״ל", 'ארה"ב', "المنطقة", "مَنْطِقَةً",
    "الأمن", "إلى", "ؤ", "ئ", "مـــد", "علی", "كتاب", "کتاب", "ﷲ", "ﻻ", "گشت\u200cها", "ไทย",
    "ประเทศไทย", "วันที่10", "日本語", "東京都", "安全区", "カタカナ", "ひらがな", "ｶﾀｶﾅ",
    "ヴァ", "한국어", "서울", "हिन्दी", "क्षेत्र", "தமிழ்", "မြန်မာ", "ລາວ", "កម្ពុជា", "👍",
    "a👍b", "a\u200bb", "a\u200db", "soft\xadhyphen", "x\u0301\u0302y", "Å", "ﷺ", "ＡＢＣ", "µ",
    "μ", "ſ", "ǆ", "ŉ", "ẞ", "ŀl", "đ", "Þing", "ŋ", "ı", "I", "i\u0307", "𝐀𝐁", "𐐀", "AT&T",
    "1st", "2nd", "Ŧ", "時々", "㎞", "℃", "™", "ⅳ",
    "⑴", "⒈", "㈠", "㊀", "paraŀlel", "ﾞ", "ゟ", "ทํา", "ทำ", "ำ", "ۥ", "\u0301a", "ـمد", "ऻक",
]  # fmt: skip
JOINS = [
    *[" "] * 14, ", ", ". ", "-", "'", "’", "/", "_", "\n\n", "…", "\u00a0", "\u200b", " — ", ""
]  # fmt: skip
DOCUMENTS, QUERIES = 150, 200
CHANCE = 11


def texts(chance, most):
    """Return words of many scripts joined in many ways."""
    words = (chance.choice(WORDS) for _ in range(chance.randint(1, most)))
    return "".join(word + chance.choice(JOINS) for word in words)


def asked(chance, written):
    """Return a word, phrase or beginning that may stand in what was written."""
    word = chance.choice(written)
    return chance.choice([word, word.upper(), f'"{word}"', f"{word[:4]}*", f"title:{word}"])


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    opened = {name: start(tmp_path_factory.mktemp(name)) for name, start in ENGINES.items()}
    yield opened
    for one in opened.values():
        one.close()


def found(index, query):
    """Return the ids of the answer, or that there is none."""
    try:
        return ids(index.search(query))
    except UsageError:
        return "refused"


def test_the_same_articles_in_every_script(engines):
    chance = random.Random(CHANCE)
    made = [
        article(f"s{n}", texts(chance, 5), texts(chance, 25), language=chance.choice(LANGUAGES))
        for n in range(DOCUMENTS)
    ]
    for index in engines.values():
        index.write(made, [])
    written = [word for one in made for word in (one["title"] + " " + one["text"]).split()]
    hits = 0
    for _ in range(QUERIES):
        query = Query(asked(chance, written), size=100)
        answers = {name: found(index, query) for name, index in engines.items()}
        assert len({str(sorted(one)) for one in answers.values()}) == 1, (query.text, answers)
        hits += len(next(iter(answers.values())))
    assert hits > QUERIES


@pytest.mark.parametrize("length", [127, 128, 129, 300, 5_000])
def test_a_long_word_is_cut_and_stays_one(engines, length):
    for index in engines.values():
        index.write([article(f"long{length}", "Long", "w" * length + " tail")], [])
        assert f"long{length}" in ids(index.search(Query("w" * min(length, 200))))
        assert f"long{length}" in ids(index.search(Query(f'"{"w" * min(length, 200)} tail"')))


def test_every_character_is_folded_as_we_fold_it(engines):
    chars = [chr(code) for code in range(0xA0, 0x3000) if surfaces(f"a {chr(code)} b")[1:-1]]
    some = random.Random(CHANCE).sample(chars, 300)
    for index in engines.values():
        index.write([article("chars", "Characters", " ".join(f"zz {c} zz" for c in some))], [])
        wrong = [
            char
            for char in some
            if exact_forms([char])[0] and "chars" not in found(index, Query(f'"zz {char} zz"'))
        ]
        assert wrong == []
