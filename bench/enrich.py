"""Enrichment: milliseconds for an article of 500 words on one core, load time, memory.

In all, by enricher, and with the models that ship; of places and of the English model: what they
add, and what it takes to compile or load them. The aims: 15 ms without a model, 350 ms with one,
5 s from nothing to the first article.
The baseline is reading the same article character by character in Python (`str.isalnum` on each):
what any pass in Python over a text costs at least.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

WORDS = 500
ROUNDS = 40
PUBLISHED = date(2019, 9, 10)
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


def rss_mb() -> float:
    """Return the memory of this process that is its own: pages of shared files are not."""
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * resource.getpagesize() / 2**20


def enrich(enrichers, text: str) -> None:
    """Enrich an article of a known day, so that its dates are looked up, too."""
    enrichers.enrich(title="", text=text, language="en", published=PUBLISHED)


def by_enricher(enrichers, text: str) -> dict[str, float]:
    """Return enricher → milliseconds of an article, the median: by the wall, for they are short."""
    from pipeline.enrich import enrichers as module  # noqa: PLC0415

    rounds: list[dict[str, float]] = []

    class Timed(module.Attempts):
        def of(self, enricher, work, otherwise, **budget):
            begin = time.perf_counter()
            found = super().of(enricher, work, otherwise, **budget)
            took = 1000 * (time.perf_counter() - begin)
            rounds[-1][enricher] = rounds[-1].get(enricher, 0.0) + took
            return found

    plain, module.Attempts = module.Attempts, Timed
    try:
        for _ in range(ROUNDS):
            rounds.append({})
            enrich(enrichers, text)
    finally:
        module.Attempts = plain
    return {
        f"ms_{name}": statistics.median(one[name] for one in rounds) for name in sorted(rounds[0])
    }


def with_model(text: str) -> dict[str, float]:
    """Return what an article costs with the English model, and what loading that takes."""
    from pipeline.adapters.places.opening import open_places  # noqa: PLC0415
    from pipeline.enrich.enrichers import Enrichers  # noqa: PLC0415
    from pipeline.enrich.models import shipped  # noqa: PLC0415

    enrichers = Enrichers.load(CONFIG, open_places(), shipped())
    before, begin = rss_mb(), time.process_time()
    enrich(enrichers, text)
    return {
        "model_first_article_s": time.process_time() - begin,
        "model_memory_mb": rss_mb() - before,
        "ms_per_article_with_model": cpu_ms(lambda: enrich(enrichers, text)),
    }


def places(text: str) -> dict[str, float]:
    """Return what the places of GeoNames add to an article and a process, and cost to compile."""
    from pipeline.adapters.places.compile_places import compile_places  # noqa: PLC0415
    from pipeline.adapters.places.opening import open_places  # noqa: PLC0415
    from pipeline.enrich.enrichers import Enrichers  # noqa: PLC0415

    plain = Enrichers.load(CONFIG)
    listed = Enrichers.load(CONFIG, open_places())
    plain.enrich(title="", text=text, language="en")
    before = rss_mb()
    begin = time.process_time()
    listed.enrich(title="", text=text, language="en")
    first = 1000 * (time.process_time() - begin)
    figures = {
        "places_first_article_ms": first,
        "places_memory_mb": rss_mb() - before,
        **by_enricher(listed, text),
        "ms_per_article_plain": cpu_ms(lambda: enrich(plain, text)),
        "ms_per_article": cpu_ms(lambda: enrich(listed, text)),
    }
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        compile_places(Path(folder) / "places.sqlite")
        figures["places_compile_s"] = time.process_time() - begin
        figures["places_file_mb"] = (Path(folder) / "places.sqlite").stat().st_size / 2**20
    return figures


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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    of_places = places(text)
    ours = of_places["ms_per_article"]
    bare = cpu_ms(lambda: sum(char.isalnum() for char in text))
    return {
        "words": len(text.split()),
        "times_a_bare_pass": ours / bare,
        "import_s": imported - begin,
        "load_s": loaded - imported,
        "memory_mb": (peak - before) / 1024,
        **of_places,
        **with_model(text),
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
            print(f"{figure:>26}  {value:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
