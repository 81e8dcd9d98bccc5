"""After any sequence of polls, results, retractions and replays the ledger's own books balance.

A random walk over a handful of URLs plays the stages by dice: whatever is due is leased and ends
in some way that stages may end in. After every step each URL stands in exactly one place, and what
was sighted equals the sum of the places.
"""

import random
from datetime import timedelta
from functools import partial

import pytest
from support_ledger import (
    LEASE_S,
    NOW,
    decision,
    enriched,
    extracted,
    failed,
    feed,
    page,
    poll,
    step,
)

from pipeline.balance import balance
from pipeline.config import RightsSettings
from pipeline.erasure import Target
from pipeline.model import Result, Stage, Status
from pipeline.stages import group_one
from pipeline.urls import article_id
from pipeline.work import Outcome, ReplaySelector, Scope, StepResult

URLS = [f"https://herald.example/{n}" for n in range(6)]
FEEDS = [feed("herald-world"), feed("herald-top")]
STEPS = 120
ERASED = 0.015  # of the steps: about two URLs in a walk


class World:
    """A ledger, an index that does what it is told, and dice."""

    def __init__(self, ledger, seed):
        self.ledger = ledger
        self.dice = random.Random(seed)
        self.now = NOW
        self.index = {}
        self.ids = {article_id(url): url for url in URLS}
        self.seen = {}
        self.erased = set()

    def turn(self):
        """Do one thing, at a time that never goes back."""
        self.now += timedelta(minutes=self.dice.choice([1, 30, 600]))
        stages = (self.extract, self.enrich, self.group, self.index_some)
        self.dice.choice([self.poll, self.fetch, self.fetch, *stages, *stages, self.replay])()
        if self.dice.random() < ERASED:
            self.erase()

    def poll(self):
        of, url = self.dice.choice(FEEDS), self.dice.choice(URLS)
        version = self.seen[of.feed_id, url] = self.seen.get((of.feed_id, url), 0) + 1
        drop = self.dice.random() < 0.1
        poll(
            self.ledger,
            decision(url, version=version, change="new" if version == 1 else "changed",
                     drop_reason="bad_link" if drop else None),
            of=of, at=self.now,
        )  # fmt: skip

    def fetch(self):
        for lease in self.ledger.lease_hosts(Stage.FETCH, self.now, limit=1, lease_s=LEASE_S):
            results = [self.fetched(due) for due in self.ledger.due_pages(lease, self.now, limit=2)]
            assert self.ledger.commit(lease, results) == []
            self.ledger.release(lease)

    def fetched(self, due):
        ok = Outcome(Stage.FETCH, Result.OK, self.now)
        luck = self.dice.random()
        if due.status is Status.INDEXED and luck < 0.3:
            gone = Outcome(Stage.FETCH, Result.RETRACTED, self.now, "http_410")
            return StepResult(due.url_id, gone, Stage.INDEX, self.now, retract=True,
                              article_id=due.article_id)  # fmt: skip
        if luck < 0.15:
            status = Status.DEAD if due.status is Status.IN_FLIGHT else None
            return failed(self.ids[due.url_id], Stage.FETCH, at=self.now, status=status)
        final = self.dice.choice(URLS) if luck < 0.4 else due.url
        found = due.article_id or article_id(final)
        return StepResult(due.url_id, ok, Stage.EXTRACT, self.now, article_id=found,
                          page=page(due.url, final_url=final))  # fmt: skip

    def work(self, stage, decide):
        """Lease some work and end it; now and then the worker dies, or an item does."""
        lease, works = self.ledger.lease_articles(stage, self.now, limit=3, lease_s=LEASE_S)
        for work in works:
            dies = self.dice.random() < 0.1 and work.status is not Status.ERASED
            if dies and not self.is_done(stage, work):
                status = Status.DEAD if work.status is Status.IN_FLIGHT else None
                result = failed(self.ids[work.url_id], stage, at=self.now, status=status)
            else:
                result = decide(work)
                if self.dice.random() < 0.1:
                    break  # before it could say what it did
            assert self.ledger.commit(lease, [result]) == []
        self.ledger.release(lease)

    def is_done(self, stage, work):
        """The index never refuses what it did for a worker who could not say so."""
        wanted = None if work.retract else work.doc_version
        return stage is Stage.INDEX and self.index.get(work.article_id) == wanted

    def extract(self):
        def decide(work):
            if self.dice.random() < 0.15:
                status = Status.DROPPED if work.status is Status.IN_FLIGHT else None
                return step(self.ids[work.url_id], Stage.EXTRACT, None, at=self.now,
                            result=Result.DROPPED, reason="too_short", status=status)  # fmt: skip
            says = self.dice.choice(URLS) if self.dice.random() < 0.2 else None
            text = self.dice.choice("abc")
            hidden = self.dice.random() < 0.1
            return extracted(self.ids[work.url_id], self.now, text=text, canonical_url=says,
                             noindex=hidden)  # fmt: skip

        self.work(Stage.EXTRACT, decide)

    def enrich(self):
        def decide(work):
            text = work.revision.extraction.text
            return enriched(self.ids[work.url_id], self.now, fingerprint=text)

        self.work(Stage.ENRICH, decide)

    def group(self):
        stage = Stage.GROUP
        lease, works = self.ledger.lease_articles(stage, self.now, limit=3, lease_s=LEASE_S)
        for work in works:
            luck = self.dice.random()
            if luck < 0.1:
                status = Status.DEAD if work.status is Status.IN_FLIGHT else None
                result = failed(self.ids[work.url_id], stage, at=self.now, status=status)
                assert self.ledger.commit(lease, [result]) == []
            elif luck > 0.2:  # else the worker dies
                decide = partial(group_one, self.now, RightsSettings())
                assert self.ledger.group(lease, [work], decide, self.now)[1] == []
        self.ledger.release(lease)

    def index_some(self):
        def decide(work):
            url, version = self.ids[work.url_id], work.doc_version
            if work.retract:
                self.index.pop(work.article_id, None)
                copy = work.grouping and work.grouping.duplicate_of
                status = Status.DUPLICATE if copy else Status.RETRACTED
                if work.revision and work.revision.extraction.noindex:
                    status = Status.DROPPED
                if work.status is Status.ERASED:
                    status = Status.ERASED
                return step(url, Stage.INDEX, None, at=self.now, result=Result(status),
                            reason="gone", status=status, indexed_version=version)  # fmt: skip
            self.index[work.article_id] = version
            later = self.now + timedelta(hours=1)
            return step(url, Stage.INDEX, Stage.FETCH, at=self.now, next_at=later,
                        status=Status.INDEXED, indexed_version=version)  # fmt: skip

        self.work(Stage.INDEX, decide)

    def replay(self):
        stage = self.dice.choice([None, Stage.FETCH, Stage.EXTRACT, Stage.GROUP])
        selector = ReplaySelector(stage=stage, dead_only=stage is None)
        if self.dice.random() < 0.5:
            self.ledger.replay(selector, self.now)

    def erase(self):
        found = self.ledger.find_erasable(Target(urls=[self.dice.choice(URLS)]))
        ids = {*found.url_ids, *found.unseen}
        self.ledger.erase(ids, actor="operator", why="order 12", now=self.now)
        self.erased |= ids

    def check(self):
        books = self.ledger.books(Scope())
        assert sum(books.by_status.values()) == books.discovered
        assert sum(books.dropped_by_reason.values()) == books.by_status.get(Status.DROPPED, 0)
        assert sum(books.dead_by_reason.values()) == books.by_status.get(Status.DEAD, 0)
        assert sum(books.in_flight_by_stage.values()) == books.by_status.get(Status.IN_FLIGHT, 0)
        assert "" not in books.in_flight_by_stage
        assert len(books.indexed) == books.by_status.get(Status.INDEXED, 0)
        assert all(books.indexed.values())
        for url_id in self.erased & self.ids.keys():
            found = self.ledger.where(self.ids[url_id])
            assert found is None or found[0].status is Status.ERASED

    def drain(self):
        """Let every stage end well until nothing is due at any time."""
        self.dice.random = lambda: 0.99  # no accidents
        for _ in range(40):
            self.now += timedelta(hours=2)
            if not self.ledger.books(Scope()).in_flight_by_stage and not self.unsettled():
                return
            for stage in (self.fetch, self.extract, self.enrich, self.group, self.index_some):
                stage()

    def unsettled(self):
        """Tell whether anything but a revisit is still to be done."""
        return any(self.ledger.next_due_at(stage) for stage in list(Stage)[2:])


@pytest.mark.parametrize("seed", range(4))
def test_the_books_balance_after_every_step_of_a_random_walk(ledger, seed):
    world = World(ledger, seed)
    for _ in range(STEPS):
        world.turn()
        world.check()
    world.drain()
    world.check()
    sheet = balance(ledger.books(Scope()), world.index.items())
    assert sheet.balances, sheet.sentence()
    assert sheet.in_flight == 0
    kept_by_copies(ledger)
    ledger.number_changes()
    follow_the_log(ledger, world.index)


def kept_by_copies(ledger):
    """Every duplicate is a copy of something that the index holds."""
    for url in URLS:
        found = ledger.where(url)
        if found is not None and found[0].status is Status.DUPLICATE:
            original = ledger.where(found[0].duplicate_of)
            assert original[0].status is Status.INDEXED


def follow_the_log(ledger, index):
    """Whoever follows the change log ends up with the index."""
    followed, versions = {}, {}
    for line in ledger.changes_after(0, limit=100_000):
        assert line.doc_version > versions.get(line.article_id, 0)
        versions[line.article_id] = line.doc_version
        if line.kind == "upsert":
            followed[line.article_id] = line.doc_version
        else:
            followed.pop(line.article_id, None)
    assert followed == index
