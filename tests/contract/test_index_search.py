"""What every index finds, counts and marks. Runs on every engine of support_index.ENGINES."""

# Turkish is written with letters that look like others.

from datetime import date

import pytest
from support_index import ENGINES, EVERY_ENGINE, SAFE_ZONE, article, ids, newsroom

from pipeline.index.highlight import MARK_CLOSE, MARK_OPEN
from pipeline.index.query import Query
from pipeline.index.schema import MAX_KEYWORD_CHARS


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    opened.write(newsroom(), [])
    yield opened
    opened.close()


FOUND = {
    "a word finds its inflections": ("zone", {"en-patrol", "en-talks", "fr-zone"}),
    "words all must match, anywhere": ("safe zone", {"en-patrol", "en-talks"}),
    "title and text count together": ("generals mechanism", {"en-talks"}),
    "a phrase is exact": ('"safe zones"', {"en-patrol"}),
    "a phrase is in order": ('"zone safe"', set()),
    "a phrase keeps its words together": ('"safe zone"', {"en-patrol"}),
    "typographic quotes quote": ("“safe zones”", {"en-patrol"}),
    "either word": ("olive OR cyclistes", {"en-harvest", "fr-sport"}),
    "or binds more tightly than and": ("olive OR patrol convoy", {"en-patrol"}),
    "parentheses around alternatives": ("(olive OR patrol) prices", {"en-harvest"}),
    "a word is excluded": ("safe zone -convoy", {"en-talks"}),
    "alternatives are excluded": ("ankara -(sécurité OR generals)", set()),
    "only exclusions": (
        "-zone -Sicherheitszone -bölge -المنطقة -prices -pazar -étape -Straße",
        {"zz-undated"},
    ),
    "only the title": ("title:zone", {"en-patrol", "fr-zone"}),
    "a phrase in the title": ('title:"safe zone"', {"en-patrol"}),
    "a beginning": ("sicherheitsz*", {"de-zone"}),
    "a beginning without its accents": ("guv*", {"tr-bolge"}),
    "AND says what is meant anyway": ("safe AND zone", {"en-patrol", "en-talks"}),
    "U.S. with dots": ("U.S.", {"en-patrol", "en-talks"}),
    "US without": ("US", {"en-patrol", "en-talks"}),
    "u.s in any way": ("u.s", {"en-patrol", "en-talks"}),
    "diacritics may be left out": ("Erdogan", {"en-patrol", "tr-bolge"}),
    "diacritics may be given": ("Erdoğan", {"en-patrol", "tr-bolge"}),
    "capitals and diacritics": ("ERDOĞAN", {"en-patrol", "tr-bolge"}),
    "Turkish İ": ("istanbul", {"tr-bolge"}),
    "Turkish İ asked for": ("İSTANBUL", {"tr-bolge"}),
    "Turkish I": ("ısparta", {"tr-bolge"}),
    "Turkish I by a foreigner": ("isparta", {"tr-bolge"}),
    "Turkish I in capitals": ("ISPARTA", {"tr-bolge"}),
    "Turkish plural": ("bölgeler", {"tr-bolge"}),
    "Turkish without signs": ("guvenli bolge", {"tr-bolge"}),
    "Turkish dotless i": ("ılık", {"tr-pazar"}),
    "Arabic without article": ("منطقة", {"ar-mintaqa"}),
    "Arabic with article": ("المنطقة", {"ar-mintaqa"}),
    "Arabic with heh for teh marbuta": ("المنطقه", {"ar-mintaqa"}),
    "Arabic alef without hamza": ("انشاء", {"ar-mintaqa"}),
    "Arabic phrase across vowel signs": ('"منطقة آمنة"', {"ar-mintaqa"}),
    "German plural": ("Sicherheitszone", {"de-zone"}),
    "German umlaut plural": ("Haus", {"de-zone"}),
    "German sharp s": ("strasse", {"de-wetter"}),
    "Polish letters": ("Lodz", {"de-wetter"}),
    "French elision": ("accord", {"fr-zone"}),
    "French plural": ("négociation", {"fr-zone"}),
    "French without accents": ("deplacees", {"fr-zone"}),
    "a hyphen splits, the parts stay in order": ("safe-zone", {"en-patrol"}),
    "nothing holds it": ("quasar", set()),
}


@pytest.mark.parametrize("claim", FOUND)
def test_found(index, claim):
    text, expected = FOUND[claim]
    page = index.search(Query(text, size=100))
    assert ids(page) == expected
    assert page.total == len(expected)


def test_title_matches_come_first(index):
    page = index.search(Query("safe zone"))
    assert [hit.article_id for hit in page.hits] == ["en-patrol", "en-talks"]
    assert page.hits[0].score > page.hits[1].score > 0


def test_a_query_without_words_lists_everything_newest_first(index):
    page = index.search(Query(size=3))
    assert page.total == len(newsroom())
    assert [hit.article_id for hit in page.hits] == ["zz-undated", "fr-sport", "de-wetter"]


def test_filters_of_one_facet_are_alternatives_and_facets_add_up(index):
    turkish_or_arabic = {"language": ("tr", "ar")}
    assert ids(index.search(Query(filters=turkish_or_arabic))) == {
        "tr-bolge", "tr-pazar", "ar-mintaqa"
    }  # fmt: skip
    both = {**turkish_or_arabic, "topic": (SAFE_ZONE,)}
    assert ids(index.search(Query(filters=both))) == {"tr-bolge", "ar-mintaqa"}
    person = {"person": ("Recep Tayyip Erdoğan",)}
    assert ids(index.search(Query("zone", filters=person))) == {"en-patrol"}


def test_filter_values_are_exact(index):
    assert index.search(Query(filters={"person": ("Erdoğan",)})).total == 0


def test_the_longest_value_is_counted_and_filtered_by(tmp_path):
    longest = "😀" * MAX_KEYWORD_CHARS
    for name, open_engine in ENGINES.items():
        index = open_engine(tmp_path / name)
        index.write([article("a", authors=[longest])], [])
        page = index.search(Query(filters={"author": (longest,)}, facets=("author",)))
        assert (page.total, page.facets["author"]) == (1, ((longest, 1),))
        index.close()


def test_days_are_inclusive_on_both_ends(index):
    page = index.search(Query(since=date(2019, 9, 9), until=date(2019, 9, 10)))
    assert ids(page) == {"ar-mintaqa", "en-talks", "en-harvest"}
    assert ids(index.search(Query(since=date(2019, 9, 14)))) == {"zz-undated"}
    assert ids(index.search(Query(until=date(2019, 9, 8)))) == {"en-patrol", "tr-bolge"}


def test_facets_count_what_matches_most_frequent_first_ties_by_name(index):
    page = index.search(
        Query(filters={"topic": (SAFE_ZONE,)}, facets=("person", "place", "outlet", "author"))
    )
    assert page.facets == {
        "person": (("Recep Tayyip Erdoğan", 2), ("Stephen Twitty", 1)),
        "place": (("Turkey", 5), ("Syria", 4)),
        "outlet": (
            ("the-harbour-post", 2),
            ("elbe-kurier", 1),
            ("le-phare", 1),
            ("sabah-postasi", 1),
            ("sada-al-madina", 1),
        ),
        "author": (("Maud Ferrier", 2),),
    }


def test_media_topics_are_a_facet_and_a_filter(index):
    query = Query(filters={"iptc": ("agriculture",)}, facets=("iptc", "section"))
    page = index.search(query)
    assert ids(page) == {"en-harvest"}
    assert page.facets["section"] == (("economy", 1),)
    assert page.facets["iptc"] == (("agriculture", 1), ("economy, business and finance", 1))


def test_a_facet_ignores_its_own_filter_so_that_several_values_can_be_chosen(index):
    page = index.search(
        Query(filters={"language": ("tr",), "topic": (SAFE_ZONE,)}, facets=("language", "country"))
    )
    assert ids(page) == {"tr-bolge"}
    assert dict(page.facets["language"]) == {"en": 2, "ar": 1, "de": 1, "fr": 1, "tr": 1}
    assert page.facets["country"] == (("TR", 1),)


def test_the_day_facet_is_in_order_of_days_and_keeps_the_newest(index):
    page = index.search(Query(facets=("day",), facet_size=3))
    assert page.facets["day"] == (("2019-09-12", 2), ("2019-09-13", 1), ("2019-09-14", 1))


def test_all_facets_at_once(index):
    page = index.search(Query("zone", facets=("organisation", "section", "topic", "language")))
    assert list(page.facets) == ["organisation", "section", "topic", "language"]
    assert page.facets["organisation"] == (("U.S. European Command", 2),)


def test_ties_at_the_end_of_a_facet_go_by_name(tmp_path):
    for name, open_engine in ENGINES.items():
        index = open_engine(tmp_path / name)
        names = [f"Person {number:03d}" for number in range(300)]
        index.write([article(f"a{n}", people=names[n * 30 : n * 30 + 30]) for n in range(10)], [])
        page = index.search(Query(facets=("person",), facet_size=5))
        assert page.facets["person"] == tuple((one, 1) for one in names[:5])
        index.close()


def test_highlights_mark_what_matched(index):
    hit = index.search(Query("safe zone")).hits[0]
    assert hit.highlights["title"] == ("First joint patrol enters the ⟦safe⟧ ⟦zone⟧",)
    assert any("the ⟦safe⟧ ⟦zones⟧ promised" in one for one in hit.highlights["text"])


def test_highlights_of_a_phrase_mark_the_phrase_only(index):
    hit = index.search(Query('"safe zones"')).hits[0]
    assert "title" not in hit.highlights
    assert [one.count(MARK_OPEN) for one in hit.highlights["text"]] == [1]
    assert "⟦safe zones⟧" in hit.highlights["text"][0]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("istanbul", "⟦İstanbul⟧'dan"),
        ("bölge", "güvenli ⟦bölgelerin⟧"),
        ("منطقة", "⟦مَنْطِقَةً⟧"),
        ("الدوريات", "⟦الدوريات⟧"),
        ("Sicherheitszonen", "eine ⟦Sicherheitszone⟧ wird"),
        ("u.s", "The ⟦U.S.⟧ convoy"),
    ],
)
def test_highlights_in_every_language(index, text, marked):
    texts = [
        one for hit in index.search(Query(text)).hits for one in hit.highlights.get("text", ())
    ]
    assert any(marked in one for one in texts), texts


def test_fragments_are_short_and_balanced(index):
    for text in ("zone", "the", "a", "die", "der OR die OR das", "ve", "من"):
        for hit in index.search(Query(text)).hits:
            for fragment in (one for part in hit.highlights.values() for one in part):
                assert len(fragment) <= 160
                assert fragment.count(MARK_OPEN) == fragment.count(MARK_CLOSE) > 0


def test_highlights_can_be_left_out(index):
    assert all(not hit.highlights for hit in index.search(Query("zone", highlight=False)).hits)


def test_the_document_comes_back_as_it_was_written(index):
    for document in newsroom():
        assert index.find(document["article_id"]) == document
    assert index.search(Query('"olive harvest"')).hits[0].document == next(
        one for one in newsroom() if one["article_id"] == "en-harvest"
    )
    assert index.find("nobody") is None
