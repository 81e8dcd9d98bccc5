"""Writers who share a ledger and an index, as the workers of a trip do, and may be killed."""

import asyncio
import random
import time
from types import SimpleNamespace

import orjson
import sqlalchemy as sa
from support_changes import doors_of
from support_ledger import (
    NOW,
    decision,
    enriched,
    extracted,
    fetched,
    grouped,
    poll,
)
from support_ledger import feed as feed_of

from pipeline import stages
from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.model import Result, Stage
from pipeline.ports import IndexResult
from pipeline.urls import article_id
from pipeline.work import Outcome, StepResult

WRITERS, ARTICLES = 8, 4
#: Short, so that the work of those who were killed is soon somebody else's.
LEASE_S = 1.5
PLACES = ("Kobani", "Mersin")
_METADATA = sa.MetaData()
_HELD = sa.Table(
    "held",
    _METADATA,
    sa.Column("article_id", sa.Text, primary_key=True),
    sa.Column("doc_version", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text),  # null: taken out
)


class TableIndex:
    """An index that many processes write to: a table with versions from outside."""

    def __init__(self, url):
        self.engine = sa.create_engine(url)
        _METADATA.create_all(self.engine)

    def write(self, documents, retractions, **_):
        rows = [(one["article_id"], one["doc_version"], orjson.dumps(one).decode())
                for one in documents]  # fmt: skip
        rows += [(key, version, None) for key, version in retractions]
        with self.engine.begin() as connection:
            for key, version, body in sorted(rows):
                self._put(connection, key, version, body)
        return {key: (IndexResult.OK, "") for key, _, _ in rows}

    def _put(self, connection, key, version, body):
        values = {"article_id": key, "doc_version": version, "body": body}
        statement = sa.text(
            "INSERT INTO held (article_id, doc_version, body) VALUES (:article_id, :doc_version,"
            " :body) ON CONFLICT (article_id) DO UPDATE SET doc_version = excluded.doc_version,"
            " body = excluded.body WHERE held.doc_version < excluded.doc_version"
        )
        connection.execute(statement, values)

    def read(self, article_ids):
        wanted = _HELD.c.article_id.in_(article_ids) & _HELD.c.body.is_not(None)
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(_HELD).where(wanted)).all()
        return {row.article_id: orjson.loads(row.body) for row in rows}

    def everything(self):
        with self.engine.connect() as connection:
            ids = connection.scalars(sa.select(_HELD.c.article_id)).all()
        return self.read(ids)

    def close(self):
        self.engine.dispose()


def urls():
    return [
        f"https://host{writer}.example/{number}"
        for writer in range(WRITERS) for number in range(ARTICLES)
    ]  # fmt: skip


def discover(ledger):
    """List every article in its outlet's feed."""
    for writer in range(WRITERS):
        own = feed_of(f"feed-{writer}", f"outlet-{writer}", f"https://host{writer}.example/rss")
        mine = [url for url in urls() if f"host{writer}." in url]
        poll(ledger, *(decision(url) for url in mine), of=own)


def doors_over(ledger, index):
    clock = ScaledClock(NOW, 1e-9)
    return doors_of(SimpleNamespace(ledger=ledger, index=index, clock=clock))


def write_on(ledger_url, index_url, writer, is_over=lambda: False):
    """Change own articles, and take whatever waits a stage further, until it is over."""
    ledger, index = open_ledger(ledger_url), TableIndex(index_url)
    chance = random.Random()
    while not is_over():
        fetch_one(ledger, writer, chance)
        work_once(doors_over(ledger, index), chance)
    ledger.close()
    index.close()


def fetch_one(ledger, writer, chance):
    """Find another text under one of a writer's addresses, or that it is gone."""
    url = f"https://host{writer}.example/{chance.randrange(ARTICLES)}"
    lease = ledger.lease_host(f"host{writer}.example", lease_s=LEASE_S)
    if lease is None:  # of the one who was killed
        time.sleep(0.1)
        return
    if url.endswith("/0") and chance.random() < 0.05:
        gone = Outcome(Stage.FETCH, Result.RETRACTED, NOW, "gone")
        result = StepResult(article_id(url), gone, Stage.INDEX, NOW, retract=True)
        if ledger.where(url)[0].status == "indexed":
            ledger.commit(lease, [result])
    else:
        ledger.commit(lease, [fetched(url)])
    ledger.release(lease)


def work_once(doors, chance):
    """Take some of what waits a stage further, each stage once; return how much there was."""
    done = 0
    for stage in (Stage.EXTRACT, Stage.ENRICH, Stage.GROUP, Stage.INDEX):
        lease, works = doors.ledger.lease_articles(stage, NOW, limit=4, lease_s=LEASE_S)
        if stage is Stage.INDEX:
            asyncio.run(stages.index(doors, lease, works))
        else:
            doors.ledger.commit(lease, [_said(stage, work.url, chance) for work in works])
        doors.ledger.release(lease)
        done += len(works)
    return done


def _said(stage, url, chance):
    text = f"{chance.getrandbits(64):x}"
    if stage is Stage.EXTRACT:
        return extracted(url, text=text)
    if stage is Stage.ENRICH:
        return enriched(url, fingerprint=text, name=chance.choice(PLACES))
    return grouped(url)
