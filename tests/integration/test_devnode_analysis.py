"""The development node analyses text as a real server does, under the names that a real one has."""

import pytest
from elasticsearch import Elasticsearch

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def client(elasticsearch_url):
    with Elasticsearch(elasticsearch_url) as client:
        yield client


@pytest.fixture(scope="module")
def words(client):
    """Analyse a text, and return its words."""

    def analyse(text, **chain):
        return [token["token"] for token in client.indices.analyze(text=text, **chain)["tokens"]]

    return analyse


@pytest.fixture
def index(client, request):
    name = f"devnode-{request.node.name.split('[')[0].replace('_', '-')}"
    yield name
    client.indices.delete(index=name, ignore_unavailable=True)


@pytest.mark.parametrize(
    ("filters", "text", "expected"),
    [
        (["asciifolding"], "Çağrı São Łódź", ["Cagri", "Sao", "Lodz"]),
        (
            [{"type": "asciifolding", "preserve_original": True}],
            "Kürt",
            ["Kurt", "Kürt"],
        ),
        (
            [{"type": "lowercase", "language": "turkish"}],
            "İstanbul ISPARTA",
            ["istanbul", "ısparta"],
        ),
        ([{"type": "lowercase", "language": "greek"}], "ΑΘΉΝΑ", ["αθηνα"]),
        ([{"type": "lowercase", "language": "irish"}], "nAthair", ["n-athair"]),
        (["apostrophe"], "İstanbul'da Ankara’nın", ["İstanbul", "Ankara"]),
        (["decimal_digit"], "١٢٣ ۴۵۶ १२", ["123", "456", "12"]),
        (["arabic_normalization"], "أحمد إلى آخر مدرسة", ["احمد", "الي", "اخر", "مدرسه"]),
        (["persian_normalization"], "کتابی", ["كتابي"]),
        (["german_normalization"], "Straße Größe", ["Strasse", "Grosse"]),
        (["elision"], "l'avion qu'il d’or", ["avion", "il", "or"]),
        ([{"type": "elision", "articles": ["dell"]}], "dell'arte l'arte", ["arte", "l'arte"]),
        ([{"type": "edge_ngram", "min_gram": 2, "max_gram": 4}], "Syria", ["Sy", "Syr", "Syri"]),
        (
            [{"type": "keyword_marker", "keywords": ["houses"]}, {"type": "stemmer"}],
            "houses housing nationalities",
            ["houses", "hous", "nation"],
        ),
        (
            [{"type": "pattern_capture", "patterns": ["(\\d+)"], "preserve_original": False}],
            "km32 and7",
            ["32", "7"],
        ),
        (["unique"], "safe zone safe zone", ["safe", "zone"]),
        (
            [
                {"type": "edge_ngram", "min_gram": 1, "max_gram": 2},
                {"type": "truncate", "length": 1},
                "remove_duplicates",
            ],
            "ab cd",
            ["a", "c"],
        ),
        (
            [{"type": "truncate", "length": 1}, {"type": "unique", "only_on_same_position": True}],
            "ab ac",
            ["a", "a"],
        ),
        ([{"type": "length", "min": 3, "max": 4}], "a abc abcd abcde", ["abc", "abcd"]),
        ([{"type": "truncate", "length": 3}], "abcdef ab", ["abc", "ab"]),
        (["cjk_width"], "ＡＢＣ", ["ABC"]),
        (["cjk_bigram"], "東京都 x", ["東京", "京都", "x"]),
        (
            [{"type": "cjk_bigram", "ignored_scripts": ["han"]}],
            "東京",
            ["東", "京"],
        ),
    ],
)
def test_a_token_filter_changes_words_by_its_usual_name(words, filters, text, expected):
    assert words(text, tokenizer="standard", filter=filters) == expected


def test_trim_takes_the_space_around_a_token(words):
    assert words("  safe zone ", tokenizer="keyword", filter=["trim"]) == ["safe zone"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("arabic", "الكتاب", "كتاب"),
        ("danish", "bøgerne", "bøg"),
        ("dutch", "lichamelijke", "licham"),
        ("english", "nationalities", "nation"),
        ("light_english", "nationalities", "nationality"),
        ("minimal_english", "nationalities", "nationality"),
        ("porter2", "generously", "generous"),
        ("possessive_english", "Syria's", "Syria"),
        ("finnish", "edeltäjiinsä", "edeltäj"),
        ("french", "continuellement", "continuel"),
        ("light_french", "continuellement", "continuel"),
        ("minimal_french", "chevaux", "cheval"),
        ("german", "häuser", "haus"),
        ("german2", "haeuser", "haus"),
        ("light_german", "häuser", "haus"),
        ("greek", "αθηνασ", "αθην"),
        ("hungarian", "házakat", "ház"),
        ("italian", "abbandonata", "abbandon"),
        ("light_italian", "abbandonata", "abbandonat"),
        ("norwegian", "havnedistriktene", "havnedistrikt"),
        ("persian", "کتابها", "کتاب"),
        ("portuguese", "quilométricas", "quilométr"),
        ("light_portuguese", "quilométricas", "quilometric"),
        ("romanian", "abruptă", "abrupt"),
        ("russian", "книгами", "книг"),
        ("spanish", "chicharrones", "chicharron"),
        ("light_spanish", "chicharrones", "chicharron"),
        ("swedish", "jakkarlarne", "jakkarl"),
        ("turkish", "kitapları", "kitap"),
    ],
)
def test_a_stemmer_is_chosen_by_language(words, language, text, expected):
    chosen = [{"type": "stemmer", "language": language}]
    assert words(text, tokenizer="standard", filter=chosen) == [expected]
    by_its_other_name = [{"type": "stemmer", "name": language}]
    assert words(text, tokenizer="standard", filter=by_its_other_name) == [expected]


@pytest.mark.parametrize(
    ("char_filter", "text", "expected"),
    [
        ("html_strip", "<p>Syria &amp; <b>Turkey</b></p>", "\nSyria & Turkey\n"),
        ({"type": "html_strip", "escaped_tags": ["b"]}, "<i>a</i> <b>c</b>", "a <b>c</b>"),
        (
            {"type": "mapping", "mappings": ["ß => ss", "’ => '", "\u200c=>"]},
            "Gruß’s\u200c",
            "Gruss's",
        ),
        ({"type": "mapping", "mappings": ["_ => \\u0020", "\\n => -"]}, "a_b\nc", "a b-c"),
        (
            {"type": "pattern_replace", "pattern": "(?<=\\p{Lu})\\.(?=\\p{Lu}|\\s|$)"},
            "the U.S. and the P.K.K.",
            "the US and the PKK",
        ),
        (
            {
                "type": "pattern_replace",
                "pattern": "(km)(\\d+)",
                "replacement": "$2 $1",
                "flags": "CASE_INSENSITIVE",
            },
            "KM32",
            "32 KM",
        ),
    ],
)
def test_a_character_filter_works_before_there_are_words(words, char_filter, text, expected):
    assert words(text, tokenizer="keyword", char_filter=[char_filter]) == [expected]


@pytest.mark.parametrize(
    ("tokenizer", "text", "expected"),
    [
        ("keyword", "safe zone", ["safe zone"]),
        ("whitespace", "U.S.-led zone", ["U.S.-led", "zone"]),
        ({"type": "whitespace", "max_token_length": 3}, "abcde", ["abc", "de"]),
        (
            "uax_url_email",
            "to a@example.org, or https://example.org/c?d",
            ["to", "a@example.org", "or", "https://example.org/c?d"],
        ),
        ("path_hierarchy", "/news/syria", ["/news", "/news/syria"]),
        (
            {"type": "path_hierarchy", "delimiter": ".", "reverse": True},
            "a.b.c",
            ["a.b.c", "b.c", "c"],
        ),
    ],
)
def test_a_tokenizer_cuts_by_its_usual_name(words, tokenizer, text, expected):
    assert words(text, tokenizer=tokenizer) == expected


@pytest.mark.parametrize(
    ("analyzer", "text", "expected"),
    [
        ("english", "The Turks' nationalities", ["turk", "nation"]),
        ("turkish", "İstanbul'da kitapları ve", ["istanbul", "kitap"]),
        ("arabic", "في الكتاب", ["كتاب"]),
        ("german", "die Häuser", ["haus"]),
        ("french", "l'avion et les chevaux", ["avion", "cheval"]),
        ("russian", "о книгами", ["книг"]),
        ("persian", "و کتاب‌ها", ["كتاب"]),
        ("spanish", "las casas", ["cas"]),
        ("cjk", "東京都", ["東京", "京都"]),
    ],
)
def test_a_whole_analyzer_serves_its_language(words, analyzer, text, expected):
    assert words(text, analyzer=analyzer) == expected


def test_an_analyzer_takes_its_own_stop_words_and_exceptions(client, words, index):
    client.indices.create(
        index=index,
        settings={
            "analysis": {
                "analyzer": {
                    "ours": {
                        "type": "english",
                        "stopwords": ["turks"],
                        "stem_exclusion": ["nationalities"],
                    }
                }
            }
        },
    )
    text = "The Turks nationalities houses"
    assert words(text, index=index, analyzer="ours") == ["the", "nationalities", "hous"]


def test_what_changes_letters_may_stand_in_a_normalizer(client, words, index):
    letters = ["lowercase", "asciifolding", "arabic_normalization", "persian_normalization",
               "german_normalization", "decimal_digit", "cjk_width", "elision", "trim"]  # fmt: skip
    client.indices.create(
        index=index,
        settings={
            "analysis": {
                "char_filter": {"ligatures": {"type": "mapping", "mappings": ["Œ=>OE"]}},
                "filter": {"lower_tr": {"type": "lowercase", "language": "turkish"}},
                "normalizer": {
                    "plain": {"type": "custom", "char_filter": ["ligatures"], "filter": letters},
                    "tr": {"type": "custom", "filter": ["lower_tr", "asciifolding"]},
                },
            }
        },
        mappings={
            "properties": {
                "plain": {"type": "keyword", "normalizer": "plain"},
                "tr": {"type": "keyword", "normalizer": "tr"},
            }
        },
    )
    client.index(index=index, document={"plain": " ŒUVRE Çağrı ١", "tr": "IŞIK"}, refresh=True)
    assert client.count(index=index, query={"term": {"plain": "oeuvre cagri 1"}})["count"] == 1
    assert words("İSPARTA'da IŞIK", index=index, normalizer="tr") == ["isparta'da isik"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokenizer": "standard", "filter": [{"type": "stemmer", "language": "klingon"}]},
        {"tokenizer": "standard", "filter": [{"type": "lowercase", "language": "klingon"}]},
        {"tokenizer": "standard", "filter": ["keyword_marker"]},
        {"tokenizer": "standard", "filter": [{"type": "truncate"}]},
        {"tokenizer": "keyword", "char_filter": [{"type": "mapping", "mappings": ["a-b"]}]},
        {"tokenizer": "keyword", "char_filter": [{"type": "pattern_replace"}]},
        {"tokenizer": {"type": "path_hierarchy", "delimiter": "::"}},
    ],
)
def test_settings_that_make_no_sense_are_refused(client, wrong):
    answer = client.options(ignore_status=400).indices.analyze(text="a", **wrong)
    assert answer.meta.status == 400
