"""Where sentences begin, and the one that something stands in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.sentences import MAX_SENTENCES, sentence_at, sentence_starts


def sentences(text, language="en"):
    starts = sentence_starts(text, language)
    return [text[slice(*sentence_at(text, starts, start, start + 1))] for start in starts]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Lt. Gen. Stephen M. Twitty of U.S. European Command met Dr. Ray on Sept. 10.", "en"),
        ("“Why now?” he asked, and left.", "en"),
        ("Es geschah am 7. August in Ankara, bzw. in der Nähe, z.B. bei Dr. Maas.", "de"),
        ("Prof. Dr. Ayşe Kaya ve Doç. Dr. Ali Can 3. Kolordu’yu anlattı.", "tr"),
        ("M. Macron et Mme. Merkel ont parlé du n. 5.", "fr"),
        ("El Sr. Pérez y la Dra. Ruiz hablaron…  pero poco.", "es"),
        ("قال د. حسن إن الوضع صعب.", "ar"),
    ],
)  # fmt: skip
def test_these_are_one_sentence(text, language):
    assert sentences(text, language) == [text]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It is in the U.S. The U.S. said so.", "en", ["It is in the U.S.", "The U.S. said so."]),
        ("It began on Sept. 10. Nobody came.", "en", ["It began on Sept. 10.", "Nobody came."]),
        ("“We won.” They left! Why?", "en", ["“We won.”", "They left!", "Why?"]),
        ("A title\n\nthe text", "en", ["A title", "the text"]),
        ("Ist es wahr? Ja.", "de", ["Ist es wahr?", "Ja."]),
        ("هل عادوا؟ لم يعد أحد.", "ar", ["هل عادوا؟", "لم يعد أحد."]),
        ("Geldiler. İki kişi kaldı.", "tr", ["Geldiler.", "İki kişi kaldı."]),
    ],
)
def test_these_are_several(text, language, expected):
    assert sentences(text, language) == expected


def test_a_stretch_across_two_sentences_stands_in_both():
    text = "One here. Two there. Three."
    starts = sentence_starts(text)
    first, last = text.index("here"), text.index("there")
    assert text[slice(*sentence_at(text, starts, first, last))] == "One here. Two there."


def test_a_text_without_a_word_has_no_sentence():
    assert sentence_starts(" \n\n ") == ()
    assert sentence_at("", (), 0, 0) == (0, 0)


@given(st.text(alphabet="Aa.!? \n“”’1U.S", max_size=80), st.sampled_from(["en", "de", None]))
def test_sentences_cover_the_text_in_order(text, language):
    starts = sentence_starts(text, language)
    assert list(starts) == sorted(set(starts))
    assert bool(starts) == bool(text.strip())
    for position in range(len(text)):
        start, end = sentence_at(text, starts, position, position + 1)
        assert 0 <= start <= position
        assert end <= len(text)


def test_a_text_of_nothing_but_ends_is_bounded():
    begin = time.process_time()
    assert len(sentence_starts("A b. " * 200_000)) == MAX_SENTENCES
    sentence_starts(".”" * 500_000)
    assert time.process_time() - begin < 4  # measured 0.1 s
