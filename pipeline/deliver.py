"""The stage `deliver`: matches saved searches with what was indexed, and tells who wants to hear.

    match    lines of the change log → articles → hits, kept with the line that was reached
    tell     hits that are due → the search's webhook or mailbox, through the guard of all requests

Nothing is missed: a search goes on at the line that it was matched up to, whenever an article came.
A hit is kept once for each story, and told at least once. Receivers of the change feed are told in
`pipeline/pushing.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

import structlog

from pipeline.alerts.letters import MAILTO, letter
from pipeline.alerts.matching import BATCH, find_matches, indexed_ids
from pipeline.alerts.saved import Alerts, SavedSearch
from pipeline.alerts.telling import MAX_HITS, message, next_try
from pipeline.errors import ItemError, UsageError
from pipeline.ports import IndexReader, Ledger
from pipeline.pushing import Post, Push, Pushed

log = structlog.get_logger()

Mail = Callable[[EmailMessage], Awaitable[None]]  # raises ItemError
#: The stage, and the lane of a run that does it.
DELIVER = "deliver"
_MOST = 100  # messages of one go
#: How often, and how long, a cluster is given to show what it has taken; then the next go does it.
_LOOK_EVERY_S, _LOOKS = 1.0, 20


class AlertLedger(Ledger, Alerts, Protocol):
    """A ledger that keeps saved searches: one in a database does."""


@dataclass(slots=True)
class Matched:
    """What matching did."""

    searches: int = 0
    hits: int = 0
    waiting: bool = False  # the index does not show yet what it has taken
    more: bool = False  # there are more lines than one batch


@dataclass(slots=True)
class Told:
    """What telling did."""

    messages: int = 0
    hits: int = 0
    failed: int = 0  # messages; they are sent again


def match(ledger: AlertLedger, index: IndexReader, now: datetime) -> Matched:
    """Match every search with the next lines of the log. Raises what the index raises."""
    done = Matched()
    together: dict[int, list[SavedSearch]] = {}
    for search in ledger.alerts():
        together.setdefault(search.seq, []).append(search)
    for seq, searches in together.items():
        lines = ledger.changes_after(seq, limit=BATCH)
        if not lines:
            continue
        done.more |= len(lines) == BATCH
        ids = indexed_ids(index, lines)
        if ids is None:
            done.waiting = True
            continue
        for search in searches:
            done.searches += 1
            try:
                hits = find_matches(index, search, ids)
            except UsageError as error:  # it was fine once: a bound or the syntax is another now
                log.warning("alert_refused", name=search.name, detail=str(error))
                continue
            done.hits += ledger.keep_hits(search.alert_id, lines[-1].seq, hits, now)
    return done


async def tell(ledger: Alerts, post: Post, mail: Mail, now: datetime) -> Told:
    """Send what is due. A receiver that does not take it is tried again later."""
    done = Told()
    for search, hits in ledger.due_hits(now, limit=_MOST):
        some = hits[:MAX_HITS]
        ids = [hit.hit_id for hit in some]
        try:
            if search.webhook.startswith(MAILTO):
                await mail(letter(search, some, now))
            else:
                await post(search.webhook, message(search, some, now))
        except ItemError as error:
            done.failed += 1
            due_at = next_try(now, max(hit.tries for hit in some) + 1)
            ledger.note_unsent(ids, error.reason, due_at)
            log.warning("alert_not_taken", name=search.name, reason=error.reason, hits=len(ids))
            continue
        ledger.note_sent(search.alert_id, ids, now)
        done.messages += 1
        done.hits += len(ids)
    return done


class Delivery:
    """The stage over its doors, as a run goes on."""

    def __init__(
        self,
        ledger: AlertLedger,
        index: IndexReader,
        now: Callable[[], datetime],
        *,
        post: Post,
        mail: Mail,
        push: Push,
    ) -> None:
        self._ledger, self._index, self._now = ledger, index, now
        self._post, self._mail, self._push = post, mail, push

    async def match_all(self) -> Matched:
        """Match what there is. Ends early when the index does not show what it has taken."""
        done = Matched(more=True)
        looks = 0
        while done.more or (done.waiting and looks < _LOOKS):
            if done.waiting:
                looks += 1
                await asyncio.sleep(_LOOK_EVERY_S)
            some = await asyncio.to_thread(match, self._ledger, self._index, self._now())
            done = Matched(
                done.searches + some.searches, done.hits + some.hits, some.waiting, some.more
            )
        return done

    async def tell_all(self) -> Told:
        """Tell what is due."""
        return await tell(self._ledger, self._post, self._mail, self._now())

    async def push_all(self) -> Pushed:
        """Tell the receivers of the change feed what they have not heard."""
        return await self._push.all()
