"""How fast Elasticsearch is written to and searched, beside the same bytes sent by hand.

    python -m bench.elastic [--documents 8000] [--searched 20000] [--rounds 5] [--json]

Documents are built as the trip builds them, about 3.4 kB of invented text in five languages each.
Ours is `ElasticIndex.write`, from documents to answers by id: checks, serialising, accounting. The
floor sends the same requests, serialised before, over one connection, and looks at the status
alone. Rounds alternate on one node, each with indices of its own; the ratio is the median over
rounds of ours against the floor beside it. Elasticsearch is the node of
NEWSLINE_TEST_ELASTICSEARCH_URL, else one that is started for this.
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bench.rebuild import cluster, elastic, named, remove
from bench.search import FACETS, documents, queries, timed, widest
from pipeline.adapters.elastic import ElasticIndex, source
from pipeline.adapters.elastic.cluster import Role
from pipeline.index import bulk
from pipeline.index.document import build_document
from pipeline.index.query import Query
from pipeline.model import (
    DateClaim,
    Enrichment,
    Evidence,
    Extraction,
    Feed,
    Result,
    Status,
)
from pipeline.work import ArticleWork, Grouping, Revision, Sighting

BATCH = 500
NOW = datetime(2019, 9, 10, 8, tzinfo=UTC)
SIGNALS = ("title", "published_at", "author", "text", "language")


def build(one: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an invented article, with everything that a trip finds out."""
    at = datetime.fromisoformat(one["first_seen_at"])
    entities, topics = named(one)
    extraction = Extraction(
        Result.OK, None, one["title"], one["text"], "1",
        language=one["language"],
        authors=tuple(one["person"][:1]),
        published_at=DateClaim(at, "second", "json-ld:datePublished"),
        quality={"agreement": 0.97, "link_density": 0.04},
        evidence={name: Evidence("json-ld", one["title"]) for name in SIGNALS},
    )  # fmt: skip
    feed = Feed(one["outlet"], f"https://{one['outlet']}.example/", one["outlet"], country="GB")
    return build_document(
        ArticleWork(
            one["article_id"], one["article_id"], one["url"], one["outlet"], 0, Status.IN_FLIGHT,
            at, 1,
            revision=Revision(one["article_id"], 1, "hash", extraction, at),
            enrichment=Enrichment(one["language"], 1.0, entities, topics, "", {"entities": "1"}),
            grouping=Grouping(None, None),
            sightings=(Sighting(feed, one["url"], one["title"], None, "", "", None, at),),
        )
    )  # fmt: skip


def batches(made: Sequence[Any]) -> list[Sequence[Any]]:
    """Cut into what one request holds."""
    return [made[start : start + BATCH] for start in range(0, len(made), BATCH)]


def ours(index: ElasticIndex, made: Sequence[Sequence[dict[str, Any]]]) -> dict[str, float]:
    """Time the product's way from documents to answers."""
    index.cluster.client(Role.WRITER).cluster.health()  # connected, as the floor is
    start, cpu = time.perf_counter(), time.process_time()
    for batch in made:
        answers = index.write(batch, [])
        put_off = {said for result, said in answers.values() if result != "ok"}
        assert not put_off, f"the machine is too busy to measure anything: {put_off}"
    return {"s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}


def floor(index: ElasticIndex, bodies: Sequence[bytes]) -> dict[str, float]:
    """Time the cluster taking the same requests, which are ready."""
    parts = urlsplit(index.cluster.settings.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    path = f"/{index.names.write}/_bulk?require_alias=true"
    connection.connect()
    start, cpu = time.perf_counter(), time.process_time()
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        assert b'"errors":false' in answer.read()
    took = {"s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
    connection.close()
    return took


def writing(url: str, made: Sequence[dict[str, Any]], rounds: int) -> dict[str, Any]:
    """Write the documents in alternate rounds; return medians."""
    whole = batches(made)
    bodies = [
        b"".join(bulk.item(one["article_id"], 1, source.source(one, NOW)).lines for one in batch)
        for batch in whole
    ]
    took: dict[str, list[dict[str, float]]] = {"newsline": [], "floor": []}
    for number in range(rounds + 1):  # the first warms up
        for who in sorted(took, reverse=bool(number % 2)):
            index = elastic(url, f"b{random.getrandbits(32):08x}")
            try:
                figures = ours(index, whole) if who == "newsline" else floor(index, bodies)
            finally:
                remove(index)
            if number:
                took[who].append(figures)
    pairs = zip(took["newsline"], took["floor"], strict=True)
    return {
        "request_bytes_per_document": sum(map(len, bodies)) / len(made),
        **{
            who: {
                "documents_per_s": len(made) / statistics.median(one["s"] for one in rows),
                "client_cpu_us_per_document": statistics.median(one["cpu_s"] for one in rows)
                / len(made) * 1e6,
            }
            for who, rows in took.items()
        },
        "ratio_to_floor": statistics.median(floor["s"] / ours["s"] for ours, floor in pairs),
    }  # fmt: skip


def searching(
    url: str, made: Sequence[dict[str, Any]], asked: Sequence[list[str]]
) -> dict[str, Any]:
    """Ask for pages of ten with highlights and four facets."""
    index = elastic(url, f"b{random.getrandbits(32):08x}")
    try:
        ours(index, batches(made))
        index.cluster.client(Role.MAINTAINER).indices.refresh(index=index.names.write)

        def full(words: list[str]) -> None:
            index.search(Query(" ".join(words), facets=FACETS))

        def bare(words: list[str]) -> None:
            index.search(Query(" ".join(words), highlight=False))

        def wide(words: list[str]) -> None:
            index.search(widest(words, made))

        for words in asked[:20]:
            full(words)
        return {
            "documents": len(made),
            "query_4_facets_10_highlights": timed(full, asked),
            "query_plain": timed(bare, asked),
            "widest_query": timed(wide, asked[:20]),
            "all_documents_4_facets": timed(
                lambda _: index.search(Query(facets=FACETS)), asked[:20]
            ),
            "hits_of_first_query": index.search(Query(" ".join(asked[0]))).total,
        }
    finally:
        remove(index)


def main() -> None:
    """Measure both and print figures and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=8_000, help="written in each round")
    parser.add_argument("--searched", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    chance = random.Random(20190910)
    invented, words = documents(max(options.documents, options.searched), chance)
    made = [build(one) for one in invented]
    asked = queries(words, chance, options.queries)
    with cluster() as url:
        figures = {
            "writing": writing(url, made[: options.documents], options.rounds),
            "searching": searching(url, made[: options.searched], asked),
        }
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


if __name__ == "__main__":
    main()
