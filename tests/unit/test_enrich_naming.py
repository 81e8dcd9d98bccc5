"""Names that no list has: what is made of what a model finds. The model here is a list of words."""

import re

import pytest

from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.models import Found
from pipeline.errors import ConfigError

ENGINE = "reader-1"


class Reader:
    """Takes for names what it was told to, wherever it stands."""

    language, engine = "en", ENGINE

    def __init__(self, **names):
        self.names = {words: kind for kind, several in names.items() for words in several}

    def opened(self):
        return self

    def find(self, text):
        found = [
            Found(one.start(), one.end(), kind)
            for words, kind in self.names.items()
            for one in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text)
        ]
        return sorted(found, key=lambda one: one.start)


class Broken:
    language, engine = "en", "broken-1"

    def opened(self):
        return self

    def find(self, text):
        raise ValueError(f"the model, of {len(text)}")


@pytest.fixture(scope="module")
def lists(root):
    return Enrichers.load(root / "config", open_places())


def enrich(lists, model, text, title=""):
    enrichers = Enrichers(
        lists._gazetteer, lists._places, lists._topics, lists._iptc, lists.versions,
        models={model.language: model},
    )  # fmt: skip
    return enrichers.enrich(title=title, text=text, language="en")


def named(lists, model, text, title=""):
    """(name, type, surfaces) of those whom the model found."""
    return [
        (one.name, one.type, [mention.surface for mention in one.mentions])
        for one in enrich(lists, model, text, title).entities
        if one.engine == ENGINE
    ]


def test_a_name_that_no_list_has_is_a_new_entity(lists):
    reader = Reader(person=["Ada Quillfeather"], organisation=["Harbour Pilots Guild"])
    text = "Ada Quillfeather joined the Harbour Pilots Guild."
    assert named(lists, reader, text) == [
        ("Ada Quillfeather", "person", ["Ada Quillfeather"]),
        ("Harbour Pilots Guild", "organisation", ["Harbour Pilots Guild"]),
    ]
    (person, _) = enrich(lists, reader, text).entities
    assert person.id == "named-person-ada-quillfeather"
    assert (person.mentions[0].why, person.mentions[0].score) == ("model", 0.75)


def test_the_lists_go_first(lists):
    reader = Reader(person=["Ankara", "SDF"], organisation=["River Euphrates"])
    text = "Ankara spoke of the SDF, east of the River Euphrates in Syria, and of Turkey."
    assert named(lists, reader, text) == []


def test_an_initial_more_makes_nobody_new(lists):
    reader = Reader(person=["Ban K. Ki-moon"])
    (found,) = enrich(lists, reader, "Ban K. Ki-moon left.").entities
    assert (found.name, found.mentions[0].why) == ("Ban Ki-moon", "model+list")


def test_a_surname_is_the_one_who_was_named_in_full_whatever_the_model_takes_it_for(lists):
    reader = Reader(person=["Ada Quillfeather"], organisation=["Quillfeather"])
    assert named(lists, reader, "Ada Quillfeather came. Then Quillfeather left.") == [
        ("Ada Quillfeather", "person", ["Ada Quillfeather", "Quillfeather"])
    ]


def test_a_surname_of_two_is_nobodys(lists):
    reader = Reader(person=["Ada Quillfeather", "Bo Quillfeather", "Quillfeather"])
    text = "Ada Quillfeather met Bo Quillfeather. Quillfeather left. Quillfeather came back."
    surfaces = [surface for *_, some in named(lists, reader, text) for surface in some]
    assert surfaces == ["Ada Quillfeather", "Bo Quillfeather"]


def test_a_person_can_be_named_by_one_word(lists):
    reader = Reader(person=["Zorblatt"])
    found = named(lists, reader, "Then Zorblatt spoke. Zorblatt left.")
    assert found == [("Zorblatt", "person", ["Zorblatt", "Zorblatt"])]


@pytest.mark.parametrize(
    "text",
    ["Helicopters came.", "They left. Helicopters came.", "“Helicopters came.” – So he said."],
)
def test_a_single_word_that_only_begins_sentences_is_no_name(lists, text):
    for kind in ("person", "place", "organisation"):
        assert named(lists, Reader(**{kind: ["Helicopters"]}), text) == []


def test_the_people_of_a_place_are_no_name(lists):
    text = "In the camp the Suriyeliler and the son of Suriyelinin Zorblatt waited, and Zorblatt."
    reader = Reader(person=["Suriyeliler", "Suriyelinin", "Zorblatt"])
    assert [name for name, *_ in named(lists, reader, text)] == ["Zorblatt"]


def test_a_place_within_an_organisation_s_name_is_part_of_it(lists):
    reader = Reader(organisation=["Bank of Ghana", "Syria Quillers"], person=["Ghana Ada"])
    text = "The Bank of Ghana spoke for Ghana. Syria Quillers won."
    found = {one.name: len(one.mentions) for one in enrich(lists, reader, text).entities}
    assert found == {"Bank of Ghana": 1, "Ghana": 1, "Syria": 1}


def test_titles_articles_and_possessives_are_no_part_of_a_name(lists):
    reader = Reader(
        person=["President Ada Quillfeather", "Ada Quillfeather's"],
        organisation=["the Harbour Pilots Guild’s"],
    )
    text = "President Ada Quillfeather read the Harbour Pilots Guild’s letter, Ada Quillfeather's."
    assert named(lists, reader, text) == [
        ("Ada Quillfeather", "person", ["Ada Quillfeather", "Ada Quillfeather"]),
        ("Harbour Pilots Guild", "organisation", ["Harbour Pilots Guild"]),
    ]


def test_an_acronym_means_the_organisation_that_the_article_says(lists):
    reader = Reader(organisation=["Harbour Pilots Guild"])
    text = "The Harbour Pilots Guild (HPG) met. The HPG left."
    assert named(lists, reader, text) == [
        ("Harbour Pilots Guild", "organisation", ["Harbour Pilots Guild", "HPG", "HPG"])
    ]


def test_a_name_has_one_kind_in_an_article(lists):
    class Wavering(Reader):
        def find(self, text):
            found = super().find(text)
            return [Found(one.start, one.end, "place" if at == 1 else one.type)
                    for at, one in enumerate(found)]  # fmt: skip

    reader = Wavering(organisation=["Harbour Pilots Guild"])
    text = "Harbour Pilots Guild. Harbour Pilots Guild. Harbour Pilots Guild."
    assert [(kind, len(said)) for _, kind, said in named(lists, reader, text)] == [
        ("organisation", 3)
    ]


def test_places_of_geonames_go_before_single_words_of_the_model(lists):
    reader = Reader(person=["Reykjavik"], place=["Quillbury"])
    found = enrich(lists, reader, "From Reykjavik in Iceland they went to Quillbury.")
    engines = {one.name: one.engine for one in found.entities}
    assert engines["Quillbury"] == ENGINE
    assert engines.get("Reykjavik") != ENGINE


def test_a_model_that_fails_leaves_what_the_lists_have(lists):
    found = enrich(lists, Broken(), "Turkey and Syria.")
    assert [one.name for one in found.entities] == ["Turkey", "Syria"]
    assert "the model" in found.failed["entities"]


def test_a_model_of_another_language_is_not_asked(lists):
    broken = Broken()
    broken.language = "fr"
    assert enrich(lists, broken, "Turkey and Syria agreed on it today.").failed == {}


def test_offsets_are_code_points_of_the_original(lists):
    reader = Reader(person=["Ada Quillfeather"])
    text = "\u201c\U0001f6a2 U.S. news\u201d \u2014 Ada Quillfeather."
    (mention,) = next(
        one.mentions for one in enrich(lists, reader, text).entities if one.engine == ENGINE
    )
    assert text[mention.start : mention.end] == "Ada Quillfeather"


def test_a_model_that_is_not_installed_is_a_fault_with_its_key(root):
    with pytest.raises(ConfigError) as told:
        Enrichers.load(root / "config", models=["no_such_model", "pytest"])
    assert [fault.key for fault in told.value.faults] == ["enrich.models"] * 2
    assert "en_newsline" in told.value.faults[0].problem
