"""Words and their forms."""

# Letters that look like others are what is tested here.

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.analysis import (
    MAX_WORD_CHARS,
    base_language,
    exact_forms,
    stem_inputs,
    surfaces,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. and the US, u.s too", ["The", "US", "and", "the", "US", "us", "too"]),
        ("the end.Next U.S.Army", ["the", "end", "Next", "US", "Army"]),
        ("Turkey’s and Turkey's army", ["Turkey", "and", "Turkey", "army"]),
        ("İstanbul'dan l'accord O'Brien", ["İstanbul", "dan", "l", "accord", "O", "Brien"]),
        ("safe-zone 10:30 3.5", ["safe", "zone", "10", "30", "3", "5"]),
        ("snake_case", ["snake", "case"]),
        ("安全区", ["安", "全", "区"]),
        ("सुरक्षित क्षेत्र", ["सुरक्षित", "क्षेत्र"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("— … !", []),
        ("", []),
    ],
)
def test_words(text, expected):
    assert surfaces(text) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Erdoğan", "erdogan"),
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("STRASSE", "Straße"),
        ("Łódź", "lodz"),
        ("Ærø", "aero"),
        ("ÉTÉ", "e\u0301te\u0301"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("المِنطَقَة", "المنطقه"),
        ("أنقرة", "انقره"),
        ("كبـــير", "كبير"),
        ("علی", "علي"),
        ("٢٠١٩", "2019"),
        ("ｆｕｌｌ", "full"),
        ("می‌خواهم", "میخواهم"),
        ("U.S.", "us"),
    ],
)
def test_one_exact_form(first, second):
    assert exact_forms(surfaces(first)) == exact_forms(surfaces(second))


@pytest.mark.parametrize(("first", "second"), [("й", "и"), ("क", "का"), ("が", "か")])
def test_marks_that_make_another_letter_stay(first, second):
    assert exact_forms([first]) != exact_forms([second])


def test_lower_case_follows_the_language():
    assert stem_inputs(["ISPARTA", "İzmir"], "tr") == ["ısparta", "izmir"]
    assert stem_inputs(["ISPARTA", "İzmir"], "en") == ["isparta", "izmir"]


#: Of what decides where words end: dots and apostrophes between letters, marks and ideographs.
EDGES = "aBé._'’ s\u0301\u0640中5ा"


@given(st.text(max_size=200) | st.text(EDGES, max_size=20))
def test_every_word_has_one_form_of_each_kind(text):
    written = surfaces(text)
    assert [word.surface for word in words(text)] == written
    for forms in (exact_forms(written), stem_inputs(written, "tr"), stem_inputs(written, "en")):
        assert len(forms) == len(written)
        assert all(forms)


def test_what_a_character_is_folded_to_parts_and_joins_no_words():
    """Elasticsearch folds a whole text before it looks for the words of it."""
    wrong = []
    for code in range(0x20000):
        text = f"a{chr(code)}b"
        written = surfaces(text)
        if written != ["a", "b"] and surfaces("".join(exact_forms([text]))) != exact_forms(written):
            wrong.append(text)
    assert wrong == []


@given(st.text(max_size=200))
def test_places_are_in_order_and_hold_the_word(text):
    at = 0
    for word in words(text):
        assert at <= word.start < word.end <= len(text)
        assert word.surface == text[word.start : word.end].replace(".", "")
        at = word.end


def test_a_giant_word_is_cut_and_costs_no_time():
    start = time.perf_counter()
    written = surfaces("a" * 1_000_000 + "." * 1_000_000 + "a." * 500_000)
    assert time.perf_counter() - start < 5
    assert len(written[0]) == MAX_WORD_CHARS


@pytest.mark.parametrize(
    ("tag", "code"), [("en-US", "en"), ("PT_br", "pt"), ("tr", "tr"), ("", None), (None, None)]
)
def test_base_language(tag, code):
    assert base_language(tag) == code
