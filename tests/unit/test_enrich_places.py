"""Places of GeoNames beside the hand-written ones: which is meant, and where it happened.

The texts and what is expected of them were written for this project.
"""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.places.listed import NoPlaces
from pipeline.enrich.places.words import PlaceWords
from pipeline.errors import ConfigError


@pytest.fixture(scope="session")
def enrichers(root):
    return Enrichers.load(root / "config", open_places())


@pytest.fixture
def look(enrichers):
    """Return a function: text → its enrichment."""

    def look(text, language="en", title="", country=None):
        return enrichers.enrich(title=title, text=text, language=language, country=country)

    return look


@pytest.fixture
def places(look):
    """Return a function: text → {surface: canonical name} of the places that are linked."""

    def places(text, language="en", **given):
        found = look(text, language, **given).entities
        return {
            one.surface: entity.name
            for entity in found
            if entity.type == "place"
            for one in entity.mentions
        }

    return places


@pytest.mark.parametrize(
    ("text", "language", "surface", "name"),
    [
        ("Two lorries burned in Wuppertal on Monday, the police said.", "en", "Wuppertal", None),
        ("Kaza, Afyonkarahisar'da meydana geldi, iki kişi öldü.", "tr", "Afyonkarahisar", None),
        ("Makedonya'da, Gevgelija'daki sınır kapısı kapatıldı.", "tr", "Gevgelija", None),
        ("انفجار في مدينة القصير بريف حمص أمس", "ar", "القصير", "Al Quşayr"),
        ("In Wuppertal und in Solingen trafen sich die Bürgermeister.", "de", "Solingen", None),
        ("Wuppertals Schwebebahn steht in Wuppertal seit gestern still.", "de", "Wuppertal", None),
        ("Un incendie a fait deux morts à Roubaix dans la nuit.", "fr", "Roubaix", None),
        ("The ferry to Réunion was late again this week, sailors said.", "en", "Réunion",
         "Reunion"),
        ("Floods in Los Angeles County closed two roads on Friday.", "en", "Los Angeles County",
         None),
        ("Ships crossed the Sea of Azov and the Dnieper at night.", "en", "Sea of Azov", None),
        ("He flew from Panama City to Lima in the evening, he said.", "en", "Panama City", None),
        ("Voters in New Mexico and Arizona waited for hours.", "en", "New Mexico", "New Mexico"),
    ],
)  # fmt: skip
def test_towns_divisions_and_waters_are_found(places, text, language, surface, name):
    assert places(text, language).get(surface) == (name or surface)


@pytest.mark.parametrize(
    ("text", "surface", "name"),
    [
        ("Snow fell in Rockville, Md., and the schools closed.", "Rockville", "Rockville"),
        ("A mill burned down in Paris, Ky., on Sunday.", "Paris", "Paris, Kentucky"),
        ("A mill burned down in Paris, Texas, on Sunday.", "Paris", "Paris, Texas"),
        ("He was born in Athens, Georgia, to a miner.", "Athens", "Athens, Georgia"),
        ("He was born in Athens, Georgia, to a miner.", "Georgia", "Georgia"),
        ("The factory in London, Ontario, is to close.", "London", "London, Ontario"),
        ("The horses came from Maitland, NSW, by train.", "NSW", "New South Wales"),
        ("The lab in Guildford, Surrey, UK, was sealed.", "Surrey", "Surrey"),
        ("She moved to Springfield, Illinois, last year.", "Springfield", "Springfield, Illinois"),
    ],
)
def test_what_follows_a_name_says_which_is_meant(places, text, surface, name):
    assert places(text)[surface] == name


def test_the_state_of_georgia_is_told_from_the_country(look):
    text = "Farmers in Alabama, Georgia and Florida lost their peaches. Georgia asked for help."
    countries = {place.country for place in look(text).places}
    assert countries == {"US"}
    text = "Soldiers left Tbilisi, and Georgia closed its border with Russia."
    assert {place.country for place in look(text).places} == {"GE", "RU"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Students of the University of Grenoble wrote a letter.", "en"),
        ("L'université de Roubaix a fermé ses portes.", "fr"),
        ("The Leicester Mercury reported it first. Dr. Ivins agreed with Mr. Kemp.", "en"),
        ("Margaret Springfield met Senator Lincoln Burlington.", "en"),
        ("Police said nothing. Union leaders did. Liberty costs. Hope remains.", "en"),
        ("People with HIV need care. UGA and AIDS groups said so.", "en"),
        ("Das Essen war kalt, die Halle auch, und am Ende kam der Regen.", "de"),
        ("Ordu sözcüsü konuştu. Batman filmini izledik. Merkez açıklama yaptı.", "tr"),
        ("وأن السلام في المدينة القديمة أمل كل الناس", "ar"),
    ],
)
def test_what_is_no_place_is_not_linked(places, text, language):
    assert places(text, language) == {}


def test_a_town_among_many_of_its_name_is_left_alone(places):
    assert places("Snow fell in Springfield and the schools closed.") == {}
    assert places("The mill in Clinton burned down, a neighbour said.") == {}


def test_the_outlet_s_country_decides_between_equals(places):
    text = "The museum in Cambridge opens at ten, the curator said."
    assert places(text) == {}
    assert places(text, country="US") == {"Cambridge": "Cambridge, Massachusetts"}
    assert places(text, country="GB") == {"Cambridge": "Cambridge"}


def test_the_countries_of_the_article_decide_between_equals(places):
    text = "Canada sent a crew. They landed in Hamilton, and Hamilton was glad, Ottawa said."
    assert places(text)["Hamilton"] == "Hamilton"
    assert places("New Zealand is calm. The road to Hamilton, south of Auckland, is open.") == {
        "New Zealand": "New Zealand", "Hamilton": "Hamilton, Waikato Region",
        "Auckland": "Auckland",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Troops moved into northern Syria at dawn.", "en", "northern Syria"),
        ("They met in the south-east of Turkey again.", "en", "southeastern Turkey"),
        ("Iraq's north-west has been dry for a year.", "en", "northwestern Iraq"),
        ("Devriye kuzey Suriye'de yapıldı.", "tr", "northern Syria"),
        ("Suriye'nin kuzeydoğusunda devriye yapıldı.", "tr", "northeastern Syria"),
        ("قصف شمال شرق سوريا أمس", "ar", "northeastern Syria"),
        ("انتشار في جنوب العراق", "ar", "southern Iraq"),
        ("Die Lage in Nordsyrien ist ruhig.", "de", "northern Syria"),
        ("In der Ostukraine wird gekämpft.", "de", "eastern Ukraine"),
        ("Im Norden des Irak ist es ruhig.", "de", "northern Iraq"),
        ("Les combats dans le nord-est de la Syrie ont repris.", "fr", "northeastern Syria"),
        ("Dans le sud du Liban, deux maisons ont brûlé.", "fr", "southern Lebanon"),
    ],
)
def test_a_direction_makes_a_part_of_the_country(look, text, language, name):
    part = next(place for place in look(text, language).places if place.parent)
    assert (part.name, part.kind, part.location) == (name, "part", None)
    assert part.id == f"{part.parent}-{part.direction}"


def test_a_country_that_is_called_by_a_direction_is_whole(look):
    for text in ("South Sudan and North Korea agreed.", "South Africa and Western Sahara agreed."):
        assert [place.parent for place in look(text).places] == [None, None]
    for text in ("Südafrika und Nordkorea schweigen dazu.", "Südkorea schweigt."):
        assert {place.parent for place in look(text, "de").places} == {None}


def scenes(found):
    return {place.id for place in found.places if place.scene >= 0.5}


def test_where_it_happened_is_apart_from_what_is_named(look):
    found = look(
        "Two people were killed when a bus fell into a river near Roubaix on Monday. France has "
        "had a hard winter. The driver came from Poland, and the bus was built in Turkey."
    )
    assert {place.name for place in found.places} == {"Roubaix", "France", "Poland", "Turkey"}
    assert [place.name for place in found.places if place.scene >= 0.5] == ["Roubaix"]
    (roubaix,) = (place for place in found.places if place.name == "Roubaix")
    assert [one.reason for one in roubaix.reasons] == ["lead", "event_sentence"]


def test_every_reason_points_at_words(look):
    text = "ANKARA (AA) - Turkish officers met in Ankara. Later a patrol left for Manbij."
    found = look(text, title="Officers meet in Ankara")
    parts = {"title": "Officers meet in Ankara", "text": text}
    (ankara,) = (place for place in found.places if place.id == "ankara")
    assert {one.reason for one in ankara.reasons} == {
        "title", "dateline", "lead", "event_sentence"
    }  # fmt: skip
    for one in ankara.reasons:
        at = one.mention
        assert parts[at.part][at.start : at.end] == at.surface
    assert ankara.scene > 0.8


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ANKARA, Sept 10 (Reuters) - The ministry said nothing new.", "en"),
        ("Ankara (dpa) – Das Ministerium hat nichts Neues gesagt.", "de"),
        ("ANKARA (AA) - Bakanlık yeni bir şey söylemedi.", "tr"),
        ("أنقرة - قالت الوزارة إنه لا جديد لديها", "ar"),
        ("Ankara — Le ministère n'a rien dit de neuf.", "fr"),
    ],
)
def test_a_dateline_is_known_in_every_language(look, text, language):
    found = look(text, language)
    (ankara,) = (place for place in found.places if place.id == "ankara")
    assert [one.reason for one in ankara.reasons] == ["dateline"]


@pytest.mark.parametrize("head", ["ROCKVILLE, Md. (AP) - ", "ROCKVILLE, Md., Sept. 3 (AP) — "])
def test_a_dateline_may_say_where_its_town_is(look, head):
    found = look(f"{head}The mill was silent.")
    assert [one.reason for place in found.places for one in place.reasons] == ["dateline"]


def test_a_sentence_with_a_dash_is_no_dateline(look):
    found = look("Nobody in Ankara expected it, and then it came - the ministry was silent.")
    assert "dateline" not in {one.reason for place in found.places for one in place.reasons}


def test_points_are_of_towns_and_divisions_never_of_countries(look):
    text = "He went from France to Texas, from Texas to Roubaix in France, and to northern Iraq."
    points = {place.name: place.location is not None for place in look(text).places}
    assert points == {"France": False, "Texas": True, "Roubaix": True, "northern Iraq": False}


def test_mentions_say_how_sure_they_are_and_why(look):
    found = look("Snow fell in Rockville, Md., and the schools closed.")
    (town,) = (one for one in found.entities if one.name == "Rockville")
    assert (town.engine, town.id) == ("geonames", "geonames-4367175")
    (mention,) = town.mentions
    assert 0.7 < mention.score < 1
    assert "qualifier" in mention.why.split("+")


def test_without_the_gazetteer_the_hand_written_places_remain(root):
    plain = Enrichers.load(root / "config")
    found = plain.enrich(title="", text="Near Manbij and Rockville, Md.", language="en")
    assert [entity.id for entity in found.entities] == ["manbij"]
    assert plain.versions["places"].endswith(f"-{NoPlaces.version}")


def test_a_fault_in_the_words_is_named(tmp_path):
    path = tmp_path / "places.toml"
    path.write_text('abbreviations = {}\nalone.names = []\nbefore.xx = ["in"]\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        PlaceWords.load(path)
    assert "before.xx" in {fault.key for fault in caught.value.faults}


def test_an_unknown_direction_is_named(root, tmp_path):
    path = tmp_path / "places.toml"
    text = (root / "config" / "places.toml").read_text("utf-8")
    path.write_text(text.replace("north-east = [", "upwards = [", 1), "utf-8")
    with pytest.raises(ConfigError, match="upwards"):
        PlaceWords.load(path)


WORDS = [
    "Paris", "Texas", "Md.", "Georgia", "northern", "Syria", "of", "the", "University", "Mr",
    "Panama", "City", "Nordsyrien", "’s", "in", "kuzey", "Suriye'nin", "kuzeyi", "شمال", "سوريا",
    "بحلب", "وان", "St.", "Louis", "New", "York", "NSW", "U.S.", "(", ")", ",", "–", "\n\n", "İ",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.sampled_from(["en", "tr", "ar", "de", "fr", "es", None]),
)
def test_mentions_are_cut_out_of_the_text_and_do_not_overlap(enrichers, text, language):
    found = enrichers.enrich(title=text[:30], text=text, language=language)
    parts = {"title": text[:30], "text": text}
    mentions = [one for entity in found.entities for one in entity.mentions]
    reasons = [one.mention for place in found.places for one in place.reasons]
    for one in (*mentions, *reasons):
        assert parts[one.part][one.start : one.end] == one.surface
    order = sorted((one.part, one.start, one.end) for one in mentions)
    for (part, _, end), (other, start, _) in pairwise(order):
        assert part != other or end <= start
    for place in found.places:
        assert 0 <= place.scene <= 1
        assert 0 <= place.score <= 1


@pytest.mark.parametrize(
    "text",
    ["Paris, Paris, " * 2000, "Springfield " * 3000, "St. " * 5000, "Nord" * 5000, "A" * 30000,
     "في حلب " * 3000, "New York, New York (" * 1500, "of Syria north " * 2000,
     "Panama City, Paris, " * 5000, "San " * 25000],
)  # fmt: skip
def test_the_time_grows_with_the_length_and_no_faster(enrichers, text):
    for language in ("en", "de", "ar"):
        begin = time.process_time()
        enrichers.enrich(title="", text=text, language=language)
        assert time.process_time() - begin < 4  # measured 0.1 to 1.5 s
