"""Gazetteer files: what is shipped is sound, and every fault is reported at once."""

import shutil
from pathlib import Path

import pytest

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.gazetteer_files import load_gazetteer
from pipeline.errors import ConfigError

HEADER = "id\tname\tkind\ten\ttr\tar\tde\tfr\tacronyms\tcountry\tlat\tlon\twikidata\tgeonames"
WORDS = "given_names = []\ntitles = []\nfunction_words = []\ncapital_words = []\n"
ENTITY = '[[entity]]\nid = "{id}"\ntype = "{type}"\nname = "{name}"\n{more}\n'


def entity(slug, name, kind="organisation", more=""):
    return ENTITY.format(id=slug, name=name, type=kind, more=more)


@pytest.fixture
def folder(tmp_path):
    """A small sound gazetteer."""
    (tmp_path / "words.toml").write_text(WORDS, "utf-8")
    (tmp_path / "context.toml").write_text("", "utf-8")
    (tmp_path / "some.toml").write_text(entity("mars-guard", "Mars Guard"), "utf-8")
    return tmp_path


def faults(folder):
    with pytest.raises(ConfigError) as caught:
        load_gazetteer(folder)
    return [
        (fault.file.rsplit("/", 1)[-1], fault.key, fault.problem) for fault in caught.value.faults
    ]


def test_the_shipped_gazetteer_is_sound_and_large_enough(root):
    names = load_gazetteer(root / "config" / "gazetteer").names.values()
    places = [name for name in names if name.type == "place"]
    assert len(places) >= 250
    assert len(names) - len(places) >= 120


def test_a_sound_folder_loads(folder):
    assert set(load_gazetteer(folder).names) == {"mars-guard"}


def test_every_fault_of_every_file_is_reported(folder):
    (folder / "some.toml").write_text(
        entity("Mars Guard", "Mars Guard")
        + entity("x", "Xenon", kind="planet")
        + entity("y", "Ypsilon", more='aliases.xx = ["Y"]\nlat = 1.0')
        + entity("z", "Zeta", more='colour = "red"'),
        "utf-8",
    )
    (folder / "places.tsv").write_text(f"{HEADER}\nonly\ttwo\n", "utf-8")
    (folder / "words.toml").write_text("given_names = [", "utf-8")
    found = faults(folder)
    assert [(file, key) for file, key, _ in found] == [
        ("places.tsv", "line 2"),
        ("some.toml", "entity[Mars Guard].id"),
        ("some.toml", "entity[x].type"),
        ("some.toml", "entity[y].aliases"),
        ("some.toml", "entity[z].colour"),
        ("words.toml", "file"),
    ]


def test_an_id_used_twice_is_a_fault(folder):
    (folder / "more.toml").write_text(entity("mars-guard", "Another Guard"), "utf-8")
    ((file, key, problem),) = faults(folder)
    assert (file, key) == ("some.toml", "entity[mars-guard]")
    assert "more.toml" in problem


def test_a_shared_alias_without_a_rule_is_a_fault(folder):
    more = 'acronyms = ["MG"]'
    (folder / "some.toml").write_text(
        entity("mars-guard", "Mars Guard", more=more)
        + entity("moon-guard", "Moon Guard", more=more),
        "utf-8",
    )
    ((_, key, problem),) = faults(folder)
    assert key == "entity[moon-guard]"
    assert "'mg'" in problem
    assert "mars-guard" in problem


def test_a_rule_allows_a_shared_alias(folder):
    more = 'acronyms = ["MG"]'
    (folder / "some.toml").write_text(
        entity("mars-guard", "Mars Guard", more=more)
        + entity("moon-guard", "Moon Guard", more=more),
        "utf-8",
    )
    rule = '[[rule]]\nentity = "moon-guard"\naliases = ["MG"]\nneeds = ["moon*"]\n'
    (folder / "context.toml").write_text(rule, "utf-8")
    assert load_gazetteer(folder)


def test_one_alias_in_two_languages_may_mean_two_things(folder):
    (folder / "some.toml").write_text(
        entity("mars-guard", "Mars Guard", more='aliases.de = ["Wache"]')
        + entity("moon-guard", "Moon Guard", more='aliases.fr = ["Wache"]'),
        "utf-8",
    )
    assert load_gazetteer(folder)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ('entity = "nobody"\nneeds = ["x"]', "there is no entity with this id"),
        (
            'entity = "mars-guard"\naliases = ["Nothing"]\nneeds = ["x"]',
            "'nothing' is no alias of it",
        ),
        ('entity = "mars-guard"', "a rule has `needs` or `not_with`"),
    ],
)
def test_a_rule_that_cannot_apply_is_a_fault(folder, rule, problem):
    (folder / "context.toml").write_text(f"[[rule]]\n{rule}\n", "utf-8")
    ((file, _, said),) = faults(folder)
    assert file == "context.toml"
    assert problem in said


def test_coordinates_outside_the_world_are_a_fault(folder):
    line = "x\tXanadu\tcity\t\t\t\t\t\t\tcn\t91\t0\tL5\t-1"
    (folder / "places.tsv").write_text(f"{HEADER}\n{line}\n", "utf-8")
    keys = [key for _, key, _ in faults(folder)]
    assert keys == [f"line 2: {field}" for field in ("country", "lat", "wikidata", "geonames")]


def test_faults_of_gazetteer_and_topics_come_together(folder, tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    shutil.copytree(folder, config / "gazetteer", ignore=lambda *_: ["config"])
    (config / "gazetteer" / "words.toml").unlink()
    (config / "topics.toml").write_text('[[topic]]\nid = "A b"\nname = "x"\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        Enrichers.load(config)
    faults = [(Path(fault.file).name, fault.key) for fault in caught.value.faults]
    assert faults[:4] == [
        ("words.toml", "file"),
        ("topics.toml", "topic[A b].id"),
        ("topics.toml", "topic[A b].name"),
        ("places.toml", "file"),
    ]
    assert faults[4:] == [
        (name, "file")
        for name in ("codes.tsv", *(f"{one}.toml" for one in ("en", "tr", "ar", "de", "fr", "es")))
    ]


def test_a_changed_file_changes_the_version(root, tmp_path):
    shutil.copytree(root / "config" / "gazetteer", tmp_path / "gazetteer")
    for name in ("topics.toml", "places.toml"):
        shutil.copy(root / "config" / name, tmp_path / name)
    shutil.copytree(root / "config" / "iptc", tmp_path / "iptc")
    before = Enrichers.load(tmp_path).versions
    assert before == Enrichers.load(root / "config").versions
    with (tmp_path / "gazetteer" / "people.toml").open("a", encoding="utf-8") as file:
        file.write(entity("somebody-new", "Somebody New", kind="person"))
    after = Enrichers.load(tmp_path).versions
    assert before["entities"] != after["entities"]
    assert {key for key in before if before[key] != after[key]} == {"entities"}
