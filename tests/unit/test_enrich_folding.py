"""Folding: spellings of one name become equal, and every offset leads back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.folding import fold, fold_key

TRICKY = st.text(
    alphabet=st.sampled_from("aIıİiğéßﬁﬀ’'-. \n\u00a0\u200fé\u0301ـًّلاﻻآإﷲكةبUS5Ǆ"), max_size=60
)


@pytest.mark.parametrize(
    ("some", "other"),
    [
        ("Erdoğan", "ERDOĞAN"),
        ("Erdoğan", "Erdogan"),
        ("İstanbul", "istanbul"),
        ("Isparta", "ısparta"),
        ("DİYARBAKIR", "Diyarbakır"),
        ("U.S.", "US"),
        ("U.S", "US"),
        ("Stephen M. Twitty", "Stephen M Twitty"),
        ("People’s", "People's"),
        ("Ras al-Ayn", "Ras al‑Ayn"),
        ("Straße", "STRASSE"),
        ("Çavuşoğlu", unicodedata.normalize("NFD", "Çavuşoğlu")),
        ("أردوغان", "اردوغان"),
        ("تـــركيا", "تركيا"),
        ("عُمان", "عمان"),
        ("الرقة", "الرقه"),
        ("ﬁnal", "final"),
        ("Tal  Abyad", "Tal\nAbyad"),
    ],
)
def test_spellings_of_one_name_become_equal(some, other):
    assert fold_key(some) == fold_key(other)


@pytest.mark.parametrize(("some", "other"), [("Kars", "Karst"), ("U.S.", "us."), ("EU", "E U")])
def test_other_names_stay_apart(some, other):
    assert fold_key(some) != fold_key(other)


def test_a_blank_line_is_no_space():
    assert fold("Tal\n\nAbyad").text == "tal\nabyad"


def test_an_accent_after_its_letter_belongs_to_it():
    folded = fold("Tale\u0301 x")
    assert folded.span(0, 4) == (0, 5)


def test_the_last_dot_of_an_acronym_belongs_to_it():
    text = "the U.S. said"
    folded = fold(text)
    at = folded.text.index("us")
    start, end = folded.span(at, at + 2)
    assert text[start:end] == "U.S."


@given(st.text(max_size=80) | TRICKY)
def test_every_folded_code_point_comes_from_the_text_in_order(text):
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert folded.starts == sorted(folded.starts)
    assert all(0 <= a < b <= len(text) for a, b in zip(folded.starts, folded.ends, strict=True))


@given(st.text(max_size=80) | TRICKY)
def test_what_a_span_cuts_folds_to_the_folded_span(text):
    folded = fold(text)
    for at, char in enumerate(folded.text):
        start, end = folded.span(at, at + 1)
        if folded.cuts(at) and folded.cuts(at + 1) and char not in " \n":
            assert fold(text[start:end]).text.rstrip(".") == char.rstrip(".")


@given(TRICKY)
def test_folding_is_stable(text):
    once = fold_key(" ".join(text.replace(".", "").split()))
    assert fold_key(once) == once
