"""Inflections in every language that has a form of its own, on every engine that knows it."""

import pytest
from support_index import ENGINES, EVERY_ENGINE, article, ids

from pipeline.adapters.stemming import STEMMED
from pipeline.index.mapping import LANGUAGES
from pipeline.index.query import Query

#: Languages whose inflections an engine does not know: their articles are found as written.
UNKNOWN_TO = {"embedded": {"fa"}, "elasticsearch": {"ta"}}

#: language → (as it stands in the text, another inflection of it)
INFLECTED = {
    "en": ("patrols", "patrol"),
    "tr": ("bölgeler", "bölge"),
    "ar": ("المنطقة", "منطقة"),
    "de": ("Sicherheitszonen", "Sicherheitszone"),
    "fr": ("patrouilles", "patrouille"),
    "es": ("patrullas", "patrulla"),
    "ru": ("патрулей", "патруль"),
    "fa": ("گشت‌ها", "گشت"),
    "it": ("pattuglie", "pattuglia"),
    "pt": ("patrulhas", "patrulha"),
    "nl": ("verhalen", "verhaal"),
    "sv": ("patrullerna", "patruller"),
    "da": ("patruljerne", "patruljer"),
    "no": ("patruljene", "patruljer"),
    "fi": ("partiot", "partio"),
    "hu": ("járőrök", "járőr"),
    "ro": ("patrulele", "patrule"),
    "el": ("ζώνες", "ζώνη"),
}


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def engine(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    opened.write(
        [
            article(f"in-{language}", f"{written}.", f"{written} 1", language=language)
            for language, (written, _) in INFLECTED.items()
        ],
        [],
    )
    yield request.param, opened
    opened.close()


def test_every_language_with_a_form_of_its_own_is_tried_here():
    assert set(INFLECTED) == set(LANGUAGES)
    assert set(LANGUAGES) - UNKNOWN_TO["embedded"] == set(STEMMED) - {"ta"}


@pytest.mark.parametrize("language", INFLECTED)
def test_another_inflection_finds_the_article(engine, language):
    name, index = engine
    if language in UNKNOWN_TO[name]:
        pytest.skip(f"the {name} engine has no stemmer for {language}; docs/searching.md says so")
    written, asked = INFLECTED[language]
    assert f"in-{language}" in ids(index.search(Query(asked, {"language": (language,)})))
    assert f"in-{language}" in ids(index.search(Query(written, {"language": (language,)})))


@pytest.mark.parametrize("language", INFLECTED)
def test_in_quotation_marks_only_what_is_written_is_found(engine, language):
    _, index = engine
    written, asked = INFLECTED[language]
    assert ids(index.search(Query(f'"{written}"', {"language": (language,)}))) == {f"in-{language}"}
    assert ids(index.search(Query(f'"{asked}"', {"language": (language,)}))) == set()


@pytest.mark.parametrize(
    ("language", "written", "asked"),
    [
        ("ru", "Ещё", "еще"),
        ("el", "Συρία", "συρια"),
        ("es", "Niños", "ninos"),
        ("fa", "سوريه", "سوریه"),
        ("ar", "٢٠١٩", "2019"),
        ("tr", "Iğdır", "igdir"),
        ("no", "Søndag", "sondag"),
    ],
)
def test_letters_are_folded_in_every_script(engine, language, written, asked):
    _, index = engine
    index.write([article(f"folded-{asked}", "Folded", written, language=language)], [])
    assert f"folded-{asked}" in ids(index.search(Query(asked)))
    assert f"folded-{asked}" in ids(index.search(Query(f'"{asked}"')))
