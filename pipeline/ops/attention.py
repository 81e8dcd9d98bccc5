"""What needs somebody's attention, worst first, each in one sentence with where to look. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.model import Stage
from pipeline.ops.equation import Equation
from pipeline.ops.freshness import OBJECTIVE_PERCENT, Freshness
from pipeline.ops.health import ILL, STANDINGS, standing
from pipeline.ops.show import number, span
from pipeline.ops.words import reason_words, stage_words
from pipeline.oversight import DeadGroup, Queue
from pipeline.work import FeedState

#: Feeds due for so long mean that nothing runs: runs come every two minutes.
IDLE_AFTER_S = 900.0
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at."""

    is_bad: bool  # something is wrong; else: worth a look
    sentence: str
    path: str  # of the page that shows it, below the application's root
    query: Mapping[str, str]


def notices(
    books: Equation,
    fresh: Freshness,
    *,
    queues: Sequence[Queue],
    states: Sequence[FeedState],
    dead: Sequence[DeadGroup],
    now: datetime,
) -> list[Notice]:
    """Return what needs attention; nothing is left out, and nothing is said twice."""
    found = [
        *_books(books),
        *_queues(queues, fresh.objective_s, now),
        *_feeds(states),
        *_freshness(fresh),
        *_dead(dead),
    ]
    return sorted(found, key=lambda notice: not notice.is_bad)


def _books(books: Equation) -> list[Notice]:
    if books.balances:
        return []
    sentence = (
        f"The books do not balance: {number(books.discovered)} URLs were discovered,"
        f" {number(books.accounted)} are accounted for."
    )
    return [Notice(is_bad=True, sentence=sentence, path="balance", query={})]


def _queues(queues: Sequence[Queue], objective_s: float, now: datetime) -> list[Notice]:
    found = []
    for queue in queues:
        if queue.waits_since is None:
            continue
        waits_s = (now - queue.waits_since).total_seconds()
        items = queue.due + queue.later if queue.stage is Stage.INDEX else queue.due
        what = f"{number(items)} {stage_words(queue.stage, items)}"
        words = f"{what}, the oldest for {span(waits_s)}"
        if queue.stage is Stage.POLL and waits_s > IDLE_AFTER_S:
            sentence = f"Nothing seems to run: {words}."
            found.append(
                Notice(is_bad=True, sentence=sentence, path="feeds", query={"sort": "next"})
            )
        elif queue.stage is Stage.INDEX and waits_s > objective_s:
            sentence = f"The index takes nothing, or too little: {words}."
            found.append(Notice(is_bad=True, sentence=sentence, path="", query={}))
        elif waits_s > objective_s:
            found.append(Notice(is_bad=False, sentence=f"There are {words}.", path="", query={}))
    return found


def _feeds(states: Sequence[FeedState]) -> list[Notice]:
    by_standing: dict[str, list[str]] = defaultdict(list)
    for state in states:
        by_standing[standing(state)].append(state.feed.feed_id)
    found = []
    for word in ILL:
        ids = by_standing[word]
        if not ids:
            continue
        names = ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
        feeds = "1 feed is" if len(ids) == 1 else f"{number(len(ids))} feeds are"
        sentence = f"{feeds} {word}: {names}. It means that {STANDINGS[word]}."
        is_bad = word in ("gone", "failing")
        found.append(Notice(is_bad=is_bad, sentence=sentence, path="feeds", query={"state": word}))
    return found


def _freshness(fresh: Freshness) -> list[Notice]:
    if fresh.is_met or fresh.p95_s is None:
        return []
    sentence = (
        f"{OBJECTIVE_PERCENT} of 100 articles take up to {span(fresh.p95_s)} to the index;"
        f" the objective is {span(fresh.objective_s)}."
    )
    return [Notice(is_bad=True, sentence=sentence, path="", query={})]


def _dead(dead: Sequence[DeadGroup]) -> list[Notice]:
    if not dead:
        return []
    urls, most = sum(group.urls for group in dead), dead[0]
    letters = "1 dead letter waits" if urls == 1 else f"{number(urls)} dead letters wait"
    sentence = (
        f"{letters} for a replay, most at {most.stage}: {reason_words(most.reason)}"
        f" ({most.reason})."
    )
    return [Notice(is_bad=False, sentence=sentence, path="dead", query={})]
