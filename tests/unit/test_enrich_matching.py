"""Matching: phrases stand as words, with the endings and clitics that their language allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.folding import fold
from pipeline.enrich.matching import Phrases, find_word


def found(phrases, text, language="en"):
    folded = fold(text)
    spans = []
    for hit in Phrases([(phrase, phrase) for phrase in phrases]).find(folded, language):
        start, end = folded.span(hit.start, hit.end)
        spans.append(text[start:end])
    return spans


@pytest.mark.parametrize(
    ("phrase", "text", "language", "surface"),
    [
        ("Syria", "in Syria, they", "en", "Syria"),
        ("Syria", "Syria's border", "en", "Syria"),
        ("Iran", "l’Iran a dit", "fr", "Iran"),
        ("Suriye", "Suriye'nin kuzeyi", "tr", "Suriye"),
        ("Suriye", "Suriye’de", "tr", "Suriye"),
        ("Münbiç", "Münbiç'te", "tr", "Münbiç"),
        ("Suriye", "Suriyenin kuzeyi", "tr", "Suriye"),
        ("Milli Savunma Bakanlığı", "Milli Savunma Bakanlığının", "tr", "Milli Savunma Bakanlığı"),
        ("Syrien", "Syriens Norden", "de", "Syrien"),
        ("تركيا", "وتركيا", "ar", "تركيا"),
        ("تركيا", "لتركيا", "ar", "تركيا"),
        ("العراق", "بالعراق", "ar", "العراق"),
        ("العراق", "للعراق", "ar", "للعراق"),
        ("العراق", "وللعراق", "ar", "للعراق"),
        ("سوريا", "سُورِيَا", "ar", "سُورِيَا"),
        ("United States", "UNITED STATES", "en", "UNITED STATES"),
        ("Tal Abyad", "Tal-Abyad", "en", "Tal-Abyad"),
    ],
)
def test_a_name_is_found_with_what_is_attached_to_it(phrase, text, language, surface):
    assert found([phrase], text, language) == [surface]


@pytest.mark.parametrize(
    ("phrase", "text", "language"),
    [
        ("Iran", "Tirana", "en"),
        ("Syria", "Syrian", "en"),
        ("Suriye", "Suriyeli", "tr"),
        ("Kars", "Karşı çıktı", "tr"),
        ("Suriye", "Suriyenin", "en"),
        ("Syrien", "Syriens", "en"),
        ("تركيا", "ستركيا", "ar"),
        ("Tal Abyad", "Tal\n\nAbyad", "en"),
    ],
)
def test_what_is_another_word_is_not_found(phrase, text, language):
    assert found([phrase], text, language) == []


def test_an_open_end_takes_the_whole_word():
    assert found(["güvenli bölge*"], "güvenli bölgelerin içinde", "tr") == ["güvenli bölgelerin"]


def test_a_phrase_is_not_found_inside_one_code_point():
    assert found(["f"], "ﬀ") == []


def test_no_phrases_find_nothing():
    assert found([], "anything") == []


def test_a_word_is_found_by_the_same_rules():
    folded = fold("Akar’ın ve Akarsu")
    assert [folded.span(*one) for one in find_word("akar", folded, "tr")] == [(0, 4)]


WORDS = ["Türkiye", "U.S.", "EU", "İdlib", "تركيا", "العراق", "Straße", "Tal Abyad", "ﬁ", "é"]
NOISE = st.text(alphabet="aıİ .,'’-\n\u0301\u200fـًوبلUSße", max_size=6)


@given(st.lists(st.tuples(NOISE, st.sampled_from(WORDS)), max_size=8), NOISE)
def test_what_is_found_is_cut_from_the_text_and_folds_to_the_phrase(pieces, tail):
    text = "".join(noise + word for noise, word in pieces) + tail
    folded = fold(text)
    for hit in Phrases([(word, word) for word in WORDS]).find(folded, "tr"):
        start, end = folded.span(hit.start, hit.end)
        assert 0 <= start < end <= len(text)
        key = folded.text[hit.start : hit.end]
        assert key in {fold(word).text for word in hit.payloads} | {"للعراق"}
        assert folded.original[start:end] == text[start:end]
