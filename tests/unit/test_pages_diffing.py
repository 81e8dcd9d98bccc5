"""What changed between two revisions: nothing is lost, whatever the texts, and it stays quick."""

import time

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.pages.diffing import (
    Edit,
    Piece,
    compare,
    folded,
    is_kept,
    paragraphs,
    words,
)

#: Few letters, so that texts have much in common.
TEXTS = st.text("ab \n,", max_size=60)


def side(blocks, edit):
    return "".join(p.text for block in blocks for p in block if p.edit in (Edit.KEPT, edit))


@given(TEXTS, TEXTS)
def test_both_texts_are_there_as_they_were(old, new):
    blocks = compare(old, new)
    assert (side(blocks, Edit.OUT), side(blocks, Edit.IN)) == (old, new)
    assert all(piece.text for block in blocks for piece in block)


@given(TEXTS)
def test_a_text_has_not_changed_against_itself(text):
    assert all(is_kept(block) for block in compare(text, text))
    assert "".join(paragraphs(text)) == text


def test_a_word_that_changed_stands_among_those_that_did_not():
    (block,) = compare("The first patrol left.", "The second patrol left.")
    assert block == (
        Piece(Edit.KEPT, "The "),
        Piece(Edit.OUT, "first "),
        Piece(Edit.IN, "second "),
        Piece(Edit.KEPT, "patrol left."),
    )


def test_a_paragraph_with_little_in_common_is_taken_out_and_put_in_whole():
    blocks = compare("Nothing of it is true, he said.", "Ankara and Washington agreed today.")
    assert [[piece.edit for piece in block] for block in blocks] == [[Edit.OUT], [Edit.IN]]


def test_what_did_not_change_is_folded_but_for_its_neighbours():
    old = "\n\n".join(f"paragraph {n}" for n in "abcdefgh")
    shown = folded(compare(old, old.replace("paragraph e", "paragraph E")))
    assert [one if isinstance(one, int) else len(one) for one in shown] == [3, 3, 2]
    assert folded(compare(old, old)) == [8]
    assert folded([]) == []


def test_words_are_counted_by_what_became_of_them():
    blocks = compare("one two three", "one two four five")
    assert [words(blocks, edit) for edit in Edit] == [2, 1, 2]


def test_texts_made_to_be_slow_are_not():
    old = " ".join(f"a b{n % 7}" for n in range(20_000))
    new = " ".join(f"b{n % 5} a" for n in range(20_000))
    started = time.monotonic()
    blocks = compare(old, new)
    assert time.monotonic() - started < 3
    assert (side(blocks, Edit.OUT), side(blocks, Edit.IN)) == (old, new)
