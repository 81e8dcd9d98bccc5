"""What the lists could learn from articles."""

import tomllib

import pytest

from pipeline.enrich.gazetteer_files import load_gazetteer
from pipeline.enrich.suggesting import Suggestions, as_toml
from pipeline.model import Entity, Mention


@pytest.fixture
def suggestions(root):
    return Suggestions(load_gazetteer(root / "config" / "gazetteer"))


def entity(name, kind="person", *, id_=None):
    mention = Mention(9, 9 + len(name), name, "text")
    return Entity(id_ or f"named-{kind}-{name.lower()}", name, kind, (mention,), "reader-1")


def add(suggestions, *names, kind="person"):
    for name in names:
        suggestions.add([entity(name, kind)], "Title", f"She met, {name} in the harbour.")


def test_the_most_frequent_come_first_with_examples(suggestions):
    add(suggestions, "Ada Quill", "Bo Feather", "Ada Quill")
    first, second = suggestions.most(9)
    assert (first.name, first.articles, first.spelling_of) == ("Ada Quill", 2, None)
    assert first.examples[0] == "She met, Ada Quill in the harbour."
    assert second.articles == 1
    assert [one.name for one in suggestions.most(9, least=2)] == ["Ada Quill"]
    assert len(suggestions.most(1)) == 1


def test_what_a_list_has_is_not_suggested(suggestions):
    suggestions.add([entity("Turkey", "place", id_="turkey")], "", "In Turkey they met.")
    assert suggestions.most(9) == []


def test_it_is_shown_as_it_is_spelt_most_often(suggestions):
    add(suggestions, "ADA QUILL", "Ada Quill", "Ada Quill")
    assert suggestions.most(9)[0].name == "Ada Quill"


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("Mevlut K. Cavusoglu", "mevlut-cavusoglu"),
        ("Mustafa Mevlüt Çavuşoğlu", "mevlut-cavusoglu"),
        ("Hikmet Cavusoglu", None),
        ("Cavusoglu", None),
    ],
)
def test_another_spelling_of_a_listed_name_is_said_to_be_one(suggestions, name, whose):
    add(suggestions, name)
    assert suggestions.most(1)[0].spelling_of == whose


def test_what_is_pasted_is_read(suggestions):
    add(suggestions, 'Ada "Quick" Quill', "Mevlut K. Cavusoglu")
    for one in suggestions.most(9):
        lines = tomllib.loads(as_toml(one))
        assert lines.get("entity", [{}])[0].get("name", one.name) == one.name
