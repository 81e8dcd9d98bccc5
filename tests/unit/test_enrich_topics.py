"""Topics: the words that trigger them, the words that speak against them, the score."""

import pytest

from pipeline.enrich.folding import fold
from pipeline.enrich.topics import Topics
from pipeline.errors import ConfigError

FILE = """
[[topic]]
id = "lighthouse"
name = "Lighthouses"
strong.en = ["lighthouse", "light station*"]
weak.en = ["lamp", "keeper", "shore"]
near.en = [["lens", "fresnel"]]
against.en = ["nightclub"]
strong.tr = ["deniz feneri*"]
"""


@pytest.fixture
def topics(tmp_path):
    path = tmp_path / "topics.toml"
    path.write_text(FILE, "utf-8")
    return Topics.load(path)


@pytest.fixture(scope="module")
def shipped(root):
    return Topics.load(root / "config" / "topics.toml")


def find(topics, text, language="en", title=""):
    parts = {"title": fold(title), "text": fold(text)}
    return topics.find(parts, language)


def ids(topics, *args, **more):
    return {topic.id for topic in find(topics, *args, **more)}


def score(topics, *args, **more):
    return next((topic.score for topic in find(topics, *args, **more)), 0.0)


def test_one_strong_phrase_is_just_enough(topics):
    (topic,) = find(topics, "The lighthouse stands.")
    assert topic.score == 0.5
    assert [one.surface for one in topic.evidence] == ["lighthouse"]


def test_two_weak_phrases_are_not_enough_and_three_are(topics):
    assert find(topics, "The lamp and the keeper.") == ()
    assert score(topics, "The lamp, the keeper, the shore.") == pytest.approx(0.545)


def test_repetition_counts_less_each_time(topics):
    once, twice, four = (score(topics, "lighthouse " * n) for n in (1, 2, 4))
    assert (once, twice, four) == (0.5, 0.667, 0.75)


def test_the_title_counts_double(topics):
    assert score(topics, "", title="A lighthouse") == 0.667


def test_words_that_stand_close_count_in_any_order(topics):
    (topic,) = find(topics, "A lens, as Fresnel drew it, is on show.")
    assert topic.evidence[0].surface == "lens, as Fresnel"
    assert find(topics, "A lens. " + "Many other words follow here. " * 4 + "Fresnel.") == ()


def test_words_against_a_topic_take_points(topics):
    assert find(topics, "The lighthouse is a nightclub now.") == ()
    assert score(topics, "lighthouse " * 4 + "nightclub") > 0.5


def test_one_weak_phrase_is_never_enough(topics):
    assert find(topics, "lamp " * 50) == ()


def test_a_topic_yields_to_another_that_scores_as_high(tmp_path):
    path = tmp_path / "topics.toml"
    other = '[[topic]]\nid = "film"\nname = "Film"\nstrong.en = ["cinema"]\n'
    path.write_text(FILE + 'yields_to = ["film"]\n' + other, "utf-8")
    topics = Topics.load(path)
    assert ids(topics, "The cinema showed the lighthouse.") == {"film"}
    assert ids(topics, "Cinema. Lighthouse, lighthouse.") == {"film", "lighthouse"}
    path.write_text(FILE + 'yields_to = ["nothing"]\n', "utf-8")
    with pytest.raises(ConfigError, match="there is no topic nothing"):
        Topics.load(path)


def test_phrases_are_read_in_their_own_language(topics):
    assert ids(topics, "deniz fenerinin", "tr") == {"lighthouse"}
    assert ids(topics, "deniz fenerinin", "en") == set()
    assert ids(topics, "deniz fenerinin", None) == {"lighthouse"}


def test_faults_are_reported_together(tmp_path):
    path = tmp_path / "topics.toml"
    path.write_text(
        FILE + FILE + '[[topic]]\nid = "x"\nname = "Xx"\nnear.en = [["a"]]\nweak.xx = []\n'
    )
    with pytest.raises(ConfigError) as caught:
        Topics.load(path)
    assert [fault.key for fault in caught.value.faults] == ["topic[x].weak", "topic[x].near"]
    path.write_text(FILE + FILE, "utf-8")
    with pytest.raises(ConfigError, match="used twice"):
        Topics.load(path)


@pytest.mark.parametrize(
    ("text", "language", "topic"),
    [
        ("They agreed on a safe zone.", "en", "safe-zone"),
        ("Güvenli bölgenin kurulması", "tr", "safe-zone"),
        ("إقامة المنطقة الآمنة", "ar", "safe-zone"),
        ("über die Sicherheitszone", "de", "safe-zone"),
        ("la zone de sécurité", "fr", "safe-zone"),
        ("the first combined ground patrol", "en", "combined-patrol"),
        ("ilk ortak kara devriyesini", "tr", "combined-patrol"),
        ("أول دورية برية مشتركة", "ar", "combined-patrol"),
        ("die erste gemeinsame Patrouille", "de", "combined-patrol"),
        ("une patrouille conjointe", "fr", "combined-patrol"),
        ("a peace corridor", "en", "peace-corridor"),
        ("barış koridorunun", "tr", "peace-corridor"),
        ("ممر السلام", "ar", "peace-corridor"),
        ("ein Friedenskorridor", "de", "peace-corridor"),
        ("un couloir de paix", "fr", "peace-corridor"),
        ("ateşkesin ardından", "tr", "ceasefire"),
        ("وقف إطلاق النار", "ar", "ceasefire"),
        ("eine Waffenruhe", "de", "ceasefire"),
        ("un cessez-le-feu", "fr", "ceasefire"),
        ("yaptırımları", "tr", "sanctions"),
        ("insani yardımın", "tr", "humanitarian-aid"),
    ],
)
def test_the_story_is_recognised_in_five_languages(shipped, text, language, topic):
    assert topic in ids(shipped, text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "The promoted side sits in the relegation safe zone of the league table.",
            "en",
        ),
        ("The winger lifted the club into the safe zone; a long season for the players.", "en"),
        ("Takım küme düşme hattından çıkıp güvenli bölgeye yerleşti, Süper Lig.", "tr"),
        ("Der Verein verlässt den Abstiegsplatz; in der Tabelle lockt die Schutzzone.", "de"),
    ],
)
def test_a_safe_zone_in_a_league_table_is_sport(shipped, text, language):
    found = ids(shipped, text, language)
    assert "safe-zone" not in found
    assert "sport" in found


def test_the_topics_that_were_asked_for_are_there(shipped):
    wanted = (
        "safe-zone security-mechanism combined-patrol peace-corridor displaced-people-return"
        " joint-operations-centre unilateral-operation counter-isis sanctions nato ceasefire"
        " humanitarian-aid refugees diplomacy-talks elections economy sport"
    )
    assert set(wanted.split()) <= set(shipped._names)
