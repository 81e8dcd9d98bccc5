"""Finds older articles in a feed's archive or in its sitemaps, under the lease of its host.

A feed's archive is the chain of documents that it names by rel="prev-archive" or rel="next"
(RFC 5005); a sitemap's are the sitemaps of its index, last changed first. Only entries that the
feed never listed before are taken: an older copy never overwrites a newer one. Each document is
committed, and the place in the walk kept, before the next is asked for: what is cut short goes on
there. The feed's own schedule and validators stay as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.care import Walk
from pipeline.doors import Doors
from pipeline.errors import ItemError, LeaseLost, Transient
from pipeline.feeds.entries import sort_entries
from pipeline.fetch.answer import problem_of_status
from pipeline.model import Entry, Page, ParsedFeed, Result, Stage
from pipeline.ports import FetchKind
from pipeline.visit import Visit
from pipeline.work import FeedState, Outcome, PollResult

#: Entries read of one document: plain sitemaps list up to 50,000, and hold years.
MAX_ENTRIES = 10_000
#: Entries committed at a time.
_BATCH = 500
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries are wanted, by when they say they were published; undated ones always are."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, entry: Entry) -> bool:
        """Tell whether an entry is wanted."""
        claim = entry.published_at or entry.updated_at
        if claim is None:
            return True
        late_enough = self.since is None or claim.at >= self.since
        return late_enough and (self.until is None or claim.at < self.until)

    def is_past(self, entries: Sequence[Entry]) -> bool:
        """Tell whether all that a document lists is too old: what it leads to is older still."""
        claims = [claim for one in entries if (claim := one.published_at or one.updated_at)]
        since = self.since
        return since is not None and bool(claims) and all(claim.at < since for claim in claims)


@dataclass(frozen=True, slots=True)
class Older:
    """What was found for one feed."""

    documents: int = 0  # that were read
    new: int = 0  # entries that the feed never listed before
    ended: str = "end"  # end, window, limit, busy, lost, or the last failure
    is_left: bool = False  # there is more, or may be at another time


async def find_older(
    doors: Doors,
    feed_id: str,
    window: Window,
    *,
    max_documents: int,
    walk: Walk | None = None,
    keep: Callable[[Walk], None] = lambda _: None,
) -> Older:
    """Walk back through what a feed listed before, from a place on, and commit what is new.

    `keep` is told of each place on the way; the last one has nothing in its queue, unless the
    answer says that there is more.
    """
    (before,) = doors.ledger.feed_states([feed_id])
    lease = doors.ledger.lease_host(before.host, lease_s=doors.config.ledger.lease_s)
    if lease is None:
        return Older(ended="busy", is_left=True)
    (state,) = doors.ledger.feed_states([feed_id])  # as it is now that nobody else may poll it
    visit = Visit(doors, lease)
    try:
        found = await _walk(visit, state, window, max_documents, walk or Walk((state.url,)), keep)
    except LeaseLost:
        return Older(ended="lost", is_left=True)
    finally:
        visit.close()
    if not found.is_left:
        keep(Walk(()))
    return found


async def _walk(  # noqa: PLR0917 - what find_older was given, under a lease
    visit: Visit,
    state: FeedState,
    window: Window,
    max_documents: int,
    walk: Walk,
    keep: Callable[[Walk], None],
) -> Older:
    found, queue, asked, tried = Older(), list(walk.queue), set(walk.asked), 0
    while queue:
        url = queue[0]
        if url in asked:
            queue.pop(0)
            continue
        if tried >= max_documents:
            return replace(found, ended="limit", is_left=True)
        visit.keep_lease()
        try:
            page = await visit.get(url, FetchKind.FEED)
            parsed = await _parse(visit.doors, state, page)
        except Transient as error:
            return replace(found, ended=error.reason, is_left=True)
        except ItemError as error:  # what else the queue names may be there
            parsed, found = None, replace(found, ended=error.reason)
        queue.pop(0)
        asked.add(url)
        tried += 1
        if parsed is None:
            keep(Walk(tuple(queue), frozenset(asked)))
            continue
        new = _commit(visit, state, page, [one for one in parsed.entries if window.holds(one)])
        found = replace(found, documents=found.documents + 1, new=found.new + new)
        if window.is_past(parsed.entries) and not queue:
            return replace(found, ended="window")
        queue += [*parsed.children, *([parsed.older] if parsed.older else [])]
        keep(Walk(tuple(queue), frozenset(asked)))
    return found


async def _parse(doors: Doors, state: FeedState, page: Page) -> ParsedFeed:
    if page.status not in _OK:
        raise problem_of_status(page, doors.clock.now())
    parsed: ParsedFeed = await doors.workers.run(
        "parse_feed",
        body=page.body,
        url=page.final_url,
        headers=page.headers,
        timezone=state.feed.timezone,
        language=state.feed.language,
        fetched_at=page.fetched_at,
        max_entries=MAX_ENTRIES,
    )
    return parsed


def _commit(visit: Visit, state: FeedState, page: Page, wanted: Sequence[Entry]) -> int:
    """Commit the entries that the feed never listed before; return how many."""
    doors, place, added = visit.doors, None, 0
    for start in range(0, len(wanted), _BATCH):
        entries = wanted[start : start + _BATCH]
        keys = [entry.key for entry in entries]
        known = doors.ledger.known_entries(state.feed.feed_id, keys)
        new = [one for one in sort_entries(entries, known).decisions if one.change == "new"]
        if not new:
            continue
        if place is None:
            place = doors.archive.append(page)
            doors.archive.flush()
        outcome = Outcome(Stage.POLL, Result.OK, doors.clock.now(), "older_entries", page.url)
        result = PollResult(
            state,
            outcome,
            decisions=tuple(new),
            place=place,
            counts={"listed": len(entries), "new": len(new), "known": len(entries) - len(new)},
        )
        doors.ledger.commit_poll(visit.lease, result)
        added += len(new)
    return added
