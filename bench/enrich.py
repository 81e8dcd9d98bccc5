"""Enrichment: milliseconds for an article of 500 words on one core, load time, memory.

The baseline is reading the same article character by character in Python (`str.isalnum` on each):
what any pass in Python over a text costs at least.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path

WORDS = 500
ROUNDS = 40
CONFIG = Path(__file__).resolve().parent.parent / "config"
#: Written for this measurement; repeated until the article has WORDS words.
ARTICLE = """\
Turkish and U.S. officers met in Ankara on Tuesday to settle how the next combined patrol in
northern Syria will run, the Turkish Defense Ministry said, two weeks after the joint operations
center near the border opened.

President Recep Tayyip Erdoğan told reporters that Turkey would not wait for long. Erdoğan said
the safe zone should reach from the Euphrates to the Iraqi border and let displaced people return
to Tal Abyad and Ras al-Ayn.

A spokesman for the Syrian Democratic Forces (SDF) answered that fighters of the YPG had left two
posts near the town. The SDF wants NATO and the United Nations to watch the line.

In the market a baker counted the lorries that came through before noon, and his neighbour, who
has sold tea there for thirty years, said that nobody had asked either of them anything.
"""


def article() -> str:
    """Return the text that is measured."""
    words: list[str] = []
    paragraphs = []
    while len(words) < WORDS:
        words += ARTICLE.split()
        paragraphs.append(ARTICLE)
    return "\n".join(paragraphs)


def cpu_ms(work) -> float:
    """Return the median CPU milliseconds of one call."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        times.append(1000 * (time.process_time() - begin))
    return statistics.median(times)


def measure() -> dict[str, float]:
    """Return figure → value."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    from pipeline.enrich.enrichers import Enrichers  # noqa: PLC0415 - the import is measured too

    imported = time.process_time()
    enrichers = Enrichers.load(CONFIG)
    loaded = time.process_time()
    text = article()
    enrichers.enrich(title="", text=text, language="en")
    ours = cpu_ms(lambda: enrichers.enrich(title="", text=text, language="en"))
    bare = cpu_ms(lambda: sum(char.isalnum() for char in text))
    return {
        "words": len(text.split()),
        "ms_per_article": ours,
        "times_a_bare_pass": ours / bare,
        "import_s": imported - begin,
        "load_s": loaded - imported,
        "memory_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    figures = measure()
    if parser.parse_args().json:
        print(json.dumps(figures))
    else:
        for figure, value in figures.items():
            print(f"{figure:>20}  {value:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
