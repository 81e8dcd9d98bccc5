"""Carries an erasure out: in the ledger, in the index, in the archive; any of it can be run again.

ledger    some URLs in a transaction: from then on nothing of them comes back
index     the stage `index` takes them out, here and now, or with the next run
archive   segments with anything of them are written anew without it
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from pipeline import stages
from pipeline.archived import Segments
from pipeline.care import Care
from pipeline.config import RightsSettings
from pipeline.doors import Doors
from pipeline.erasure import RETENTION, Erasable, Erasure, Found, Target
from pipeline.model import Stage
from pipeline.trimming import Trimmed, remove_erased

#: Of one transaction.
_URLS = 200
_ARTICLES = 500  # that the index is given at a time

Progress = Callable[[int], None]  # told how many more URLs are erased


class ErasingLedger(Care, Erasure, Protocol):
    """A ledger that can erase: one in a database does."""


@dataclass(slots=True)
class Erased:
    """What an erasure did."""

    urls: int = 0
    waiting: int = 0  # articles that the index has still to take out
    why_waiting: str = ""
    archive: Trimmed = field(default_factory=Trimmed)


def erase(
    ledger: Erasure,
    url_ids: Collection[str],
    *,
    actor: str,
    why: str,
    now: datetime,
    progress: Progress = lambda _: None,
) -> int:
    """Erase URLs in the ledger, some at a time; return how many were not erased before."""
    done, ids = 0, sorted(url_ids)
    for start in range(0, len(ids), _URLS):
        some = ids[start : start + _URLS]
        done += ledger.erase(some, actor=actor, why=why, now=now)
        progress(len(some))
    if done:
        ledger.note_erasure(why, done, actor=actor, now=now)
    return done


async def take_out(doors: Doors, ledger: Erasure) -> None:
    """Let the index take out what was erased; what else waits for it is indexed in passing.

    Raises IndexUnavailable or AccessDenied; then it waits for the next run.
    """
    while ledger.erasures_waiting():
        now, lease_s = doors.clock.now(), doors.config.ledger.lease_s
        lease, works = doors.ledger.lease_articles(
            Stage.INDEX, now, limit=_ARTICLES, lease_s=lease_s
        )
        try:
            if not works:
                return  # another process holds them
            await stages.index(doors, lease, works)
        finally:
            doors.ledger.release(lease)


def remove_from_archive(
    ledger: ErasingLedger, segments: Segments, progress: Progress = lambda _: None
) -> Trimmed:
    """Take everything erased out of the archive, and what a poll under way may have kept of it."""
    ledger.scrub()
    return remove_erased(ledger, segments, progress=progress)


def find_outlived(
    ledger: Erasure, outlets: Collection[str], rights: RightsSettings, now: datetime
) -> Found:
    """Return what outlets let us keep for some days, when these are over."""
    items: list[Erasable] = []
    url_ids: set[str] = set()
    for outlet in sorted({*outlets, *rights.outlets}):
        days = rights.of(outlet).keep_days
        if days:
            before = now - timedelta(days=days)
            found = ledger.find_erasable(Target(outlet=outlet, before=before))
            items += found.items
            url_ids |= found.url_ids
    return Found(tuple(items), frozenset(url_ids))


def erase_outlived(
    ledger: Erasure, outlets: Collection[str], rights: RightsSettings, now: datetime
) -> int:
    """Erase it; return how many URLs."""
    found = find_outlived(ledger, outlets, rights, now)
    return erase(ledger, found.url_ids, actor="newsline", why=RETENTION, now=now)
