"""How fast an index is made anew from the ledger, beside writing the same documents alone.

    python -m bench.rebuild [--documents 20000] [--engine elasticsearch] [--json]

One run: a SQLite ledger with invented articles of about 3.4 kB; `upkeep.rebuild` over it (read from
the ledger, build documents, write, compare every version and a sample of the content, switch); then
the same documents, built before, written to another index. Elasticsearch is the node of
NEWSLINE_TEST_ELASTICSEARCH_URL, else one that is started for this.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench.search import documents
from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.app import find_config_dir
from pipeline.config import IndexSettings
from pipeline.feeds.decide import first_state
from pipeline.index.document import build_document
from pipeline.model import (
    ArchivePlace,
    Enrichment,
    Entity,
    Entry,
    Extraction,
    Feed,
    Mention,
    Result,
    Stage,
    Status,
    Topic,
)
from pipeline.ports import Index, Ledger
from pipeline.rebuild import rebuild
from pipeline.urls import article_id
from pipeline.work import (
    EntryDecision,
    Grouping,
    Outcome,
    PageRecord,
    PollResult,
    StepResult,
)

NOW = datetime(2019, 9, 10, tzinfo=UTC)
FEED = Feed("outlet-world", "https://outlet.example/world.xml", "outlet", language="en")
BATCH = 500


def outcome(stage: Stage) -> Outcome:
    """Return an outcome that is well."""
    return Outcome(stage, Result.OK, NOW)


def fill(ledger: Ledger, made: list[dict]) -> None:
    """Bring articles all the way into the index, as far as the ledger is concerned."""
    state = first_state(FEED, NOW, 0.0)
    ledger.sync_feeds([state])
    for start in range(0, len(made), BATCH):
        some = {article_id(one["url"]): one for one in made[start : start + BATCH]}
        lease = ledger.lease_host(state.host, lease_s=3600)
        assert lease is not None
        decisions = tuple(
            EntryDecision(
                Entry(id_, None, one["url"], one["title"], "", "", content_hash=id_),
                "new", 1, id_, one["url"], state.host,
            )
            for id_, one in some.items()
        )  # fmt: skip
        ledger.commit_poll(lease, PollResult(state, outcome(Stage.POLL), decisions))
        place = ArchivePlace("segment.warc.gz", 0, 1000, "ab" * 32)
        pages = {
            id_: PageRecord(one["url"], one["url"], 200, (), NOW, place)
            for id_, one in some.items()
        }
        ledger.commit(
            lease,
            [
                StepResult(id_, outcome(Stage.FETCH), Stage.EXTRACT, NOW, article_id=id_, page=page)
                for id_, page in pages.items()
            ],
        )
        ledger.release(lease)
        for stage in (Stage.EXTRACT, Stage.ENRICH, Stage.GROUP, Stage.INDEX):
            lease, works = ledger.lease_articles(stage, NOW, limit=BATCH, lease_s=3600)
            results = [step(stage, work.url_id, some[work.article_id], work) for work in works]
            assert ledger.commit(lease, results) == []
            ledger.release(lease)


def named(one: dict) -> tuple[tuple[Entity, ...], tuple[Topic, ...]]:
    """Return whom and what an invented article is about, each with three mentions."""
    entities = tuple(
        Entity(name.lower(), name, "person", (Mention(0, 9, name, "title"),) * 3)
        for name in one["person"]
    )
    topics = tuple(
        Topic(name.lower(), name, 0.9, (Mention(4, 9, "words", "text"),) * 3)
        for name in one["topic"]
    )
    return entities, topics


def step(stage, url_id, one, work) -> StepResult:
    """Return the result of one stage after fetch."""
    if stage is Stage.EXTRACT:
        found = Extraction(Result.OK, None, one["title"], one["text"], "1", one["language"])
        return StepResult(url_id, outcome(stage), Stage.ENRICH, NOW, extraction=found)
    if stage is Stage.ENRICH:
        said = Enrichment(one["language"], 1.0, *named(one), url_id, {"entities": "1"})
        return StepResult(url_id, outcome(stage), Stage.GROUP, NOW, enrichment=said)
    if stage is Stage.GROUP:
        return StepResult(url_id, outcome(stage), Stage.INDEX, NOW, grouping=Grouping(None, None))
    return StepResult(
        url_id, outcome(stage), None, None, Status.INDEXED, indexed_version=work.doc_version
    )


@contextmanager
def cluster() -> Iterator[str]:
    """Give the address of a node; one that is started here ends with the block."""
    given = os.environ.get("NEWSLINE_TEST_ELASTICSEARCH_URL")
    if given:
        yield given
        return
    from pipeline.devnode import node  # noqa: PLC0415 - needs development packages

    with tempfile.TemporaryDirectory(prefix="newsline-bench-") as folder:
        Path(folder).chmod(0o755)
        started = node.start(Path(folder) / "node", port=0, security=False, say=lambda _: None)
        try:
            yield started.url
        finally:
            node.stop(Path(folder) / "node")


def elastic(url: str, name: str) -> ElasticIndex:
    """Set up and open a collection of articles in a cluster."""
    settings = IndexSettings(kind="elasticsearch", url=url, name=name)
    setup = Setup(settings, find_config_dir(), None)
    setup.run()
    setup.close()
    return ElasticIndex(Cluster(settings))


def remove(index: ElasticIndex) -> None:
    """Leave nothing of a collection in the node."""
    mine = f"{index.names.name}-*"
    client = index.cluster.client(Role.MAINTAINER)
    for name in client.indices.get(index=mine).body:
        client.indices.delete(index=name)
    client.indices.delete_index_template(name=mine)
    client.cluster.delete_component_template(name=mine)
    index.close()


def measure(ledger: Ledger, index: Index, other: Index) -> dict[str, float]:
    """Time a rebuild, and the writing of the same documents alone."""
    built = [build_document(work) for works in ledger.all_indexed() for work in works]
    start = time.perf_counter()
    done = rebuild(ledger, index)
    rebuild_s = time.perf_counter() - start
    assert done.serves, done
    start = time.perf_counter()
    for position in range(0, len(built), BATCH):
        other.write(built[position : position + BATCH], [])
    write_s = time.perf_counter() - start
    return {
        "documents": len(built),
        "rebuild_documents_per_s": len(built) / rebuild_s,
        "writing_alone_documents_per_s": len(built) / write_s,
        "ratio": write_s / rebuild_s,
    }


def main() -> int:
    """Measure the engines asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--engine", choices=("embedded", "elasticsearch"), action="append")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.sqlite")
        fill(ledger, documents(options.documents, random.Random(7))[0])
        for engine in options.engine or ("embedded", "elasticsearch"):
            if engine == "embedded":
                one, other = (EmbeddedIndex(Path(folder) / name) for name in ("one", "other"))
                figures[engine] = measure(ledger, one, other)
                continue
            mark = f"b{random.getrandbits(32):08x}"
            with cluster() as url, ExitStack() as left:
                indices = [elastic(url, f"{mark}{name}") for name in ("one", "two")]
                for index in indices:
                    left.callback(remove, index)
                figures[engine] = measure(ledger, *indices)
        ledger.close()
    print(orjson.dumps(figures).decode() if options.json else figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
