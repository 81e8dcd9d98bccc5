"""Statistical models that find names no list has: spaCy pipelines that are installed as packages.

Optional (`[enrich] models`). A model is loaded once per process, when the first text comes. Only
its finder of names runs: grammar and lemmas are not asked for.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from pipeline.enrich.gazetteer import ORGANISATION, PERSON, PLACE
from pipeline.errors import ConfigError, Fault

#: What is read for names: more is no article, and its end names nobody new.
MAX_CHARS = 100_000
_FINDER, _VECTORS = "ner", "tok2vec"
#: Components that finding names needs nothing of.
_UNUSED = (
    "tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer",
    "trainable_lemmatizer", "textcat",
)  # fmt: skip
#: What pipelines call their kinds: OntoNotes' labels, and those of the WikiNER kind.
_TYPES = {
    "PERSON": PERSON, "PER": PERSON,
    "ORG": ORGANISATION,
    "GPE": PLACE, "LOC": PLACE, "FAC": PLACE,
}  # fmt: skip
#: Several processes work side by side already, and each thread reserves address space, which is
#: limited ([parser] memory_bytes).
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of text that a model takes for a name; offsets are code points."""

    start: int
    end: int
    type: str  # one of gazetteer.TYPES


class NameModel(Protocol):
    """Finds names in texts of one language."""

    language: str
    engine: str  # name and version: what an entity says it was found by

    def find(self, text: str) -> list[Found]:
        """Return the names in order; none overlap."""
        ...


class SpacyModel:
    """A spaCy pipeline of the Python environment, named as its package is."""

    def __init__(self, package: str) -> None:
        for name in _THREADS:
            os.environ.setdefault(name, "1")
        spacy = import_module("spacy")
        pipeline: Any = spacy.load(package, exclude=_UNUSED)
        if _FINDER not in pipeline.pipe_names:
            raise ValueError("it finds no names: it has no component `ner`")
        if _VECTORS in pipeline.pipe_names:
            listeners = pipeline.get_pipe(_VECTORS).listening_components
            if _FINDER not in listeners:
                pipeline.disable_pipe(_VECTORS)
        self._pipeline = pipeline
        self.language: str = pipeline.lang
        self.engine = f"{package}-{pipeline.meta['version']}"

    def find(self, text: str) -> list[Found]:
        """Return the names in order; none overlap."""
        return [
            Found(one.start_char, one.end_char, _TYPES[one.label_])
            for one in self._pipeline(text[:MAX_CHARS]).ents
            if one.label_ in _TYPES
        ]


def load_models(packages: Sequence[str]) -> Mapping[str, NameModel]:
    """Return language → its model. Raises ConfigError with every fault."""
    models: dict[str, NameModel] = {}
    faults: list[Fault] = []
    for package in packages:
        try:
            model = SpacyModel(package)
        except (AttributeError, ImportError, OSError, ValueError) as error:
            faults.append(_fault(package, str(error).partition("\n")[0]))
            continue
        if model.language in models:
            other = models[model.language].engine
            faults.append(_fault(package, f"{other} is for {model.language!r} already"))
        models.setdefault(model.language, model)
    if faults:
        raise ConfigError(faults)
    return models


def _fault(package: str, problem: str) -> Fault:
    advice = "pip install 'newsline[models]' has one for English"
    return Fault("settings", "enrich.models", f"{package!r}: {problem}; {advice}")
