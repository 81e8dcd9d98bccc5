"""The same text is enriched the same, in whatever process: sets have no say in it."""

import os
import subprocess
import sys

import orjson

from pipeline.rehearsal.articles import load_articles

SCRIPT = """
import sys
from pathlib import Path
import orjson
from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.models import shipped
enrichers = Enrichers.load(Path(sys.argv[1]), open_places(), shipped())
for title, text, language in orjson.loads(sys.stdin.buffer.read()):
    said = enrichers.enrich(title=title, text=text, language=language)
    assert said.failed == {}
    sys.stdout.buffer.write(orjson.dumps(said) + b"\\n")
"""


def enriched(root, texts, seed):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(root / "config")],
        input=orjson.dumps(texts), capture_output=True, check=True, timeout=100,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_two_processes_say_the_same_of_the_same_texts(root):
    some = load_articles()[::6]
    texts = [
        (one.versions[0].title, "\n\n".join(one.versions[0].paragraphs), one.language)
        for one in some
    ]
    first = enriched(root, texts, "1")
    assert len(first) == len(texts) > 10
    assert enriched(root, texts, "2") == first
