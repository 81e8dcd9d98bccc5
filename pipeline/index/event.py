"""The pipeline's own events as they are indexed, for the dashboards of those who run it. Pure.

    outcome     how one URL ended one stage
    poll        how one feed answered, and what that taught about the feed
    freshness   an article could be found for the first time: how long that took
    finding     something is wrong, or is so no longer (pipeline/quality/event.py)

Each line of the ledger's outcomes is one event, and the first that says "indexed" of an article is
two. A line always gives the same ids, so sending it again changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.index.schema import MAX_KEYWORD_CHARS, Field, Kind
from pipeline.model import DateClaim, Result, Stage
from pipeline.work import Outcome

#: Raised when a field changes its name, kind or meaning.
EVENT_SCHEMA_VERSION = 1

#: What a poll leaves behind of its feed's state, by the names of work.FeedState.
FEED_FACTS = ("health", "interval_s", "overlap", "gaps")
_COUNTS = ("listed", "new", "changed", "known", "dropped")

EVENT_FIELDS: tuple[Field, ...] = (
    Field("at", Kind.DATE, "when it ended, by the clock that work is due by", required=True),
    Field("kind", Kind.KEYWORD, "outcome, poll, freshness or finding", required=True, facet=True),
    Field("stage", Kind.KEYWORD, "poll, fetch, extract, enrich, group or index; of a finding"
          " quality", required=True, facet=True),
    Field("result", Kind.KEYWORD, "ok, unchanged, duplicate, alias, dropped, retry, dead or"
          " retracted; of a finding warning, critical or over", required=True, facet=True),
    Field("reason", Kind.KEYWORD, "why, as a fixed slug; null when all went well; of a finding its"
          " kind", facet=True),
    Field("detail", Kind.KEYWORD, "the same for people; may hold text from outside"),
    Field("attempt", Kind.NUMBER, "which try it was, from 1", required=True),
    Field("run_id", Kind.KEYWORD, "the run that did it"),
    Field("feed_id", Kind.KEYWORD, "the feed: of a poll the one asked, else the first that listed"
          " the URL", facet=True),
    Field("outlet", Kind.KEYWORD, "publisher", facet=True),
    Field("url_id", Kind.KEYWORD, "identity of the link in the ledger; null for a poll"),
    Field("article_id", Kind.KEYWORD, "the article that the link leads to; until its first fetch"
          " the one that it stands for by itself"),
    Field("url", Kind.KEYWORD, "the link as a feed gave it; of a poll the feed's address"),
    Field("listed", Kind.NUMBER, "poll: entries in the feed"),
    Field("new", Kind.NUMBER, "poll: entries that the feed never listed before"),
    Field("changed", Kind.NUMBER, "poll: entries with another text than before"),
    Field("known", Kind.NUMBER, "poll: entries as they were before"),
    Field("dropped", Kind.NUMBER, "poll: entries that could not be used"),
    Field("health", Kind.KEYWORD, "poll: new, ok, empty, stale, failing, gone, paused or merged",
          facet=True),
    Field("interval_s", Kind.NUMBER, "poll: seconds between two polls when all is well"),
    Field("overlap", Kind.NUMBER, "poll: share of the entries that were known before, 0 to 1"),
    Field("gaps", Kind.NUMBER, "poll: times so far that two polls shared nothing: entries were"
          " probably missed"),
    Field("published_at", Kind.DATE, "freshness: when the publisher says it was published"),
    Field("first_seen_at", Kind.DATE, "freshness: when we first saw it in a feed"),
    Field("indexed_at", Kind.DATE, "freshness: when the index had acknowledged it"),
    Field("seen_to_searchable_s", Kind.NUMBER, "freshness: from first sight to the index"),
    Field("published_to_searchable_s", Kind.NUMBER, "freshness: from publication to the index;"
          " null when no moment is claimed, only a day, or one still to come"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FirstIndexed:
    """An article at the moment of its first acknowledged index write."""

    first_seen_at: datetime
    published_at: DateClaim | None


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """One line of the ledger's outcomes, with whom and what it is about."""

    outcome_id: int
    outcome: Outcome
    run_id: str | None
    feed_id: str | None
    outlet: str | None
    url_id: str | None  # None: it is about the feed itself
    article_id: str | None
    url: str | None
    counts: Mapping[str, int] = field(default_factory=dict)  # of a poll, as PollResult.counts
    feed_facts: Mapping[str, Any] = field(default_factory=dict)  # of a poll, by FEED_FACTS
    first_indexed: FirstIndexed | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is sent; equal ids mean the same event."""

    event_id: str
    body: Mapping[str, Any]


def events_of(line: RecordedOutcome) -> list[Event]:
    """Return the events that a line of the outcomes stands for: one, or two."""
    is_poll = line.url_id is None
    told = _outcome(line)
    facts = _poll_facts(line) if is_poll else {}
    found = [_event(line, "poll" if is_poll else "outcome", {**told, **facts})]
    if line.first_indexed is not None:
        found.append(_event(line, "freshness", {**told, **_freshness(line, line.first_indexed)}))
    return found


def ends_first(stage: str, result: str) -> bool:
    """Tell whether such an outcome means that an article can be found from then on."""
    return stage == Stage.INDEX and result == Result.OK


def _event(line: RecordedOutcome, kind: str, told: Mapping[str, Any]) -> Event:
    body = {name: _cut(value) for name, value in told.items() if value not in (None, "")}
    return Event(_event_id(line, kind), {"kind": kind, **body})


def _cut(value: object) -> object:
    return value[:MAX_KEYWORD_CHARS] if isinstance(value, str) else value


def _event_id(line: RecordedOutcome, kind: str) -> str:
    """Return an id that only this line has.

    A ledger that was restored from a backup gives the numbers of what came after once more, to
    other outcomes; so the number alone will not do.
    """
    ended = line.outcome
    subject = (line.run_id, line.feed_id, line.url_id, ended.stage, _moment(ended.at))
    said = "\n".join(str(part) for part in (kind, line.outcome_id, *subject))
    return hashlib.blake2s(said.encode(), digest_size=16).hexdigest()


def _outcome(line: RecordedOutcome) -> dict[str, Any]:
    outcome = line.outcome
    return {
        "at": _moment(outcome.at),
        "stage": str(outcome.stage),
        "result": str(outcome.result),
        "reason": outcome.reason,
        "detail": outcome.detail,
        "attempt": outcome.attempt,
        "run_id": line.run_id,
        "feed_id": line.feed_id,
        "outlet": line.outlet,
        "url_id": line.url_id,
        "article_id": line.article_id,
        "url": line.url,
    }


def _poll_facts(line: RecordedOutcome) -> dict[str, Any]:
    counts = {name: line.counts.get(name) for name in _COUNTS}
    return counts | {name: line.feed_facts.get(name) for name in FEED_FACTS}


def _freshness(line: RecordedOutcome, first: FirstIndexed) -> dict[str, Any]:
    indexed_at = line.outcome.at
    claim = first.published_at
    since_published_s = (indexed_at - claim.at).total_seconds() if claim else -1.0
    is_moment = claim is not None and claim.precision != "day" and since_published_s >= 0
    return {
        "published_at": _moment(claim.at) if claim else None,
        "first_seen_at": _moment(first.first_seen_at),
        "indexed_at": _moment(indexed_at),
        "seen_to_searchable_s": (indexed_at - first.first_seen_at).total_seconds(),
        "published_to_searchable_s": since_published_s if is_moment else None,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
