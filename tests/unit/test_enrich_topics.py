"""Topics: the words that trigger them, the words that speak against them, the score."""

import shutil
import tomllib

import pytest

from pipeline.enrich.folding import fold
from pipeline.enrich.iptc import iptc_files, load_iptc
from pipeline.enrich.topic_files import load_topics
from pipeline.enrich.topics import TopicRules, Topics, Weighing
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
    return load_topics(path)


@pytest.fixture(scope="module")
def shipped(root):
    return load_topics(root / "config" / "topics.toml")


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
    topics = load_topics(path)
    assert ids(topics, "The cinema showed the lighthouse.") == {"film"}
    assert ids(topics, "Cinema. Lighthouse, lighthouse.") == {"film", "lighthouse"}
    path.write_text(FILE + 'yields_to = ["nothing"]\n', "utf-8")
    with pytest.raises(ConfigError, match="there is no topic nothing"):
        load_topics(path)


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
        load_topics(path)
    assert [fault.key for fault in caught.value.faults] == ["topic[x].weak", "topic[x].near"]
    path.write_text(FILE + FILE, "utf-8")
    with pytest.raises(ConfigError, match="used twice"):
        load_topics(path)


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
        ("una zona segura", "es", "safe-zone"),
        ("la primera patrulla conjunta", "es", "combined-patrol"),
        ("un corredor de paz", "es", "peace-corridor"),
        ("el alto el fuego", "es", "ceasefire"),
        ("el centro de operaciones conjuntas", "es", "joint-operations-centre"),
    ],
)
def test_the_story_is_recognised_in_six_languages(shipped, text, language, topic):
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
        ("El equipo sale del descenso y entra en la zona segura de LaLiga.", "es"),
        ("L'équipe quitte la relégation: zone de sécurité au classement de Ligue 1.", "fr"),
        ("خرج الفريق من الهبوط إلى المنطقة الآمنة في جدول الدوري.", "ar"),
        ("Der Verein verlässt den Abstiegsplatz; in der Tabelle lockt die Schutzzone.", "de"),
    ],
)
def test_a_safe_zone_in_a_league_table_is_sport(shipped, text, language):
    found = ids(shipped, text, language)
    assert "safe-zone" not in found
    assert "sport" in found


@pytest.mark.parametrize(
    ("text", "language", "topic"),
    [
        ("New sanctions: a red card and a three-match ban by the panel.", "en", "sanctions"),
        ("PFDK yaptırımı açıkladı: kırmızı kart gören oyuncuya iki maç.", "tr", "sanctions"),
        ("فرض عقوبات بعد بطاقة حمراء، قالت لجنة الانضباط", "ar", "sanctions"),
        ("Das Sportgericht verhängt Sanktionen nach der Rote Karte.", "de", "sanctions"),
        ("Nouvelles sanctions de la commission de discipline.", "fr", "sanctions"),
        ("Nuevas sanciones del comité de disciplina.", "es", "sanctions"),
        ("A truce in the price war of the supermarkets.", "en", "ceasefire"),
        ("La trêve hivernale commence samedi.", "fr", "ceasefire"),
        ("Una tregua comercial entre las dos potencias.", "es", "ceasefire"),
        ("Mit einem Alleingang überwand er den Torwart.", "de", "unilateral-operation"),
        ("The caliphate of the Abbasid rulers prized its libraries.", "en", "counter-isis"),
        ("Rangers and villagers held a joint patrol against poachers.", "en", "combined-patrol"),
        ("Şampiyonlar Ligi'nde ikinci tur eşleşmeleri belli oldu.", "tr", "elections"),
        ("Éliminée au premier tour de Roland-Garros.", "fr", "elections"),
        ("En la segunda vuelta de LaLiga sumó más puntos.", "es", "elections"),
        ("Les manifestations sportives de l'été.", "fr", "protests"),
        ("A displaced fracture of the wrist.", "en", "displaced-people-return"),
        ("Die Reiserückkehrer stauten sich am Brenner, Rückkehrer überall.", "de",
         "displaced-people-return"),
    ],
)  # fmt: skip
def test_the_same_words_in_another_context_are_another_matter(shipped, text, language, topic):
    assert topic not in ids(shipped, text, language)


def test_the_topics_that_were_asked_for_are_there(shipped):
    wanted = (
        "safe-zone security-mechanism combined-patrol peace-corridor displaced-people-return"
        " joint-operations-centre unilateral-operation counter-isis sanctions nato ceasefire"
        " humanitarian-aid refugees diplomacy-talks elections economy sport"
    )
    assert set(wanted.split()) <= set(shipped._names)


TREE = [
    TopicRules("10", "sea"),
    TopicRules("11", "lights", parent="10", strong={"en": ["lighthouse"]}, weak={"en": ["lamp"]}),
    TopicRules("12", "ships", parent="10", weak={"en": ["keel"]}, tags={"tr": ["gemiler"]}),
    TopicRules("20", "land", strong={"en": ["ploughed field"]}, against={"en": ["field of view"]}),
]


def test_what_is_found_for_a_topic_is_found_for_its_parents_too():
    topics = Topics(TREE, Weighing(weak=0.5))
    assert ids(topics, "The lighthouse stands.") == {"10", "11"}
    assert ids(topics, "A lamp and a keel.") == {"10"}  # neither alone is enough below


def test_what_has_a_small_share_of_the_best_is_left_out():
    text = "lighthouse " * 8 + "and a ploughed field"
    assert ids(Topics(TREE), text) == {"10", "11", "20"}
    assert ids(Topics(TREE, Weighing(share=0.5)), text) == {"10", "11"}


@pytest.mark.parametrize(
    ("part", "said", "expected"),
    [
        ("section", "Gemiler", {"10", "12"}),  # of another language than the text
        ("keywords", "harbour\n\ngemiler", {"10", "12"}),
        ("keywords", "gemiler ve limanlar", set()),  # not the tag as a whole
        ("text", "gemiler", set()),  # a word of tags only
    ],
)
def test_tags_of_the_outlet_count_as_a_whole_and_in_any_language(part, said, expected):
    found = Topics(TREE).find({"title": fold(""), "text": fold(""), part: fold(said)}, "en")
    assert {topic.id for topic in found} == expected
    assert all(topic.score == pytest.approx(0.667) for topic in found)
    assert {one.part for topic in found for one in topic.evidence} <= {part}


def test_the_shipped_media_topics_have_words_in_every_language(root):
    folder = root / "config" / "iptc"
    codes = [line.split("\t")[0] for line in (folder / "codes.tsv").read_text("utf-8").splitlines()]
    for path in iptc_files(folder)[1:]:
        with_words = set(tomllib.loads(path.read_text("utf-8"))["codes"])
        assert len(with_words) >= 170
        assert with_words >= {code for code in codes if code.endswith("000000")}


def test_faults_of_the_media_topics_are_reported_together(root, tmp_path):
    shutil.copytree(root / "config" / "iptc", tmp_path / "iptc")
    with (tmp_path / "iptc/codes.tsv").open("a", encoding="utf-8") as file:
        file.write("123\t\ttoo short\n20009999\t20008888\tno such parent\n")
    (tmp_path / "iptc/de.toml").write_text('[codes.20009999]\nstrong = ["x"]\nbad = []\n', "utf-8")
    (tmp_path / "iptc/fr.toml").write_text('[codes.20009998]\nstrong = ["x"]\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_iptc(tmp_path / "iptc")
    keys = [fault.key for fault in caught.value.faults]
    assert keys == ["line 201: code", "line 202", "codes.20009999.bad", "codes.20009998"]
