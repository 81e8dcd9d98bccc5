"""Models of names: those that Newsline ships, and pipelines of other people in a folder."""

import pytest
import spacy

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.models import Found, load_models, shipped
from pipeline.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    """A pipeline that somebody saved: another component than `ner` finds the names."""
    pipeline = spacy.blank("fr")
    pipeline.meta |= {"name": "rules", "version": "3.1"}
    patterns = [("organization", "Agence Quille"), ("Location", "Vauquelles"), ("date", "lundi")]
    pipeline.add_pipe("entity_ruler").add_patterns(
        [{"label": label, "pattern": words} for label, words in patterns]
    )
    pipeline.to_disk(tmp_path / "fr_rules")
    return tmp_path / "fr_rules"


def test_a_saved_pipeline_is_a_model_whatever_its_component_is_called(folder):
    (model,) = load_models([str(folder)], opened=True).values()
    assert (model.language, model.engine) == ("fr", "fr_rules-3.1")
    text = "L'Agence Quille est allée lundi à Vauquelles."
    assert model.find(text) == [
        Found(2, 15, "organisation"),
        Found(text.index("Vauquelles"), text.index("."), "place"),
    ]


def test_a_model_is_loaded_when_a_text_of_its_language_comes(root, folder):
    models = load_models([str(folder)])
    assert models["fr"]._pipeline is None
    lists = Enrichers.load(root / "config")
    enrichers = Enrichers(
        lists._gazetteer, lists._places, lists._topics, lists._iptc, lists.versions, models=models
    )
    enrichers.enrich(title="", text="Nobody of that agency came on Monday.", language="en")
    assert models["fr"]._pipeline is None
    text = "L'Agence Quille est là, dit-on à Paris."
    found = enrichers.enrich(title="", text=text, language="fr")
    assert [one.engine for one in found.entities if one.name == "Agence Quille"] == ["fr_rules-3.1"]
    assert models["fr"]._pipeline is not None


def test_a_pipeline_that_has_gone_costs_its_names_only_and_that_is_counted(root, folder):
    enrichers = Enrichers.load(root / "config", models=[str(folder)])
    (folder / "config.cfg").unlink()
    found = enrichers.enrich(title="", text="La Turquie et la Syrie parlent.", language="fr")
    assert [one.name for one in found.entities] == ["Turkey", "Syria"]
    assert "entities" in found.failed


def test_every_model_that_cannot_be_had_is_told_of_with_its_name(tmp_path, folder):
    deaf = spacy.blank("de")
    deaf.to_disk(tmp_path / "de_deaf")
    asked = ["no_such_model", "pytest", str(tmp_path), str(tmp_path / "de_deaf"), "no.such.part"]
    with pytest.raises(ConfigError) as told:
        load_models([*asked, str(folder), str(folder)], opened=True)
    problems = [fault.problem for fault in told.value.faults]
    assert [fault.key for fault in told.value.faults] == ["enrich.models"] * 6
    for name, problem in zip([*asked, str(folder)], problems, strict=True):
        assert problem.startswith(repr(name))
        assert "en_newsline" in problem
    assert "finds no names" in problems[3]
    assert "for 'fr' already" in problems[5]


@pytest.mark.parametrize("name", shipped())
def test_what_is_shipped_loads_and_says_where_it_comes_from(name, root):
    (model,) = load_models([name], opened=True).values()
    assert name.startswith(model.language)
    card = (root / "pipeline" / "enrich" / "shipped" / name / "CARD.md").read_text("utf-8")
    for wanted in ("Licence", "Trained on", "Figures"):
        assert wanted in card
    files = (root / "pipeline" / "enrich" / "shipped" / name).rglob("*")
    assert sum(file.stat().st_size for file in files if file.is_file()) < 25_000_000


def test_two_languages_are_shipped():
    assert shipped() == ["en_newsline", "tr_newsline"]
