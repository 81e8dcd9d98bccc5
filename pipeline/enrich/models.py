"""Statistical models that find names no list has: spaCy pipelines (`[enrich] models`).

A model is one that Newsline ships (`en_newsline`, `tr_newsline`), an installed package, or a
folder to which a pipeline was saved. It is loaded when the first text of its language comes, once
per process; until then only its description is read. Of a pipeline only what finds names runs:
grammar and lemmas are not asked for.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import orjson

from pipeline.enrich.gazetteer import ORGANISATION, PERSON, PLACE
from pipeline.errors import ConfigError, Fault

#: What is read for names: more is no article, and its end names nobody new.
MAX_CHARS = 100_000
#: Trained by us: training/README.md.
_SHIPPED, _DESCRIPTION = Path(__file__).with_name("shipped"), "meta.json"
#: Components that finding names needs nothing of.
_UNUSED = (
    "tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer",
    "trainable_lemmatizer", "textcat",
)  # fmt: skip
_FINDER, _VECTORS, _NAMES = "ner", "tok2vec", "doc.ents"
#: What pipelines call their kinds, in lower case: those of OntoNotes, WikiNER, and plain words.
_TYPES = {
    "person": PERSON, "per": PERSON,
    "org": ORGANISATION, "organization": ORGANISATION, "organisation": ORGANISATION,
    "gpe": PLACE, "loc": PLACE, "fac": PLACE, "location": PLACE, "place": PLACE,
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

    def opened(self) -> "NameModel":
        """Return the model, loaded; raises what says why that is impossible."""
        ...

    def find(self, text: str) -> list[Found]:
        """Return the names in order; none overlap."""
        ...


class SpacyModel:
    """A pipeline by its name, or by its folder.

    Raises ValueError when there is none.
    """

    def __init__(self, name: str) -> None:
        self._folder = _folder(name)
        described = orjson.loads((self._folder / _DESCRIPTION).read_bytes())
        self.language: str = described["lang"]
        self.engine = f"{self._folder.name}-{described['version']}"
        self._pipeline: Any = None

    def opened(self) -> "SpacyModel":
        """Return the model, loaded. Raises ImportError, OSError or ValueError."""
        if self._pipeline is None:
            self._pipeline = _load(self._folder)
        return self

    def find(self, text: str) -> list[Found]:
        """Return the names in order; none overlap. It has to be opened."""
        return [
            Found(one.start_char, one.end_char, _TYPES[one.label_.lower()])
            for one in self._pipeline(text[:MAX_CHARS]).ents
            if one.label_.lower() in _TYPES
        ]


def load_models(names: Sequence[str], *, opened: bool = False) -> Mapping[str, NameModel]:
    """Return language → its model, loaded already if asked. Raises ConfigError with every fault."""
    models: dict[str, NameModel] = {}
    faults: list[Fault] = []
    for name in names:
        try:
            model = SpacyModel(name)
            if opened:
                model.opened()
        except (AttributeError, ImportError, KeyError, OSError, ValueError) as error:
            faults.append(_fault(name, str(error).partition("\n")[0]))
            continue
        if model.language in models:
            other = models[model.language].engine
            faults.append(_fault(name, f"{other} is for {model.language!r} already"))
        models.setdefault(model.language, model)
    if faults:
        raise ConfigError(faults)
    return models


def shipped() -> list[str]:
    """Return the names of the models that Newsline ships."""
    return sorted(path.parent.name for path in _SHIPPED.glob(f"*/{_DESCRIPTION}"))


def _folder(name: str) -> Path:
    if (own := _SHIPPED / name / _DESCRIPTION).is_file():
        return own.parent
    if (given := Path(name)).is_absolute():
        if (given / _DESCRIPTION).is_file():
            return given
        raise ValueError(f"no pipeline was saved there: it has no file {_DESCRIPTION}")
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError("no installed package and no model that Newsline ships")
    if not (package := Path(spec.origin).parent / _DESCRIPTION).is_file():
        raise ValueError(f"the package is no spaCy pipeline: it has no file {_DESCRIPTION}")
    return package.parent


def _load(folder: Path) -> Any:  # noqa: ANN401 - spaCy has no types
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    spacy = import_module("spacy")
    # A package holds its pipeline in a folder of its own, which spaCy finds by the package's name.
    where = folder if (folder / "config.cfg").is_file() else folder.name
    pipeline = spacy.load(where, exclude=_UNUSED)
    if not any(_NAMES in pipeline.get_pipe_meta(name).assigns for name in pipeline.pipe_names):
        raise ValueError("it finds no names: no component of it sets the entities of a text")
    if _VECTORS in pipeline.pipe_names:
        listeners = pipeline.get_pipe(_VECTORS).listening_components
        if _FINDER not in listeners:
            pipeline.disable_pipe(_VECTORS)
    return pipeline


def _fault(name: str, problem: str) -> Fault:
    advice = f"Newsline ships {', '.join(shipped())}; docs/entities.md says how to use another"
    return Fault("settings", "enrich.models", f"{name!r}: {problem}; {advice}")
