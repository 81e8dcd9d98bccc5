"""Language: the packaged model alone, and what others claim where it cannot know."""

import pytest

from pipeline.enrich.language import LanguageDetector


@pytest.fixture(scope="module")
def detector():
    return LanguageDetector()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The officers met in the capital to talk about the border.", "en"),
        ("Subaylar sınırı konuşmak için başkentte bir araya geldi.", "tr"),
        ("اجتمع الضباط في العاصمة للحديث عن الحدود.", "ar"),
        ("Die Offiziere trafen sich in der Hauptstadt wegen der Grenze.", "de"),
        ("Les officiers se sont réunis dans la capitale.", "fr"),
    ],
)
def test_a_sentence_is_enough_without_a_network(detector, text, code):
    found, score = detector.detect(text)
    assert found == code
    assert 0.5 < score <= 1


def test_a_sure_detection_overrules_a_wrong_claim(detector):
    text = "Die Offiziere trafen sich in der Hauptstadt wegen der Grenze."
    assert detector.detect(text, "en")[0] == "de"


@pytest.mark.parametrize("text", ["", " \n ", "12:30 – 14:00", "…"])
def test_without_letters_the_claim_stands(detector, text):
    assert detector.detect(text, "tr") == ("tr", 0.0)
    assert detector.detect(text) == (None, 0.0)


def test_a_few_letters_are_no_match_for_a_claim(detector):
    assert detector.detect("Akar: Hayır", "tr-TR")[0] == "tr"


def test_lines_and_length_do_not_matter(detector):
    assert detector.detect("Les officiers se sont réunis.\n\n" * 2000)[0] == "fr"
