"""How fast `newsline serve` answers, beside the index asked directly.

    python -m bench.serve [--documents 100000] [--searched 20000] [--seconds 300] [--json]

A real server process over a real index, asked over one connection by one caller: two words, ten
hits with highlights and four facets; all articles with four facets; the explorer's first page, and
a search there (all facets, stories, volume over time); one article; an export. The index is asked
the same in this process, so that the ratio says what the server adds. Filling the embedded index
ends after --seconds, and `documents` says how many it holds. Elasticsearch (--searched 0: left
out) is the node of NEWSLINE_TEST_ELASTICSEARCH_URL, else one that is started.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson

from bench.elastic import BATCH, build
from bench.rebuild import cluster, elastic, remove
from bench.search import FACETS, LANGUAGES, documents, queries, timed, vocabulary
from pipeline.adapters.elastic.cluster import Role
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.index.query import Query
from pipeline.ports import Index

CHUNK = 5_000  # documents held in memory
EXPORTED = 10_000
START_S = 60
NO_LIMIT = {"NEWSLINE_SERVE__REQUESTS_PER_MINUTE": "1000000"}


def fill(index: Index, count: int, seconds: float, *, batch: int) -> tuple[int, list[str], str]:
    """Write invented articles; return how many, the words to ask for, and the id of one."""
    chance = random.Random(20190910)
    several = {language: vocabulary(language, chance) for language in LANGUAGES}
    until, held, words, last = time.monotonic() + seconds, 0, [], ""
    while held < count and time.monotonic() < until:
        made, words = documents(min(CHUNK, count - held), chance, several)
        for start in range(0, len(made), batch):
            index.write([build(one) for one in made[start : start + batch]], [])
        held, last = held + len(made), made[-1]["article_id"]
    return held, words, last


@contextmanager
def server(data: Path, **environment: str) -> Iterator[httpx2.Client]:
    """Start `newsline serve` over a folder; give somebody who asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        command,
        env={**os.environ, **NO_LIMIT, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
            until = time.monotonic() + START_S
            while not _answers(http):
                assert process.poll() is None and time.monotonic() < until  # noqa: PT018
                time.sleep(0.2)
            yield http
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/health").status_code == 200
    except httpx2.TransportError:
        return False


def measure(
    http: httpx2.Client, index: Index, asked: Sequence[list[str]], one: str
) -> dict[str, Any]:
    """Ask the server and the index alike."""

    def get(path: str, **query: Any) -> bytes:
        answer = http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.content

    def search(words: list[str]) -> None:
        get("/v1/search", q=" ".join(words), facet=list(FACETS))

    def direct(words: list[str]) -> None:
        index.search(Query(" ".join(words), facets=FACETS))

    for words in asked[:20]:
        search(words)
        direct(words)
    over_http, inside = timed(search, asked), timed(direct, asked)
    return {
        "search_4_facets_10_highlights": over_http,
        "index_alone": inside,
        "ratio_p95_to_index_alone": over_http["p95_ms"] / inside["p95_ms"],
        "all_articles_4_facets": timed(lambda _: get("/v1/search", facet=list(FACETS)), asked[:20]),
        "explorer_first_page": timed(lambda _: get("/"), asked[:50]),
        "explorer_search_page": timed(lambda words: get("/", q=" ".join(words)), asked[:50]),
        "one_article": timed(lambda _: get(f"/v1/articles/{one}"), asked),
        "export_articles_per_s": exported(http),
    }


def exported(http: httpx2.Client) -> float:
    """Return how many articles an export gives in a second."""
    start, lines = time.perf_counter(), 0
    with http.stream("GET", "/v1/export") as answer:
        for _ in answer.iter_lines():
            lines += 1
            if lines == EXPORTED:
                break
    return lines / (time.perf_counter() - start)


def over_embedded(count: int, seconds: float, queried: int) -> dict[str, Any]:
    """Measure over an embedded index."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        open_ledger(f"sqlite:///{data / 'ledger.sqlite'}").close()
        index = EmbeddedIndex(data / "index")
        start = time.monotonic()
        held, words, one = fill(index, count, seconds, batch=CHUNK)
        filled_s = time.monotonic() - start
        asked = queries(words, random.Random(1), queried)
        with server(data) as http:
            figures = measure(http, index, asked, one)
        index.close()
    return {"documents": held, "documents_wanted": count, "filled_in_s": filled_s, **figures}


def over_elasticsearch(url: str, count: int, seconds: float, queried: int) -> dict[str, Any]:
    """Measure over one node."""
    index = elastic(url, f"b{random.getrandbits(32):08x}")
    try:
        held, words, one = fill(index, count, seconds, batch=BATCH)
        index.cluster.client(Role.MAINTAINER).indices.refresh(index=index.names.write)
        asked = queries(words, random.Random(1), queried)
        with tempfile.TemporaryDirectory() as name:
            data = Path(name)
            open_ledger(f"sqlite:///{data / 'ledger.sqlite'}").close()
            settings = {
                "NEWSLINE_INDEX__KIND": "elasticsearch",
                "NEWSLINE_INDEX__URL": url,
                "NEWSLINE_INDEX__NAME": index.cluster.settings.name,
            }
            with server(data, **settings) as http:
                return {"documents": held, **measure(http, index, asked, one)}
    finally:
        remove(index)


def main() -> None:
    """Measure both and print figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--searched", type=int, default=20_000, help="in Elasticsearch")
    parser.add_argument("--seconds", type=float, default=300, help="to fill an index at most")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    queried = options.queries
    figures = {"embedded": over_embedded(options.documents, options.seconds, queried)}
    if options.searched:
        with cluster() as url:
            figures["elasticsearch"] = over_elasticsearch(
                url, options.searched, options.seconds, queried
            )
    layout = 0 if options.json else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(figures, option=layout).decode() + "\n")


if __name__ == "__main__":
    main()
