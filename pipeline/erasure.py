"""Erasure: what is to go, what goes with it, and what is kept so that it never comes back.

    out of search     a tombstone in the index, in a later version than any write under way
    out of the feed   a retraction in the change log
    out of the ledger revisions, enrichments, what feeds said, addresses, hits of alerts
    out of the archive pages, and feed documents that list it: their segments are written anew

A tombstone by hash of the address stays in the ledger for ever: what a feed lists again, or another
address leads to, ends as `erased` before anything of it is kept. All of it can be broken off and
run again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

#: Why something was erased that an outlet's `keep_days` has let go of.
RETENTION = "kept long enough"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased: what any of these names."""

    urls: Collection[str] = ()  # addresses, as they were listed or found
    url_ids: Collection[str] = ()  # of an earlier report
    outlet: str | None = None
    entity: str | None = None  # id or name of a person, organisation or place
    before: datetime | None = None  # only articles first seen before
    with_copies: bool = False  # what other outlets printed of the same text too


@dataclass(frozen=True, slots=True)
class Erasable:
    """One article, or one URL that never became any, that would be erased."""

    url_id: str
    url: str
    outlet: str
    status: str
    title: str  # empty: nothing was extracted
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What an erasure is about."""

    items: tuple[Erasable, ...] = ()
    url_ids: frozenset[str] = frozenset()  # of the items, and of all other ways to them
    unseen: Mapping[str, str] = field(default_factory=dict)  # url_id → address nobody listed yet
    erased: int = 0  # of what was named: erased before
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # outlet → copies that would stay


class Erasure(Protocol):
    """The erasing side of a ledger."""

    def find_erasable(self, target: Target) -> Found:
        """Return what a target names: articles under all their addresses, with equal texts.

        Raises UsageError for what is no web address. Nothing is changed.
        """
        ...

    def erase(self, url_ids: Collection[str], *, actor: str, why: str, now: datetime) -> int:
        """Erase URLs with all that the ledger says of them, and keep their tombstones.

        What became an article is due for INDEX at once, which takes it out. Returns how many URLs
        were not erased before. A URL that nobody listed yet gets a tombstone all the same.
        """
        ...

    def note_erasure(self, subject: str, items: int, *, actor: str, now: datetime) -> None:
        """Keep in the list of actions that somebody erased something."""
        ...

    def erasures_waiting(self) -> int:
        """Return how many erased articles the index has not taken out yet."""
        ...

    def is_erased(self, article_id: str) -> bool:
        """Tell whether an article, or a URL by its id, was erased."""
        ...

    def scrub(self) -> int:
        """Take out what a poll that was under way kept of something erased; return sightings."""
        ...
