"""How good names are with the models that ship, and without: floors, never lowered.

The sets are of other people (NEWSLINE_CORPORA); no model was trained on any of them.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.models import shipped

pytestmark = pytest.mark.corpora
TYPES = {"person": "PER", "organisation": "ORG", "place": "LOC"}
#: Set, its language → F1 of exact span and kind: by lists and GeoNames alone, with the models.
FLOORS = {
    ("en_worldwide_dev.conll", "en"): (0.45, 0.69),
    ("en_uner_pud_a.conll", "en"): (0.36, 0.71),
    ("tr_wikiner_dev.conll", "tr"): (0.36, 0.65),
    ("de_uner_pud_a.conll", "de"): (0.35, 0.35),  # no model
    ("ar_aqmar_dev.conll", "ar"): (0.28, 0.28),  # no model
}
#: Kind → recall of the proper names of documents on the war in Syria: overlap and kind.
RE3D = {"PER": 0.59, "ORG": 0.65, "LOC": 0.92}
RE3D_TYPES = {"Person": "PER", "Organisation": "ORG", "Location": "LOC"}
_SUFFIX = re.compile(r"['’]\w+$")


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


def without_suffix(text, start, end, kind):
    """Leave out what Turkish puts behind an apostrophe."""
    found = _SUFFIX.search(text[start:end])
    return start, start + found.start() if found else end, kind


def said_of(enrichers, text, language):
    """Yield (start, end, kind) of all that is named."""
    for entity in enrichers.enrich(title="", text=text, language=language).entities:
        for mention in entity.mentions:
            yield trimmed(text, mention.start, mention.end, TYPES[entity.type])


def f1(enrichers, path, language):
    right = found = wanted = 0
    for text, spans in documents(path):
        gold = {without_suffix(text, *span) for span in spans} if language == "tr" else spans
        said = set(said_of(enrichers, text, language))
        right, found, wanted = right + len(said & gold), found + len(said), wanted + len(gold)
    return 2 * right / (found + wanted)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("with_models", [False, True])
def test_names_are_as_good_as_they_were(root, corpora, with_models):
    enrichers = Enrichers.load(root / "config", open_places(), shipped() if with_models else ())
    measured = {
        name: f1(enrichers, corpora / "enrich" / "ner" / name, language)
        for name, language in FLOORS
    }
    below = {
        name: (measured[name], floors[with_models])
        for (name, _), floors in FLOORS.items() if measured[name] < floors[with_models]
    }  # fmt: skip
    assert below == {}, measured


@pytest.mark.timeout(600)
def test_the_proper_names_of_the_war_in_syria_are_found(root, corpora):
    enrichers = Enrichers.load(root / "config", open_places(), shipped())
    found, wanted = Counter(), Counter()
    for line in (corpora / "enrich/ner/en_re3d_syria_dev.jsonl").read_text("utf-8").splitlines():
        document = json.loads(line)
        said = list(said_of(enrichers, document["text"], "en"))
        for gold in document["mentions"]:
            wanted_kind = RE3D_TYPES.get(gold["type"])
            if not gold["named"] or wanted_kind is None:
                continue
            wanted[wanted_kind] += 1
            found[wanted_kind] += any(
                kind == wanted_kind and start < gold["end"] and gold["start"] < end
                for start, end, kind in said
            )
    recall = {kind: found[kind] / wanted[kind] for kind in RE3D}
    assert {kind for kind, floor in RE3D.items() if recall[kind] < floor} == set(), recall


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_models_make_no_difference_to_what_the_lists_know(root, language):
    text = {
        "en": "Recep Tayyip Erdoğan met Heiko Maas in Ankara. Erdoğan left for Syria.",
        "tr": "Recep Tayyip Erdoğan, Ankara'da Heiko Maas ile görüştü. Erdoğan Suriye'ye gitti.",
    }[language]
    plain, more = (
        Enrichers.load(root / "config", open_places(), models).enrich(
            title="", text=text, language=language
        )
        for models in ((), shipped())
    )
    assert more.failed == {}
    assert set(plain.entities) <= set(more.entities)


def test_the_seed_keeps_its_entities_with_the_model(root, corpora):
    (path,) = (corpora / "seed").glob("*.txt")
    paragraphs = path.read_text("utf-8").strip().split("\n\n")
    asked = {"title": paragraphs[0], "text": "\n\n".join(paragraphs[3:]), "language": None}
    plain = Enrichers.load(root / "config", open_places()).enrich(**asked)
    more = Enrichers.load(root / "config", open_places(), shipped()).enrich(**asked)
    assert more.failed == {}
    assert [(one.id, one.type) for one in more.entities] == [
        (one.id, one.type) for one in plain.entities
    ]
