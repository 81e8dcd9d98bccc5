"""A real cluster that goes away, in every way: articles wait in the ledger, and none is lost.

Between run and cluster is a proxy that goes wrong. When it is well again, the run (or the next one)
writes what waited; then the index holds exactly what the ledger says, each article once.
"""

import asyncio
import random
import threading
import time
from dataclasses import replace

import pytest
from support_elasticsearch import node_url
from support_index import elastic, elastic_settings, remove_collection
from support_ledger import (
    NOW,
    commit_step,
    decision,
    enriched,
    extracted,
    fetched,
    grouped,
    poll,
)
from support_proxy import Proxy
from support_run import Trip

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster, Role, connect
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.elastic.writer import BulkWriter
from pipeline.errors import IndexUnavailable
from pipeline.index import bulk
from pipeline.index.document import build_document
from pipeline.index.query import Query
from pipeline.inspection import inspect
from pipeline.model import Stage, Status
from pipeline.quality.findings import FindingKind
from pipeline.rebuild import rebuild
from pipeline.run import Run
from pipeline.upkeep import How, differing_versions, repair, status
from pipeline.work import ReplaySelector, Scope

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

HOST = "https://herald.example"
ARTICLES = 60
#: A call gives up after this instead of eight seconds.
BUDGET_S = 0.8


class Newsroom(Trip):
    """A ledger in which articles wait for the index, and the way to the index through a proxy."""

    def __init__(self, folder, proxy):
        super().__init__(folder)
        self.index.close()
        self.straight = elastic(folder)
        settings = self.straight.cluster.settings.model_copy(update={"url": proxy.url})
        cluster = Cluster(settings)
        self.index = ElasticIndex(cluster)
        self.index._writer = BulkWriter(
            lambda: cluster.client(Role.WRITER), proxy.url, budget_s=BUDGET_S
        )
        self.index._require_fit()  # as a process that has written before
        self.doors = replace(self.doors, index=self.index)
        self.names = self.straight.names
        self.admin = connect(self.straight.cluster.settings, None)
        self.root = folder

    def fill(self, numbers, *, letters=300, names=()):
        """Bring articles as far as waiting for the index."""
        urls = [f"{HOST}/{number}" for number in numbers]
        poll(self.ledger, *(decision(url, title=f"Item {url}") for url in urls))
        lease = self.ledger.lease_host("herald.example", lease_s=60)
        assert self.ledger.commit(lease, [fetched(url) for url in urls]) == []
        self.ledger.release(lease)
        texts = {url: f"Text of {url}. " + "x" * letters for url in urls}
        for stage, results in (
            (Stage.EXTRACT, [extracted(url, text=texts[url], title=f"Item {url}") for url in urls]),
            (Stage.ENRICH, [enriched(url, fingerprint=url, names=names) for url in urls]),
            (Stage.GROUP, [grouped(url) for url in urls]),
        ):
            assert commit_step(self.ledger, stage, *results) == []
        self.later(minutes=1)

    def waiting(self):
        return self.ledger.waiting(Stage.INDEX)

    def run_until_quiet(self, rounds=12):
        """Run again and again, as a schedule would, until nothing waits."""
        for _ in range(rounds):
            self.run()
            if not self.waiting():
                return
            self.later(minutes=6)

    def held(self):
        """What the cluster itself holds, tombstones left out, straight from it."""
        self.admin.indices.refresh(index=self.names.read)
        return sorted(self.straight.versions())

    def assert_settled(self, count=ARTICLES):
        """The index is exactly what the ledger says, in versions and content; nothing died."""
        books = self.ledger.books(Scope())
        held = self.held()
        assert held == sorted(books.indexed.items())
        wanted = {
            work.article_id: build_document(work)
            for works in self.ledger.all_indexed()
            for work in works
        }
        assert dict(self.straight.read(sorted(wanted))) == wanted
        assert len(wanted) == len(held) == count
        assert self.straight.search(Query()).total == count
        assert self.waiting() == 0
        assert Status.DEAD not in books.by_status
        assert books.by_status[Status.INDEXED] == count

    def assert_all_wait(self, count=ARTICLES):
        """Nothing was written, and nothing blamed for it."""
        books = self.ledger.books(Scope())
        assert self.waiting() == books.by_status[Status.IN_FLIGHT] == count
        assert Status.DEAD not in books.by_status

    def close(self):
        super().close()
        self.admin.close()
        self.straight.close()
        remove_collection(elastic_settings(self.root))


@pytest.fixture
def proxy():
    with Proxy(node_url()) as running:
        yield running


@pytest.fixture
def room(tmp_path, proxy):
    made = Newsroom(tmp_path, proxy)
    made.fill(range(ARTICLES))
    yield made
    made.close()


# ── the way to the cluster ────────────────────────────────────────────────────────────────────


def test_without_faults_everything_arrives(room):
    room.run()
    room.assert_settled()


def test_a_cluster_that_is_down_for_a_while_gets_everything_when_it_is_back(room, proxy):
    """The run goes on meanwhile, and nobody has to do anything."""
    proxy.refuse()

    async def go():
        stop = asyncio.Event()
        running = asyncio.ensure_future(Run(room.doors, once=False, stop=stop).go())
        await asyncio.sleep(2)
        room.assert_all_wait()
        proxy.listen()
        deadline = time.monotonic() + 20
        while room.waiting() and time.monotonic() < deadline:
            room.later(seconds=5)  # what a cold cluster took too long for is tried in five minutes
            await asyncio.sleep(0.05)
        stop.set()
        await running

    asyncio.run(go())
    room.assert_settled()


def test_a_cluster_that_is_not_there_at_the_start(room, proxy):
    proxy.refuse()
    room.run()
    room.assert_all_wait()
    with pytest.raises(IndexUnavailable, match="refused"):
        list(room.index.versions())
    proxy.listen()
    room.run_until_quiet()
    room.assert_settled()


@pytest.mark.parametrize("after_bytes", [0, 1, 200, 1500])
def test_an_answer_that_is_lost_does_no_harm(room, proxy, after_bytes):
    """The cluster took everything; the next attempt finds it there."""
    proxy.answer_bytes = after_bytes
    room.run()
    room.assert_all_wait()
    assert len(room.held()) == ARTICLES
    proxy.answer_bytes = None
    room.run_until_quiet()
    room.assert_settled()


def test_connections_that_are_cut_again_and_again(room, proxy):
    chance = random.Random(7)
    done = threading.Event()

    def cut():
        while not done.wait(chance.uniform(0.01, 0.06)):
            proxy.cut()

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        for _ in range(4):
            room.run()
            room.later(minutes=6)
    finally:
        done.set()
        cutting.join()
    room.run_until_quiet()
    room.assert_settled()


def test_a_cluster_that_answers_ten_seconds_late(room, proxy):
    proxy.delay_s = 10
    started = time.monotonic()
    room.run()
    assert time.monotonic() - started < BUDGET_S * 1.5 + 3
    room.assert_all_wait()
    proxy.delay_s = 0
    room.run_until_quiet()
    room.assert_settled()


def test_a_slow_line_is_sent_less_at_a_time_and_gets_everything(room, proxy):
    room.fill(range(ARTICLES, ARTICLES + 40), letters=8_000)
    proxy.bytes_s = 400_000
    room.run_until_quiet()
    proxy.bytes_s = None
    room.assert_settled(ARTICLES + 40)
    assert room.index._writer._batch_bytes < bulk.MAX_BATCH_BYTES / 4


def test_one_article_too_long_for_the_line_keeps_no_other_waiting(room, proxy):
    """A tenth of the budget and ten times the line: 10 kB/s, and an article of 200,000 letters."""
    room.run()
    long_one, *others = numbers = range(ARTICLES, ARTICLES + 40)
    room.fill([long_one], letters=200_000)  # waits longest, so it is leased first
    room.fill(others)
    proxy.bytes_s = 100_000
    room.run_until_quiet(rounds=4)
    assert room.waiting() == 1
    assert len(room.held()) == ARTICLES + len(others)
    proxy.bytes_s = None
    room.run_until_quiet()
    room.assert_settled(ARTICLES + len(numbers))


def test_a_connection_that_is_half_open_ends_at_a_deadline(room, proxy):
    proxy.silent = True
    started = time.monotonic()
    room.run()
    assert time.monotonic() - started < BUDGET_S * 1.5 + 3
    room.assert_all_wait()
    proxy.silent = False
    room.run_until_quiet()
    room.assert_settled()


def test_sending_and_receiving_have_one_deadline_together(room, proxy):
    """What is left of the time after a slow upload is all that is waited for the answer."""
    proxy.bytes_s, proxy.delay_s = 2_000_000, 60
    _, [work] = room.ledger.lease_articles(Stage.INDEX, room.clock.now(), limit=1, lease_s=60)
    started = time.monotonic()
    with pytest.raises(IndexUnavailable, match="no answer in time"):
        room.index.write([{**build_document(work), "text": "x" * 2_000_000}], [])
    assert time.monotonic() - started < BUDGET_S * 1.5 + 0.5


# ── the cluster itself ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_an_index_that_is_read_only_takes_everything_when_it_no_longer_is(room, block):
    """`read_only_allow_delete` is what a disk that runs full does to an index."""
    room.admin.indices.put_settings(
        index=room.names.write, settings={f"index.blocks.{block}": True}
    )
    for _ in range(3):
        room.run()
        room.assert_all_wait()
        room.later(minutes=6)
    (found,) = inspect(room.ledger, room.straight, room.doors.config, room.clock.now()).open
    assert found.finding.kind is FindingKind.WAITING
    assert found.finding.evidence["articles"] == ARTICLES
    assert status(room.ledger, room.straight)["waiting_since"] == NOW.isoformat()
    room.admin.indices.put_settings(
        index=room.names.write, settings={f"index.blocks.{block}": None}
    )
    room.run_until_quiet()
    room.assert_settled()
    assert inspect(room.ledger, room.straight, room.doors.config, room.clock.now()).open == []


def test_a_document_that_the_cluster_refuses_dies_alone_with_the_clusters_reason(room):
    room.fill([ARTICLES], names=("Kobani", "Manbij", "Ras al-Ayn"))
    limit = "index.mapping.nested_objects.limit"
    room.admin.indices.put_settings(index=room.names.write, settings={limit: 2})
    room.run()
    assert room.ledger.books(Scope()).by_status == {Status.INDEXED: ARTICLES, Status.DEAD: 1}
    position, life = room.ledger.where(f"{HOST}/{ARTICLES}")
    assert (position.status, position.reason) == (Status.DEAD, "document_refused")
    assert "nested documents has exceeded the allowed limit of [2]" in life[-1].detail
    room.admin.indices.put_settings(index=room.names.write, settings={limit: None})
    assert room.ledger.replay(ReplaySelector(reason="document_refused"), room.clock.now()) == 1
    room.run_until_quiet()
    room.assert_settled(ARTICLES + 1)


def test_an_index_that_was_closed(room):
    index = room.straight._indices.behind(room.names.write)
    room.admin.indices.close(index=index)
    room.run()
    room.assert_all_wait()
    room.admin.indices.open(index=index)
    room.run_until_quiet()
    room.assert_settled()


def test_an_index_that_was_deleted_is_not_made_by_guess_but_from_the_ledger(room):
    room.run()
    room.fill(range(ARTICLES, ARTICLES + 20))
    room.admin.indices.delete(index=room.straight._indices.behind(room.names.write))
    room.run()
    assert room.waiting() == 20
    assert not room.admin.indices.get(index=room.names.pattern).body
    assert not room.admin.indices.exists(index=room.names.write)
    Setup(room.straight.cluster.settings, room.doors.config_dir, None).run()
    assert rebuild(room.ledger, room.straight).serves
    room.run_until_quiet()
    room.assert_settled(ARTICLES + 20)
    mapping = room.admin.indices.get_mapping(index=room.names.write).body
    assert {one["mappings"]["dynamic"] for one in mapping.values()} == {"strict"}


def test_an_alias_that_leads_to_two_indices_refuses_no_document(room):
    names, first = room.names, room.straight._indices.behind(room.names.write)
    second = names.index(999)
    room.admin.indices.create(index=second)
    both = [{"add": {"index": one, "alias": names.write, "is_write_index": False}}
            for one in (first, second)]  # fmt: skip
    room.admin.indices.update_aliases(actions=both)
    room.run()
    room.assert_all_wait()
    assert rebuild(room.ledger, room.straight).serves  # the new one takes the place of both
    assert room.straight._indices.serving() == [names.index(1000)]
    room.run_until_quiet()
    room.assert_settled()


def lose(room, share):
    """Let the cluster lose some of what it acknowledged; return the ids."""
    books = sorted(room.ledger.books(Scope()).indexed.items())
    lost = dict(random.Random(3).sample(books, int(len(books) * share)))
    for one, version in lost.items():  # with its version, or a later one is remembered for a minute
        room.admin.delete(
            index=room.names.write, id=one, version=version, version_type="external_gte"
        )
    room.admin.indices.refresh(index=room.names.read)
    return set(lost)


def test_documents_that_the_cluster_lost_are_found_and_put_back(room):
    room.run()
    lost = lose(room, 0.05)
    found = differing_versions(room.ledger, room.straight)
    assert {one.article_id for one in found} == lost
    assert {one.how for one in found} == {How.MISSING}
    repair(room.ledger, room.straight, found)
    room.assert_settled()


def test_a_rebuild_puts_back_what_the_cluster_lost(room):
    room.run()
    lose(room, 0.05)
    assert not room.balance().balances
    assert rebuild(room.ledger, room.straight).serves
    room.assert_settled()
