"""The few phrases an article keeps coming back to."""

import pytest

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.key_phrases import MAX_PHRASES


@pytest.fixture(scope="module")
def phrases(root):
    enrichers = Enrichers.load(root / "config")

    def find(text, language="en", title=""):
        return enrichers.enrich(title=title, text=text, language=language).key_phrases

    return find


def test_what_comes_back_is_a_phrase_and_what_does_not_is_none(phrases):
    text = "A security mechanism is near. The security mechanism, he said, will hold. It rains."
    assert phrases(text) == ("security mechanism",)


def test_the_title_counts(phrases):
    assert phrases("They wait for a joint patrol.", title="A joint patrol") == ("joint patrol",)


def test_names_are_left_to_their_facets(phrases):
    text = "Erdoğan met Mike Pence. Erdoğan and Mike Pence met in Ankara. Ankara is large."
    assert phrases(text) == ()


def test_no_fragment_of_a_longer_phrase(phrases):
    text = "The joint operations center opened. A joint operations center is what it takes."
    assert phrases(text) == ("joint operations center",)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Güvenli bölge kuruldu. O, güvenli bölgenin sınırını gördü.", "tr", "güvenli bölge"),
        ("في المنطقة الآمنة، وعن منطقة آمنة.", "ar", "منطقة آمنة"),
        ("Die gemeinsame Patrouille war da. Nach der gemeinsamen Patrouille.", "de",
         "gemeinsame Patrouille"),
        ("la zone tampon est là. Dans les zones tampons.", "fr", "zone tampon"),
    ],
)  # fmt: skip
def test_forms_of_a_phrase_are_one(phrases, text, language, expected):
    assert expected in phrases(text, language)


def test_there_are_few_of_them(phrases):
    several = [f"{one}{one} {other}{other}" for one in "bdfgk" for other in "lmnpr"]
    text = ". ".join(f"the {one} and the {one}" for one in several)
    assert len(phrases(text)) <= MAX_PHRASES
