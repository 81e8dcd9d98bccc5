"""How long it takes to match saved searches with what was just indexed.

    python -m bench.alerts [--searches 1000] [--articles 500] [--documents 20000] [--json]

An embedded index of invented articles, of which the newest are matched with searches of two words
and a facet, in lots of a hundred, as the stage `deliver` does. Baseline: the same searches asked of
the whole index once, without highlights, by plain loops in this process.
"""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from bench.elastic import build
from bench.search import LANGUAGES, documents, queries, vocabulary
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.alerts.matching import BATCH, find_matches, query_of
from pipeline.alerts.saved import SavedSearch


def measure(searched: int, articles: int, held: int) -> dict[str, Any]:
    """Return figures for so many searches over so many new articles in an index."""
    chance = random.Random(20190910)
    several = {language: vocabulary(language, chance) for language in LANGUAGES}
    made, words = documents(held, chance, several)
    asked = queries(words, chance, searched)
    searches = [SavedSearch(str(n), str(n), " ".join(one)) for n, one in enumerate(asked)]
    new = [one["article_id"] for one in made[-articles:]]
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddedIndex(Path(folder))
        index.write([build(one) for one in made], [])
        began_s, hits = time.perf_counter(), 0
        for start in range(0, len(new), BATCH):
            for search in searches:
                hits += len(find_matches(index, search, new[start : start + BATCH]))
        live_s = time.perf_counter() - began_s
        began_s = time.perf_counter()
        for search in searches:
            index.search(replace(query_of(search), highlight=False))
        plain_s = time.perf_counter() - began_s
        index.close()
    lots = -(-len(new) // BATCH)
    return {
        "searches": len(searches),
        "articles": len(new),
        "documents": held,
        "hits": hits,
        "seconds": live_s,
        "ms_per_search_and_lot": live_s / len(searches) / lots * 1000,
        "plain_search_ms": plain_s / len(searches) * 1000,
        "ratio": live_s / lots / plain_s,
    }


def main() -> None:
    """Measure and print figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = measure(options.searches, options.articles, options.documents)
    layout = 0 if options.json else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(figures, option=layout).decode() + "\n")


if __name__ == "__main__":
    main()
