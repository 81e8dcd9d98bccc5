"""Short ways to bring many texts to the stage `group`, and to see which groups they end up in."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import sqlalchemy as sa
from support_ledger import LEASE_S, NOW, decision, enrichment, extraction, feed, page, poll, step

from pipeline import stages
from pipeline.adapters.ledger.tables import articles, urls
from pipeline.config import Config
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.shingles import band_keys, word_runs
from pipeline.enrich.story_terms import story_terms
from pipeline.enrich.wires import wire_credit
from pipeline.model import DateClaim, Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Outcome, StepResult


@dataclass(frozen=True)
class Told:
    """One article: who printed it, what it says, when we saw it."""

    key: str
    title: str
    text: str = ""
    publisher: str = "herald"
    seen_at: datetime = NOW
    published_at: datetime | None = None
    said: object = None  # an Enrichment; None: made of words alone

    @property
    def url(self):
        return f"https://{self.publisher}.example/{self.key}"

    @property
    def id(self):
        return article_id(self.url)


#: Two events, and an article that tells both.
QUAKE = Told("quake", "Strong quake shakes Erzincan", "Walls cracked in Erzincan and Tunceli.")
RESCUE = Told("rescue", "Miners join search below collapsed Tunceli school",
              "Miners from Zonguldak listen for voices.", "gazette",
              NOW + timedelta(hours=1))  # fmt: skip
BOTH = Told("both", "Quake shakes Erzincan; miners join search below Tunceli school",
            "Walls cracked in Erzincan; miners from Zonguldak listen for voices.",
            "wire", NOW + timedelta(hours=2))  # fmt: skip


def discover(ledger, *told):
    """Let each article be seen in its outlet's feed, at its time."""
    for publisher, at in sorted({(one.publisher, one.seen_at) for one in told}):
        some = [one for one in told if (one.publisher, one.seen_at) == (publisher, at)]
        of = feed(f"{publisher}-world", publisher)
        poll(ledger, *(decision(one.url, title=one.title) for one in some), of=of, at=at)


def fetch(ledger, *told, at):
    """Let pages come in: of new articles, or an edited text of known ones."""
    for publisher in sorted({one.publisher for one in told}):
        lease = ledger.lease_host(f"{publisher}.example", lease_s=LEASE_S)
        ok = Outcome(Stage.FETCH, Result.OK, at)
        results = [
            StepResult(one.id, ok, Stage.EXTRACT, at, article_id=one.id, page=page(one.url, at=at))
            for one in told
            if one.publisher == publisher
        ]
        assert ledger.commit(lease, results) == []
        ledger.release(lease)


def enrich(ledger, *told, at):
    """Take articles through extract and enrich."""
    by_id = {one.id: one for one in told}
    for stage, result in ((Stage.EXTRACT, _extracted), (Stage.ENRICH, _enriched)):
        lease, works = ledger.lease_articles(stage, at, limit=10_000, lease_s=LEASE_S)
        found = [result(by_id[work.article_id], at) for work in works if work.article_id in by_id]
        assert ledger.commit(lease, found) == []
        ledger.release(lease)


def _extracted(one, at):
    claim = one.published_at or one.seen_at
    found = replace(
        extraction(text=one.text, title=one.title),
        published_at=DateClaim(claim, "second", "og"),
    )
    return step(one.url, Stage.EXTRACT, Stage.ENRICH, at=at, extraction=found)


def _enriched(one, at):
    said = one.said or replace(
        enrichment(fingerprint=fingerprint(one.text)),
        entities=(),
        bands=band_keys(word_runs(one.text)),
        terms=story_terms(one.title, one.text),
        wire=wire_credit(one.text),
    )
    return step(one.url, Stage.ENRICH, Stage.GROUP, at=at, enrichment=said)


def group(ledger, at, limit=10_000):
    """Run the stage `group` over what waits for it; return how many it took."""
    clock = SimpleNamespace(now=lambda: at)
    doors = SimpleNamespace(ledger=ledger, clock=clock, config=Config())
    lease, works = ledger.lease_articles(Stage.GROUP, at, limit=limit, lease_s=LEASE_S)
    asyncio.run(stages.group(doors, lease, works))
    ledger.release(lease)
    return len(works)


def index(ledger, at):
    """Let the index acknowledge whatever waits for it."""
    lease, works = ledger.lease_articles(Stage.INDEX, at, limit=10_000, lease_s=LEASE_S)
    results = [step_of_index(work, at) for work in works]
    assert ledger.commit(lease, results) == []
    ledger.release(lease)
    ledger.number_changes()
    return {work.article_id for work in works}


def step_of_index(work, at):
    """What the index says of one article: written, or taken out."""
    status = Status.INDEXED
    if work.retract:
        is_copy = work.grouping and work.grouping.duplicate_of
        status = Status.DUPLICATE if is_copy else Status.RETRACTED
    outcome = Outcome(Stage.INDEX, Result.OK, at)
    goes_on = Stage.FETCH if status is Status.INDEXED else None
    due = at + timedelta(days=30) if goes_on else None
    return StepResult(work.url_id, outcome, goes_on, due, status, indexed_version=work.doc_version)


def settle(ledger, at):
    """Group and index until nothing is left to do; return how often that took a round."""
    for rounds in range(20):
        if not group(ledger, at) + len(index(ledger, at)):
            return rounds
    raise AssertionError("groups never come to rest")


def tell(ledger, *told, at=None):
    """Take articles all the way into the index, in order of first sight."""
    at = at or max(one.seen_at for one in told)
    discover(ledger, *told)
    fetch(ledger, *told, at=at)
    enrich(ledger, *told, at=at)
    settle(ledger, at)


def groups(ledger, *told):
    """Return key → (status, duplicate_of, syndication_id, story_id), ids as keys where known."""
    keys = {one.id: one.key for one in told}
    query = sa.select(
        articles.c.article_id, urls.c.status, articles.c.duplicate_of,
        articles.c.syndication_id, articles.c.story_id,
    ).join(urls, urls.c.url_id == articles.c.url_id)  # fmt: skip
    with ledger.database.reading() as connection:
        rows = connection.execute(query).all()
    return {
        keys[row[0]]: (row[1], *(keys.get(name, name) for name in row[2:]))
        for row in rows
        if row[0] in keys
    }


def parts(ledger, *told):
    """Return the stories as sets of keys: what they are called left aside."""
    found = {}
    for key, (status, _, _, story) in groups(ledger, *told).items():
        if status == Status.INDEXED:
            found.setdefault(story, set()).add(key)
    return {frozenset(keys) for keys in found.values()}
