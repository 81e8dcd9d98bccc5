"""From annotated texts to a finder of names, by spaCy: one component, one core, some minutes."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

from training.corpora import ORGANISATION, PERSON, PLACE, Name, Text
from training.renaming import renamed

FINDER = "ner"
#: Documents of one step.
BATCH = 24
DROPOUT, LEARN_RATE = 0.25, 0.001
SEED = 0
#: Our kinds by the labels of OntoNotes; a model learns the first one of each.
_KINDS = {"PERSON": PERSON, "ORG": ORGANISATION, "GPE": PLACE, "LOC": PLACE, "FAC": PLACE}
_LABELS = {PERSON: "PERSON", ORGANISATION: "ORG", PLACE: "GPE"}
_NO_SPACE_BEFORE = frozenset((*",.;:!?)]%", "'s", "n't", "''", "…"))
_NO_SPACE_BEHIND = frozenset("([$")
_APOSTROPHES = ("'", "’")


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a model is on texts: exact span and kind."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def learn(
    pipeline: Language,
    texts: Sequence[Text],
    held_out: Sequence[Text],
    folder: Path,
    *,
    epochs: int,
    renaming: float = 0.0,
) -> Figures:
    """Train the pipeline's finder of names, save the pipeline in a folder; how good it is.

    What the pipeline knows beside our kinds (dates, numbers) it keeps: it is shown what it found
    itself. `renaming` is the share of the texts that get other names, others in each epoch.
    Progress goes to stderr.
    """
    fix_random_seed(SEED)
    chance, console = random.Random(SEED), Console(stderr=True)
    texts = [_with_other_kinds(pipeline, text) for text in texts]
    if pipeline.get_pipe(FINDER).labels:
        optimizer = pipeline.resume_training()
    else:
        optimizer = pipeline.initialize(lambda: [_example(pipeline, one) for one in texts])
    optimizer.learn_rate = LEARN_RATE
    for epoch in range(1, epochs + 1):
        begun = time.process_time()
        varied = [renamed(one, chance) if chance.random() < renaming else one for one in texts]
        chance.shuffle(varied)
        for batch in minibatch([_example(pipeline, one) for one in varied], size=BATCH):
            pipeline.update(batch, sgd=optimizer, drop=DROPOUT)
        with pipeline.use_params(optimizer.averages):
            said = measure(pipeline, held_out)
            pipeline.to_disk(folder)
        console.print(
            f"epoch {epoch:2} of {epochs}: F1 {said.f1:.3f} on texts held out (precision"
            f" {said.precision:.3f}, recall {said.recall:.3f}),"
            f" {time.process_time() - begun:.0f} s of processor time",
            soft_wrap=True,
        )
    return said


def measure(pipeline: Language, texts: Sequence[Text]) -> Figures:
    """Compare what the pipeline finds in texts with the names that they have."""
    right = found = wanted = 0
    for text in texts:
        said = {
            (one.start, one.end, _KINDS[one.label_])
            for one in pipeline.get_pipe(FINDER)(_document(pipeline, text.words)).ents
            if one.label_ in _KINDS
        }
        gold = {(one.start, one.end, one.kind) for one in text.names}
        right, found, wanted = right + len(said & gold), found + len(said), wanted + len(gold)
    return Figures(right / max(found, 1), right / max(wanted, 1))


def _with_other_kinds(pipeline: Language, text: Text) -> Text:
    """Return the text with what the pipeline finds of kinds that are not ours."""
    finder = pipeline.get_pipe(FINDER)
    if not finder.labels:
        return text
    taken = {at for one in text.names for at in range(one.start, one.end)}
    found = (
        Name(one.start, one.end, one.label_)
        for one in finder(_document(pipeline, text.words)).ents
        if one.label_ not in _KINDS and taken.isdisjoint(range(one.start, one.end))
    )
    return Text(text.words, tuple(sorted([*text.names, *found], key=lambda one: one.start)))


def _example(pipeline: Language, text: Text) -> Example:
    gold = _document(pipeline, text.words)
    gold.ents = [
        Span(gold, one.start, one.end, label=_LABELS.get(one.kind, one.kind)) for one in text.names
    ]
    return Example(_document(pipeline, text.words), gold)


def _document(pipeline: Language, words: Sequence[str]) -> Doc:
    spaces = [
        word not in _NO_SPACE_BEHIND
        and behind not in _NO_SPACE_BEFORE
        and not behind.startswith(_APOSTROPHES)
        for word, behind in zip(words, [*words[1:], ""], strict=True)
    ]
    return Doc(pipeline.vocab, words=list(words), spaces=spaces)
