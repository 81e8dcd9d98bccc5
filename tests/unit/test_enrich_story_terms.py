"""By which words, names and numbers a story is recognised, and whom a text credits."""

import pytest

from pipeline.enrich.story_terms import story_terms
from pipeline.enrich.wires import wire_credit
from pipeline.model import Entity, Mention, Topic


def test_words_are_cut_and_those_that_say_nothing_are_left_out():
    found = story_terms("The patrols of 2019 and a patrol", "Vehicles were patrolling on Monday.")
    assert found == {"patrol": 1.0, "vehicl": 0.5}


def test_names_topics_and_numbers_are_the_same_in_every_language():
    entity = Entity("Q1", "Erdoğan", "person", (Mention(0, 7, "Erdoğan", "text"),))
    topic = Topic("safe-zone", "Safe zone", 1.0, ())
    english = story_terms("Erdogan: 130 hours", "", [entity], [topic])
    arabic = story_terms("أردوغان: ١٣٠ ساعة", "", [entity], [topic])
    assert {"@Q1", "%safe-zone", "130"} <= english.keys() & arabic.keys()


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("ANKARA (Reuters) - Two officers met.", "Reuters"),
        ("ANKARA, Sept 8 (AFP) — Two officers met.", "AFP"),
        ("Ankara (dpa) - Zwei Offiziere trafen sich.", "dpa"),
        ("(AP) – Two officers met.", "AP"),
        ("أنقرة (رويترز) - التقى ضابطان.", "Reuters"),
        ("İki subay görüştü. (AA)", "AA"),
        ("Deux officiers se sont vus.\n\n(avec AFP)", "AFP"),
        ("Two officers met.\n\nReporting by Reuters", "Reuters"),
        ("Two officers met.\nSource: Anadolu Agency", "AA"),
        ("Two officers told Reuters on Monday that they had met. They left.", None),
        ("Reuters was founded in London. It is old.", None),
        ("The AP course is hard - says a teacher.", None),
        ("", None),
    ],
)
def test_a_credit_is_read_at_head_and_foot_only(text, wire):
    assert wire_credit(text) == wire
