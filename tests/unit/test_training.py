"""How our models of names are trained: texts that are read, renamed, learnt."""

import random

import pytest
import spacy

from training.corpora import Name, Text, joined, read, split_suffixes
from training.learning import FINDER, learn, measure
from training.renaming import renamed

ADA = Text(
    ("Ada", "Quill", "left", "Turkey", "in", "May", ";", "Quill", "flew", "."),
    (Name(0, 2, "PER"), Name(3, 4, "LOC"), Name(5, 6, "DATE"), Name(7, 8, "PER")),
)


def test_columns_of_either_kind_are_read(tmp_path):
    (tmp_path / "a.txt").write_text(
        "Ada\tB-politician\nQuill\tI-politician\nMay\tB-date\n\n\n", "utf-8"
    )
    (tmp_path / "b.conll").write_text("# doc = 1\nAda I-PER\nKobani I-LOC\n", "utf-8")
    (tmp_path / "c.iob2").write_text("# text\n1\tMay\tO\t-\n2\tKobani\tB-LOC\t-\n", "utf-8")
    assert read(tmp_path / "a.txt") == [Text(("Ada", "Quill", "May"), (Name(0, 2, "PER"),))]
    assert read(tmp_path / "b.conll") == [
        Text(("Ada", "Kobani"), (Name(0, 1, "PER"), Name(1, 2, "LOC")))
    ]
    assert read(tmp_path / "c.iob2") == [Text(("May", "Kobani"), (Name(1, 2, "LOC"),))]


def test_sentences_are_joined_to_texts_and_names_stay_where_they_are():
    (both, last) = joined([ADA, ADA, ADA], 2)
    assert both.words == ADA.words * 2
    assert both.names[4:] == tuple(
        Name(one.start + 10, one.end + 10, one.kind) for one in ADA.names
    )
    assert last == ADA


def test_turkish_suffixes_are_words_of_their_own():
    text = Text(("Ada", "Quill'in", "3'ü", "O'"), (Name(0, 2, "PER"), Name(3, 4, "LOC")))
    assert split_suffixes(text) == Text(
        ("Ada", "Quill", "'in", "3", "'ü", "O'"), (Name(0, 2, "PER"), Name(5, 6, "LOC"))
    )


@pytest.mark.parametrize("seed", range(40))
def test_other_names_stand_where_names_stood_and_nothing_else_is_another(seed):
    text = renamed(ADA, random.Random(seed))
    assert [one.kind for one in text.names] == [one.kind for one in ADA.names]
    left = [word for at, word in enumerate(text.words)
            if not any(one.start <= at < one.end for one in text.names)]  # fmt: skip
    assert left == ["left", "in", ";", "flew", "."]
    full, _, day, alone = (text.words[one.start : one.end] for one in text.names)
    assert day == ("May",)
    assert full == ("Ada", "Quill") or alone == ("Quill",) or alone[0] in full
    assert text == renamed(ADA, random.Random(seed))


def test_a_model_learns_and_is_what_was_measured_when_it_is_loaded(tmp_path):
    texts = [renamed(ADA, random.Random(seed)) for seed in range(60)]
    names = [Text(one.words, tuple(x for x in one.names if x.kind != "DATE")) for one in texts]
    pipeline = spacy.blank("tr")
    pipeline.add_pipe(FINDER)
    said = learn(pipeline, names[:50], names[50:], tmp_path / "tr_tiny", epochs=12)
    assert said.f1 > 0.8
    assert measure(spacy.load(tmp_path / "tr_tiny"), names[50:]) == said
