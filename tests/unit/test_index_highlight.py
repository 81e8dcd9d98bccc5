"""Fragments and marks."""

# Turkish is written with letters that look like others.

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index.analysis import surfaces
from pipeline.index.highlight import (
    MARK_CLOSE,
    MARK_OPEN,
    MAX_FRAGMENT_CHARS,
    MAX_FRAGMENTS,
    highlight,
    matches,
)
from pipeline.index.parse_query import parse_query


def marked(query, text, title="", stem=None):
    return highlight(title, text, parse_query(query), stem)


def crude_stem(written):
    """A stemmer that can be seen through: without a final s."""
    return [word.lower().removesuffix("s") for word in written]


def test_short_texts_are_shown_whole():
    assert marked("zone", "A zone. ") == {"text": ("A ⟦zone⟧.",)}


def test_without_a_match_there_is_nothing():
    assert marked("zone", "Nothing here") == {}


def test_quotation_marks_of_the_text_are_no_marks():
    assert marked("zone", "La « zone » dite") == {"text": ("La « ⟦zone⟧ » dite",)}


def test_excluded_words_are_not_marked():
    assert marked("zone -safe", "A safe zone") == {"text": ("A safe ⟦zone⟧",)}


def test_words_in_another_inflection_are_marked_phrases_only_exactly():
    assert marked("zone", "Zones, a zone", stem=crude_stem) == {"text": ("⟦Zones⟧, a ⟦zone⟧",)}
    assert marked('"zone"', "Zones, a zone", stem=crude_stem) == {"text": ("Zones, a ⟦zone⟧",)}


def test_title_only_words_are_marked_in_the_title_only():
    assert marked("title:zone", "A zone", title="The zone") == {"title": ("The ⟦zone⟧",)}


def test_beginnings_are_marked_whole():
    assert marked("erdog*", "Başkan Erdoğan'ın sözü") == {"text": ("Başkan ⟦Erdoğan⟧'ın sözü",)}


def test_fragments_that_show_more_of_the_query_come_first():
    filler = "Other words go on here for a good while without end. " * 6
    text = f"A zone. {filler}A zone. {filler}A zone. {filler}The safe zone was quiet. {filler}"
    fragments = marked("safe zone", text)["text"]
    assert len(fragments) == MAX_FRAGMENTS
    assert sum("⟦safe⟧ ⟦zone⟧" in one for one in fragments) == 1
    assert fragments[0].startswith("A ⟦zone⟧.")
    assert fragments[1].startswith("…")
    assert fragments[1].endswith("…")


def test_fragments_do_not_overlap():
    text = " ".join(f"zone{number} zone" for number in range(200))
    fragments = marked("zone", text)["text"]
    shown = [word for one in fragments for word in surfaces(one) if word != "zone"]
    assert len(shown) == len(set(shown))


def test_line_breaks_become_spaces():
    assert marked("zone", "A zone\n\nand another") == {"text": ("A ⟦zone⟧ and another",)}


def test_a_giant_word_is_cut_between_letters():
    (fragment,) = marked("xxx*", "x" * 128 + "a\u0301" * 300)["text"]
    assert len(fragment) <= MAX_FRAGMENT_CHARS
    assert fragment.startswith(MARK_OPEN)
    assert fragment.count(MARK_CLOSE) == 1


def test_a_text_full_of_matches_costs_little():
    text = "zone and " * 20_000
    start = time.perf_counter()
    marked("zone OR and OR the OR of OR to", text, stem=crude_stem)
    assert time.perf_counter() - start < 3


@given(
    text=st.text(alphabet="ab \n.é\u0301ıİ⟦⟧安", max_size=400),
    query=st.sampled_from(["a", "ab", '"a b"', "b OR é", "ı", "安全", "aaa*", "a -b"]),
)
def test_fragments_are_short_whole_and_from_the_text(text, query):
    try:
        found = marked(query, text, title=text)
    except UsageError:
        return
    # ⟦⟧ are both marks and possible text: compare without them.
    flat = " ".join(text.translate({ord("⟦"): None, ord("⟧"): None}).split())
    for fragments in found.values():
        assert 1 <= len(fragments) <= MAX_FRAGMENTS
        for fragment in fragments:
            assert len(fragment) <= MAX_FRAGMENT_CHARS
            assert MARK_OPEN in fragment
            body = fragment.strip("…").translate({ord("⟦"): None, ord("⟧"): None})
            assert " ".join(body.split()) in flat or "⟦" in text or "⟧" in text


@pytest.mark.parametrize("length", range(150, 175))
def test_never_longer_than_allowed_and_no_mark_is_parted(length):
    text = "zone " + "x" * length + " zone"
    for fragment in marked("zone", text)["text"]:
        assert len(fragment) <= MAX_FRAGMENT_CHARS
        assert not unicodedata.combining(fragment[0])


def test_all_places_that_match_can_be_had_without_fragments():
    text = "Safe zones are zones. A zone, ZONE."
    found = matches("The zone", text, parse_query("zone title:the -are"), None)
    assert [text[start:end] for start, end in found["text"]] == ["zone", "ZONE"]
    assert found["title"] == [(0, 3), (4, 8)]
