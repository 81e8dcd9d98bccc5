"""Asks the ledger what each page shows; the only part of the page that does so, but for actions."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from pipeline.balance import BalanceSheet, counted
from pipeline.care import Care
from pipeline.config import Config
from pipeline.errors import UsageError
from pipeline.index.query import Query
from pipeline.model import Result, Stage
from pipeline.ops.attention import Notice, notices
from pipeline.ops.equation import Equation, equation
from pipeline.ops.found import finding_notices
from pipeline.ops.freshness import Freshness, freshness
from pipeline.ops.health import STANDINGS, standing
from pipeline.ops.sparkline import days_until
from pipeline.oversight import (
    Action,
    DeadGroup,
    DeadLetter,
    FailedPolls,
    HourCount,
    Listing,
    Override,
    Oversight,
    PollRecord,
    Queue,
)
from pipeline.ports import IndexReader, Ledger
from pipeline.work import FeedState, LifeLine, Position

DAYS = 14
HOURS = 24
_FAILED = (Result.RETRY, Result.DEAD)
FEEDS_A_PAGE = 200
LETTERS_A_PAGE = 50
POLLS, LISTINGS, CHANGES = 30, 30, 10
#: Delays that one page sums up; beyond that the newest stand for all, and the page says so.
MAX_DELAYS = 20_000
#: Articles, changed last, that are held one by one against the index; all others are only counted.
COMPARED = 500
#: Until what was written a moment ago is counted by a search.
_VISIBLE_S = 1.5
#: Articles on which ledger and index disagree that are named.
NAMED = 20
#: Window of freshness and throughput → hours.
WINDOWS: Mapping[str, int] = {"1h": 1, "24h": 24, "7d": 168}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class OpsLedger(Ledger, Oversight, Care, Protocol):
    """A ledger that answers all kinds of questions."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one stage has before it, and what it did in the last hours."""

    queue: Queue
    hours: list[int]  # items that ended well, oldest hour first
    done: int
    failed: int  # for now (retry) or for good (dead)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at a glance."""

    books: Equation
    fresh: Freshness
    window: str
    loads: list[Load]
    notices: list[Notice]
    overrides: list[Override]
    actions: list[Action]
    feeds: Mapping[str, int]  # standing → feeds


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed in the list."""

    state: FeedState
    standing: str
    days: list[int]  # new entries, oldest day first
    failed: FailedPolls | None


@dataclass(frozen=True, slots=True)
class FeedChoice:
    """Which feeds are shown, and in what order."""

    words: str = ""  # part of id, title, publisher or address
    standing: str = ""
    run_id: str = ""  # polled in this run
    sort: str = "state"
    downwards: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class FeedList:
    """One page of feeds."""

    rows: list[FeedRow]
    days: list[date]
    choice: FeedChoice
    matching: int
    feeds: Mapping[str, int]  # standing → feeds, of all


@dataclass(frozen=True, slots=True)
class FeedReport:
    """All about one feed."""

    row: FeedRow
    days: list[date]
    polls: list[PollRecord]
    listings: list[Listing]
    overrides: list[Override]
    dead: int  # dead letters that it was first to list; as many as a page holds at most


@dataclass(frozen=True, slots=True)
class DeadChoice:
    """Which dead letters are shown."""

    stage: Stage | None = None
    reason: str | None = None
    feed_id: str | None = None
    after: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class DeadReport:
    """Dead letters: all groups, and a page of letters."""

    groups: list[DeadGroup]
    letters: list[DeadLetter]
    choice: DeadChoice
    more: tuple[datetime, str] | None  # where the next page begins


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An article on which ledger and index disagree."""

    problem: str
    article_id: str
    url: str | None  # None: the ledger knows no such article


def overview(ledger: OpsLedger, config: Config, now: datetime, window: str) -> Overview:
    """Ask for everything at a glance."""
    since = now - timedelta(hours=WINDOWS[window])
    books = equation(ledger.tally())
    objective_s = config.ops.freshness_objective_s
    fresh = freshness(ledger.delays(since, now, limit=MAX_DELAYS), objective_s)
    queues, dead, states = ledger.queues(now), ledger.dead_groups(), ledger.feed_states()
    seen = notices(books, fresh, queues=queues, states=states, dead=dead, now=now)
    found = finding_notices(ledger.findings(), books)
    return Overview(
        books=books,
        fresh=fresh,
        window=window,
        loads=_loads(queues, ledger.hourly(now - timedelta(hours=HOURS), now), now),
        notices=sorted([*seen, *found], key=lambda notice: not notice.is_bad),
        overrides=ledger.overrides(limit=CHANGES),
        actions=ledger.actions(limit=CHANGES),
        feeds=_count_standings(states),
    )


def _loads(queues: Sequence[Queue], counts: Sequence[HourCount], now: datetime) -> list[Load]:
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=HOURS - 1 - n) for n in range(HOURS)]
    found = []
    for queue in queues:
        mine = [one for one in counts if one.stage is queue.stage]
        by_hour: Counter[datetime] = Counter()
        for one in mine:
            by_hour[one.hour] += 0 if one.result in _FAILED else one.items
        failed = sum(one.items for one in mine if one.result in _FAILED)
        load = Load(queue, [by_hour[hour] for hour in hours], by_hour.total(), failed)
        found.append(load)
    return found


def _count_standings(states: Sequence[FeedState]) -> dict[str, int]:
    found = dict.fromkeys(STANDINGS, 0)
    for state in states:
        found[standing(state)] += 1
    return {word: count for word, count in found.items() if count}


def feed_list(ledger: OpsLedger, choice: FeedChoice, now: datetime) -> FeedList:
    """Ask for the feeds of a choice; only those shown are looked at closely."""
    states = ledger.feed_states()
    chosen = [state for state in states if _is_chosen(state, choice)]
    if choice.run_id:
        polled = ledger.feeds_of_run(choice.run_id)
        chosen = [state for state in chosen if state.feed.feed_id in polled]
    days = days_until(now.astimezone(UTC).date(), DAYS)
    new = _new_by_day(ledger, chosen if choice.sort == "new" else [], days)
    order = SORTS[choice.sort]
    totals = {feed_id: sum(counts) for feed_id, counts in new.items()}
    chosen.sort(key=lambda state: state.feed.feed_id)
    chosen.sort(key=lambda state: order(state, totals), reverse=choice.downwards)
    first = (choice.page - 1) * FEEDS_A_PAGE
    shown = chosen[first : first + FEEDS_A_PAGE]
    rows = _rows(ledger, shown, days)
    return FeedList(rows, days, choice, len(chosen), _count_standings(states))


def _is_chosen(state: FeedState, choice: FeedChoice) -> bool:
    if choice.standing and standing(state) != choice.standing:
        return False
    feed = state.feed
    told = f"{feed.feed_id} {feed.title} {feed.publisher} {feed.url} {state.url}".casefold()
    return all(word in told for word in choice.words.casefold().split())


_Order = Callable[[FeedState, Mapping[str, int]], Any]
#: What feeds can be sorted by.
SORTS: Mapping[str, _Order] = {
    "state": lambda state, _: list(STANDINGS).index(standing(state)),
    "feed": lambda state, _: state.feed.feed_id,
    "publisher": lambda state, _: state.feed.publisher,
    "last": lambda state, _: state.last_success_at or _LONG_AGO,
    "next": lambda state, _: state.next_poll_at or _LONG_AGO,
    "interval": lambda state, _: state.interval_s,
    "gaps": lambda state, _: state.gaps,
    "new": lambda state, totals: totals.get(state.feed.feed_id, 0),
}


def _new_by_day(
    ledger: OpsLedger, states: Sequence[FeedState], days: Sequence[date]
) -> dict[str, list[int]]:
    midnight = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    found = ledger.new_by_day([state.feed.feed_id for state in states], midnight)
    return {feed_id: [counts.get(day, 0) for day in days] for feed_id, counts in found.items()}


def _rows(ledger: OpsLedger, states: Sequence[FeedState], days: Sequence[date]) -> list[FeedRow]:
    new = _new_by_day(ledger, states, days)
    ids = [state.feed.feed_id for state in states]
    failed = ledger.failed_polls(ids)
    return [
        FeedRow(state, standing(state), new[feed_id], failed.get(feed_id))
        for feed_id, state in zip(ids, states, strict=True)
    ]


def feed_report(ledger: OpsLedger, feed_id: str, now: datetime) -> FeedReport | None:
    """Ask for all about one feed; None: there is none of that name."""
    states = ledger.feed_states([feed_id])
    if not states:
        return None
    days = days_until(now.astimezone(UTC).date(), DAYS)
    return FeedReport(
        row=_rows(ledger, states, days)[0],
        days=days,
        polls=ledger.polls(feed_id, limit=POLLS),
        listings=ledger.listings(feed_id, limit=LISTINGS),
        overrides=ledger.overrides(feed_id, limit=CHANGES),
        dead=len(ledger.dead_letters(feed_id=feed_id, limit=LETTERS_A_PAGE)),
    )


def dead_report(ledger: OpsLedger, choice: DeadChoice) -> DeadReport:
    """Ask for dead letters."""
    letters = ledger.dead_letters(
        stage=choice.stage,
        reason=choice.reason,
        feed_id=choice.feed_id,
        after=choice.after,
        limit=LETTERS_A_PAGE + 1,
    )
    shown = letters[:LETTERS_A_PAGE]
    last = (shown[-1].first_seen_at, shown[-1].url_id) if len(letters) > len(shown) else None
    return DeadReport(ledger.dead_groups(), shown, choice, last)


def life_of(ledger: OpsLedger, url: str) -> tuple[Position, list[LifeLine]] | None:
    """Ask for one URL's life; None: never seen. Raises UsageError for what is no web address."""
    if "\x00" in url or not url.isprintable():
        raise UsageError("that is no web address: it holds characters that none has")
    return ledger.where(url)


def compared(ledger: OpsLedger, index: IndexReader) -> tuple[BalanceSheet, list[Disagreement]]:
    """Hold the books against what the index holds; look twice before saying that it is wrong."""
    sheet = _look(ledger, index)
    if not sheet.balances:
        time.sleep(_VISIBLE_S)
        sheet = _look(ledger, index)
    found = [
        *(("missing from the index", id_) for id_ in sheet.missing_from_index),
        *(("unexpected in the index", id_) for id_ in sheet.unexpected_in_index),
        *(
            (f"version {one.index} in the index, {one.ledger} in the ledger", one.article_id)
            for one in sheet.version_differs
        ),
    ][:NAMED]
    urls = ledger.addresses([id_ for _, id_ in found])
    return sheet, [Disagreement(problem, id_, urls.get(id_)) for problem, id_ in found]


def _look(ledger: OpsLedger, index: IndexReader) -> BalanceSheet:
    tally, expected = ledger.expected(newest=COMPARED)
    held = index.read([*expected.newest, *expected.newest_gone])
    total = index.search(Query(size=1, highlight=False)).total
    return counted(tally, expected, total, {id_: one["doc_version"] for id_, one in held.items()})
