"""A ledger to test, on both databases, and short ways to bring a URL along its trip.

A test that asks for `ledger` runs twice: on SQLite, and (marked `postgres`) on PostgreSQL.
"""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.adapters.ledger import open_ledger
from pipeline.model import (
    ArchivePlace,
    DateClaim,
    Enrichment,
    Entity,
    Entry,
    Extraction,
    Feed,
    Mention,
    Result,
    Stage,
    Status,
)
from pipeline.urls import article_id, host_of
from pipeline.work import (
    EntryDecision,
    FeedState,
    Grouping,
    Outcome,
    PageRecord,
    PollResult,
    StepResult,
)

NOW = datetime(2019, 9, 10, 8, 0, 0, 123456, tzinfo=UTC)
LEASE_S = 300.0
PLACE = ArchivePlace("segment-1.warc.gz", 0, 1000, "ab" * 32)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def ledger(ledger_url):
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def second(ledger, ledger_url):
    """Another process's view of the same ledger."""
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def feed(feed_id="herald-world", publisher="herald", url=None, **fields):
    return Feed(feed_id, url or f"https://{publisher}.example/{feed_id}.xml", publisher, **fields)


def state(of=None, *, next_poll_at=NOW, **fields):
    of = of or feed()
    return FeedState(of, of.url, host_of(of.url), next_poll_at=next_poll_at, **fields)


def entry(link, title="A deal on the border", **fields):
    fields.setdefault("key", link or title)
    fields.setdefault("content_hash", f"hash of {title}")
    return Entry(guid=None, link=link, title=title, summary="", content=fields.pop("content", ""),
                 **fields)  # fmt: skip


def decision(link, *, change="new", version=1, drop_reason=None, **fields):
    made = entry(link, **fields)
    if link is None:
        return EntryDecision(made, change, version, None, None, None, drop_reason or "no_link")
    return EntryDecision(made, change, version, article_id(link), link, host_of(link), drop_reason)


def poll_result(of, *decisions, at=NOW, next_poll_at=None, **fields):
    return PollResult(
        state=state(of, next_poll_at=next_poll_at or at + timedelta(hours=1), last_poll_at=at),
        outcome=Outcome(Stage.POLL, Result.OK, at),
        decisions=decisions,
        seen_keys=tuple(one.entry.key for one in decisions),
        counts={"listed": len(decisions)},
        **fields,
    )


def poll(ledger, *decisions, of=None, at=NOW, **fields):
    """Let a feed list something, under a lease of its host."""
    of = of or feed()
    if of.feed_id not in {known.feed.feed_id for known in ledger.feed_states()}:
        ledger.sync_feeds([*ledger.feed_states(), state(of)])
    lease = ledger.lease_host(host_of(of.url), lease_s=LEASE_S)
    try:
        ledger.commit_poll(lease, poll_result(of, *decisions, at=at, **fields))
    finally:
        ledger.release(lease)


def page(url, *, final_url=None, at=NOW, status=200, headers=(("ETag", '"v1"'),), place=PLACE):
    return PageRecord(url, final_url or url, status, headers, at, place)


def fetched(url, *, final_url=None, at=NOW, **fields):
    """The result of a fetch that goes on to extract."""
    final_url = final_url or url
    return StepResult(
        article_id(url), Outcome(Stage.FETCH, Result.OK, at), Stage.EXTRACT, at,
        article_id=article_id(final_url), page=page(url, final_url=final_url, at=at), **fields,
    )  # fmt: skip


def failed(url, stage, reason="http_500", *, at=NOW, status=Status.DEAD):
    """The result of a stage that failed for good."""
    outcome = Outcome(stage, Result.DEAD, at, reason)
    return StepResult(article_id(url), outcome, None, None, status, tries=5)


def extraction(text="Two armies agreed on patrols.", title="A deal on the border", **fields):
    claim = DateClaim(NOW, "second", "og")
    return Extraction(Result.OK, None, title, text, "1", published_at=claim, **fields)


def enrichment(fingerprint="f1", *names):
    found = tuple(
        Entity(f"Q{number}", name, "place", (Mention(0, 6, name, "text"),))
        for number, name in enumerate(names or ("Kobani",), 1)
    )
    return Enrichment("en", 0.9, found, (), fingerprint, {"gazetteer": "1"})


def step(url, stage, next_stage, *, at=NOW, result=Result.OK, reason=None, **fields):
    """The result of any stage after fetch."""
    outcome = Outcome(stage, result, at, reason)
    due = fields.pop("next_at", at if next_stage else None)
    return StepResult(article_id(url), outcome, next_stage, due, **fields)


def extracted(url, at=NOW, **fields):
    return step(url, Stage.EXTRACT, Stage.ENRICH, at=at, extraction=extraction(**fields))


def enriched(url, at=NOW, fingerprint="f1", name="Kobani", names=()):
    said = enrichment(fingerprint, *(names or (name,)))
    return step(url, Stage.ENRICH, Stage.GROUP, at=at, enrichment=said)


def grouped(url, at=NOW, syndication_id=None):
    return step(url, Stage.GROUP, Stage.INDEX, at=at, grouping=Grouping(None, syndication_id))


def copy_of(url, original, at=NOW):
    return step(url, Stage.GROUP, None, at=at, result=Result.DUPLICATE, reason="same_text",
                status=Status.DUPLICATE, grouping=Grouping(article_id(original), None))  # fmt: skip


def indexed(url, version, at=NOW, revisit_at=NOW + timedelta(hours=1)):
    return step(url, Stage.INDEX, Stage.FETCH, at=at, next_at=revisit_at, status=Status.INDEXED,
                indexed_version=version)  # fmt: skip


def commit_fetch(ledger, result, url):
    """Commit the result of a fetch, under a lease of the URL's host."""
    lease = ledger.lease_host(host_of(url), lease_s=LEASE_S)
    refused = ledger.commit(lease, [result])
    ledger.release(lease)
    return refused


def commit_step(ledger, stage, *results):
    """Commit the results of a stage, under a lease of all that is due there at their time."""
    now = max(result.outcome.at for result in results)
    lease, works = ledger.lease_articles(stage, now, limit=100, lease_s=LEASE_S)
    assert {result.url_id for result in results} <= {work.url_id for work in works}
    refused = ledger.commit(lease, results)
    ledger.release(lease)
    return refused


def works(ledger, stage, now=NOW):
    """What waits for a stage."""
    lease, found = ledger.lease_articles(stage, now, limit=100, lease_s=LEASE_S)
    ledger.release(lease)
    return found


def bring_to(ledger, url, stage, *, of=None, at=NOW, **fields):
    """Discover a URL and take it as far as waiting for a stage."""
    poll(ledger, decision(url), of=of, at=at)
    if stage is Stage.FETCH:
        return
    commit_fetch(ledger, fetched(url, at=at), url)
    for done, result in (
        (Stage.EXTRACT, extracted(url, at, **fields)),
        (Stage.ENRICH, enriched(url, at, fingerprint=fields.get("text", "f1"))),
        (Stage.GROUP, grouped(url, at)),
    ):
        if stage is done:
            return
        assert commit_step(ledger, done, result) == []


def publish(ledger, url, *, of=None, at=NOW, **fields):
    """Take a URL all the way into the index; return its document's version."""
    bring_to(ledger, url, Stage.INDEX, of=of, at=at, **fields)
    version = next(
        w.doc_version for w in works(ledger, Stage.INDEX, at) if w.url_id == article_id(url)
    )
    assert commit_step(ledger, Stage.INDEX, indexed(url, version, at)) == []
    return version


def send_to_retraction(ledger, url, at=NOW + timedelta(hours=2)):
    """Let the publisher take an article back; the index has not heard of it yet."""
    gone = Outcome(Stage.FETCH, Result.RETRACTED, at, "gone")
    commit_fetch(ledger, StepResult(article_id(url), gone, Stage.INDEX, at, retract=True), url)


def retract(ledger, url, at=NOW + timedelta(hours=2)):
    """Take an article back, the index included; return the version of its tombstone."""
    send_to_retraction(ledger, url, at)
    version = works(ledger, Stage.INDEX, at)[0].doc_version
    commit_step(ledger, Stage.INDEX, retracted(url, version, at))
    return version


def retracted(url, version, at=NOW):
    return step(url, Stage.INDEX, None, at=at, result=Result.RETRACTED, reason="gone",
                status=Status.RETRACTED, indexed_version=version)  # fmt: skip


def where(ledger, url):
    """Where a URL stands now."""
    found = ledger.where(url)
    assert found is not None
    return found[0]
