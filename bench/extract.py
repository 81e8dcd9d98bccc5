"""What extraction costs beside bare trafilatura, on the same pages, in one process.

    python -m bench.extract [--rounds 3] [--json]

Page by page in turns, the best of the rounds: CPU milliseconds for text and metadata. The pages
are those in NEWSLINE_CORPORA/extraction, else the articles of the rehearsal world. trafilatura
runs as it comes, with its metadata; ours also decodes, checks limits, judges and keeps evidence.
"""

import argparse
import gzip
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import trafilatura

from pipeline.config import ExtractSettings
from pipeline.extract.page import extract_page
from pipeline.rehearsal.articles import load_articles
from pipeline.rehearsal.outlets import OUTLETS
from pipeline.rehearsal.pages import article_page
from pipeline.rehearsal.script import Script
from pipeline.rehearsal.sites import Sites

NOW = datetime(2024, 6, 1, tzinfo=UTC)
#: (name of the set, address, bytes)
Sample = tuple[str, str, bytes]


def pages() -> Iterator[Sample]:
    """Yield the pages to measure on."""
    folder = os.environ.get("NEWSLINE_CORPORA")
    return corpus(Path(folder) / "extraction") if folder else rehearsed()


def corpus(folder: Path) -> Iterator[Sample]:
    """Yield the evaluation pages, set by set."""
    for truth in sorted(folder.glob("*/ground-truth.json")):
        for item, facts in json.loads(truth.read_text("utf-8")).items():
            packed = truth.parent / "html" / f"{item}.html.gz"
            yield truth.parent.name, facts["url"], gzip.decompress(packed.read_bytes())


def rehearsed() -> Iterator[Sample]:
    """Yield the articles of the rehearsal world, in their last version."""
    sites = Sites(OUTLETS, load_articles(), Script.model_validate({"event": [], "link": []}), 80)
    for article in sites.articles.values():
        if version := article.version(NOW):
            page = article_page(sites, article, version, NOW, which="article", paywalled=False)
            yield "rehearsal", sites.url(article), page


def ours(url: str, body: bytes) -> object:
    """Run the whole extraction."""
    return extract_page(
        body, url=url, content_type=None, fetched_at=NOW, settings=ExtractSettings()
    )


def theirs(url: str, body: bytes) -> object:
    """Run trafilatura as it comes."""
    return trafilatura.bare_extraction(body, url=url, with_metadata=True)


def cpu_ms(run: Callable[[str, bytes], object], url: str, body: bytes) -> float:
    """Return the CPU time of one run."""
    started_s = time.process_time()
    run(url, body)
    return (time.process_time() - started_s) * 1000


def compare(samples: list[Sample], rounds: int) -> dict[str, float]:
    """Measure both on every page, in turns."""
    best: dict[tuple[str, str], list[float]] = {}
    for name, url, body in samples:
        times = [(cpu_ms(ours, url, body), cpu_ms(theirs, url, body)) for _ in range(rounds)]
        best.setdefault((name, "newsline"), []).append(min(first for first, _ in times))
        best.setdefault((name, "trafilatura"), []).append(min(second for _, second in times))
    figures: dict[str, float] = {"pages": len(samples)}
    for name in dict.fromkeys(name for name, _, _ in samples):
        mine, plain = best[name, "newsline"], best[name, "trafilatura"]
        figures[f"{name}_newsline_ms"] = round(statistics.mean(mine), 2)
        figures[f"{name}_trafilatura_ms"] = round(statistics.mean(plain), 2)
        figures[f"{name}_cpu_ratio"] = round(sum(mine) / sum(plain), 3)
    mine = [value for (_, who), values in best.items() if who == "newsline" for value in values]
    plain = [value for (_, who), values in best.items() if who == "trafilatura" for value in values]
    figures["cpu_ratio"] = round(sum(mine) / sum(plain), 3)
    figures["newsline_p95_ms"] = round(statistics.quantiles(mine, n=20)[-1], 2)
    figures["pages_per_s_per_core"] = round(1000 / statistics.mean(mine), 1)
    return figures


def peak_mib() -> float:
    """Return the peak memory of a process that does nothing but extract all pages once."""
    command = [sys.executable, "-m", "bench.extract", "--only-ours"]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only-ours", action="store_true", help="print our peak memory in MiB")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.only_ours:
        for _, url, body in pages():
            ours(url, body)
        # Not getrusage: a child starts with the peak of the process that started it.
        status = Path("/proc/self/status").read_text("utf-8")
        print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return
    figures = compare(list(pages()), options.rounds)
    figures["newsline_peak_mib"] = round(peak_mib(), 1)
    form = 0 if options.json else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(figures, option=form).decode() + "\n")


if __name__ == "__main__":
    main()
