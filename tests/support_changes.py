"""Articles that come, change and go, indexed by the real stage: what a change feed tells of."""

import asyncio

from support_index import ROOT
from support_ledger import (
    commit_fetch,
    commit_step,
    decision,
    enriched,
    extracted,
    fetched,
    grouped,
    poll,
    send_to_retraction,
)

from pipeline import stages
from pipeline.config import Config
from pipeline.doors import Doors
from pipeline.model import Stage

LEASE_S = 60


def doors_of(serving):
    """What the index stage needs of a server's doors."""
    return Doors(
        config=Config(), config_dir=ROOT / "config", clock=serving.clock, ledger=serving.ledger,
        archive=None, fetcher=None, workers=None, index=serving.index, events=None, places=None,
    )  # fmt: skip


def index_due(doors, now=None):
    """Run the index stage over all that waits for it."""
    now = now or doors.clock.now()
    lease, works = doors.ledger.lease_articles(Stage.INDEX, now, limit=500, lease_s=LEASE_S)
    results = asyncio.run(stages.index(doors, lease, works))
    doors.ledger.release(lease)
    return results


def write(doors, url, text, *, place="Kobani"):
    """Let an article have a text that names a place, up to waiting for the index stage."""
    ledger, at = doors.ledger, doors.clock.now()
    if ledger.where(url) is None:
        poll(ledger, decision(url), at=at)
    commit_fetch(ledger, fetched(url, at=at), url)
    commit_step(ledger, Stage.EXTRACT, extracted(url, at, text=text))
    commit_step(ledger, Stage.ENRICH, enriched(url, at, fingerprint=text, name=place))
    commit_step(ledger, Stage.GROUP, grouped(url, at))


def publish(doors, url, text, *, place="Kobani"):
    """Let an article have a text, the index included."""
    write(doors, url, text, place=place)
    index_due(doors)


def take_back(doors, url):
    """Let the publisher take an article back."""
    send_to_retraction(doors.ledger, url, doors.clock.now())
    index_due(doors)
