"""Saved searches and what they found: `Alerts`, kept in the ledger."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipeline.messages import new_secret

MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that somebody wants to hear of."""

    alert_id: str  # 128 random bits: whoever knows it may read the feed
    name: str
    text: str  # as an analyst types it
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    webhook: str = ""  # gets the hits: https://… as JSON, mailto:… as a letter; "": only the feed
    every_s: int = 0  # how long hits are gathered from the first one on; 0: told at once
    seq: int = 0  # line of the change log up to which it has been matched
    created_at: datetime | None = None
    told_at: datetime | None = None  # last message that was taken
    secret: str = field(default="", repr=False)  # signs what a webhook gets; "": nothing does


@dataclass(frozen=True, slots=True)
class AlertHit:
    """One story that a search found; the first article that did."""

    alert_id: str
    story_id: str
    article_id: str
    title: str
    url: str
    outlet: str
    published_at: str | None  # as in the document
    matched: tuple[str, ...]  # pieces of headline and text, ⟦words⟧ marked
    found_at: datetime | None = None
    hit_id: int = 0
    delivered_at: datetime | None = None
    tries: int = 0
    failed_reason: str | None = None  # why the last message was not taken

    @property
    def key(self) -> str:
        """Return what a receiver knows a repeated hit by."""
        return f"{self.alert_id}.{self.story_id}"


def new_search(
    name: str, text: str, filters: Mapping[str, tuple[str, ...]], *, webhook: str, every_s: int
) -> SavedSearch:
    """Return a search to be saved, with an id that nobody can guess; a webhook's is signed for."""
    secret = new_secret() if webhook.startswith(("http://", "https://")) else ""
    return SavedSearch(secrets.token_hex(16), name, text, filters, webhook, every_s, secret=secret)


class Alerts(Protocol):
    """Saved searches and their hits. A ledger in a database has them."""

    def add_alert(self, alert: SavedSearch, now: datetime) -> SavedSearch:
        """Keep a search, to be matched with what is indexed from now on.

        Raises UsageError when there is one of that name.
        """
        ...

    def alerts(self) -> list[SavedSearch]:
        """Return all saved searches, oldest first."""
        ...

    def remove_alert(self, name: str) -> bool:
        """Delete a search and its hits; False: there is none of that name."""
        ...

    def keep_hits(self, alert_id: str, seq: int, hits: Sequence[AlertHit], now: datetime) -> int:
        """Keep what was found up to a line of the log; return how many stories are new.

        A story that a search has told of, or one that has become part of it, is not new.
        """
        ...

    def hits(self, alert_id: str, *, limit: int) -> list[AlertHit]:
        """Return the newest hits of a search, newest first."""
        ...

    def due_hits(self, now: datetime, *, limit: int) -> list[tuple[SavedSearch, list[AlertHit]]]:
        """Return searches with a webhook that have hits to be told now, oldest hit first."""
        ...

    def note_sent(self, alert_id: str, hit_ids: Collection[int], now: datetime) -> None:
        """Keep that hits were taken."""
        ...

    def note_unsent(self, hit_ids: Collection[int], reason: str, due_at: datetime) -> None:
        """Keep that hits were not taken, and when to try again."""
        ...
