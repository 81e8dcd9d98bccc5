"""Fingerprints of equal texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.fingerprint import MIN_CHARS, fingerprint

TEXT = "Şanlıurfa'da İlk Devriye: the first patrol left at noon, straße and all. " * 5


@pytest.mark.parametrize(
    "change",
    [str.upper, str.lower, str.title, str.split, lambda text: text.replace(",", " – ").strip()],
)
def test_case_space_and_punctuation_do_not_matter(change):
    changed = change(TEXT)
    changed = changed if isinstance(changed, str) else "\n".join(changed)
    assert fingerprint(changed) == fingerprint(TEXT) != ""


def test_one_other_word_is_another_text():
    assert fingerprint(TEXT.replace("noon", "one", 1)) != fingerprint(TEXT)


def test_a_short_text_has_no_fingerprint():
    assert fingerprint("Subscribe to read this article.") == ""
    assert fingerprint("x" * (MIN_CHARS - 1) + " ... ") == ""
    assert fingerprint("x" * MIN_CHARS) != ""


@given(st.text(alphabet="abcçğıiİIşüéßأبتثج ,.\n", min_size=1, max_size=20))
def test_upper_case_never_makes_another_text(word):
    text = f"{word} " * (MIN_CHARS + 1)
    assert fingerprint(text) == fingerprint(text.upper())
