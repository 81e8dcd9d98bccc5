"""Pushes the change feed to its receivers: the second half of the stage `deliver`.

    claim    one receiver that is due, so that nobody else tells it meanwhile
    read     the next lines that concern it, with their documents
    send     as one signed message; taken: on to the next; not taken: the same again, later

Nothing is skipped: a receiver that is away for a month gets all that happened, or is told to begin
anew when the log does not reach back so far.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from pipeline.changes.log import ChangeLog
from pipeline.changes.reading import Documents, read_page
from pipeline.changes.tokens import Place, TokenOutdated
from pipeline.changes.webhooks import MAX_LINES, Webhook, Webhooks, batch, next_try, reset
from pipeline.config import RightsSettings
from pipeline.errors import ItemError
from pipeline.messages import Message

log = structlog.get_logger()

Post = Callable[[str, Message], Awaitable[None]]  # raises ItemError
#: Longer than a message may take: after it somebody else may tell the receiver the same again.
_CLAIM = timedelta(minutes=5)
#: Messages to one receiver in a go; then others have their turn.
_MOST = 50


class PushLedger(ChangeLog, Webhooks, Protocol):
    """A ledger that keeps receivers of its change log: one in a database does."""


@dataclass(slots=True)
class Pushed:
    """What a go did."""

    messages: int = 0
    lines: int = 0
    failed: int = 0  # receivers that did not take a message


@dataclass(frozen=True, slots=True)
class _Step:
    """What a receiver is sent next, and where it is when it has taken that."""

    message: Message | None  # None: nothing of these lines concerns it
    place: Place
    lines: int
    has_more: bool


class Push:
    """Tells all receivers that are due."""

    def __init__(
        self,
        ledger: PushLedger,
        documents: Documents,
        rights: RightsSettings,
        post: Post,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger, self._documents, self._rights = ledger, documents, rights
        self._post, self._now = post, now

    async def all(self) -> Pushed:
        """Tell each receiver what there is; one that does not take it does not hold up others."""
        done = Pushed()
        for webhook in self._ledger.webhooks():
            now = self._now()
            if not self._has_news(webhook):
                continue
            claimed = self._ledger.claim_webhook(webhook.name, now, now + _CLAIM)
            if claimed is not None:
                await self._tell(claimed, done)
        return done

    def _has_news(self, webhook: Webhook) -> bool:
        state, lines = self._ledger.lines_after(webhook.place.seq, limit=1)
        return bool(lines) or webhook.place.log_id not in (None, state.log_id)

    async def _tell(self, webhook: Webhook, done: Pushed) -> None:
        for sent in range(1, _MOST + 1):
            step = self._next(webhook)
            if step.message is not None and not await self._is_taken(webhook, step.message, done):
                return
            done.lines += step.lines
            now = self._now()
            goes_on = step.has_more and sent < _MOST
            further = replace(
                webhook,
                place=step.place,
                due_at=now + _CLAIM if goes_on else now,
                told_at=now if step.message else webhook.told_at,
                tries=0,
                failed_reason=None,
            )
            if not self._ledger.note_read(webhook, further) or not goes_on:
                return
            webhook = further

    async def _is_taken(self, webhook: Webhook, message: Message, done: Pushed) -> bool:
        try:
            await self._post(webhook.url, message)
        except ItemError as error:
            done.failed += 1
            tries = webhook.tries + 1
            due_at = next_try(self._now(), tries)
            refused = replace(webhook, due_at=due_at, tries=tries, failed_reason=error.reason)
            self._ledger.note_read(webhook, refused)
            log.warning("change_not_taken", name=webhook.name, reason=error.reason)
            return False
        done.messages += 1
        return True

    def _next(self, webhook: Webhook) -> _Step:
        try:
            page = read_page(
                self._ledger, self._documents, self._rights, webhook.place, webhook.filters,
                limit=MAX_LINES,
            )  # fmt: skip
        except TokenOutdated as error:
            state, _ = self._ledger.lines_after(0, limit=1)
            anew = Place(0, state.log_id, state.trimmed_seq)
            return _Step(reset(webhook, state.log_id, self._now(), str(error)), anew, 0, True)
        if not page.lines:
            return _Step(None, page.next, 0, page.has_more)
        message, count = batch(webhook, page.lines, page.next.log_id or "")
        if count == len(page.lines):
            return _Step(message, page.next, count, page.has_more)
        return _Step(message, replace(page.next, seq=page.lines[count - 1].seq), count, True)
