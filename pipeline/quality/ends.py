"""The balance, how soon articles can be found, and what was probably missed. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.balance import BalanceSheet
from pipeline.quality.findings import Finding, FindingKind, Severity
from pipeline.work import FeedState

#: So many of a hundred articles are to be in the index within the objective.
OBJECTIVE_PERCENT = 95
#: A percentile of fewer says little.
FEW_ARTICLES = 20
#: So many times the objective is critical.
_FAR = 4.0
_NAMED = 20
_MANY_GAPS = 3


def unbalanced(sheet: BalanceSheet) -> list[Finding]:
    """Return what the books say of themselves, if they do not balance."""
    if sheet.balances:
        return []
    evidence = {
        "discovered": sheet.discovered,
        "accounted": sheet.accounted,
        "missing_from_index": list(sheet.missing_from_index[:_NAMED]),
        "unexpected_in_index": list(sheet.unexpected_in_index[:_NAMED]),
        "version_differs": [one.article_id for one in sheet.version_differs[:_NAMED]],
        "articles": sheet.anomalies,
    }
    return [Finding(FindingKind.BALANCE, Severity.CRITICAL, sheet.sentence(), evidence)]


def late(seconds: Sequence[float], objective_s: float) -> list[Finding]:
    """Return a finding if too many articles of a window reached the index too late."""
    if len(seconds) < FEW_ARTICLES:
        return []
    ordered = sorted(seconds)
    percentiles = {f"p{one}_s": _percentile(ordered, one) for one in (50, OBJECTIVE_PERCENT, 99)}
    reached_s = percentiles[f"p{OBJECTIVE_PERCENT}_s"]
    if reached_s <= objective_s:
        return []
    words = (
        f"{OBJECTIVE_PERCENT} of 100 articles were in the index within {reached_s:,.0f} s;"
        f" the objective is {objective_s:,.0f} s."
    )
    severity = Severity.CRITICAL if reached_s > _FAR * objective_s else Severity.WARNING
    evidence = {**percentiles, "objective_s": objective_s, "articles": len(ordered)}
    return [Finding(FindingKind.FRESHNESS, severity, words, evidence)]


def waiting(items: int, since: datetime | None, objective_s: float, now: datetime) -> list[Finding]:
    """Return a finding if what is ready for the index has not got there in a whole objective.

    `late` sees an article only when it has arrived: while the index takes nothing, nothing is late.
    """
    waits_s = (now - since).total_seconds() if since else 0.0
    if not items or waits_s <= objective_s:
        return []
    words = (
        f"{items:,} are ready for the index and not in it, the oldest for {waits_s:,.0f} s;"
        f" the objective is {objective_s:,.0f} s."
    )
    severity = Severity.CRITICAL if waits_s > _FAR * objective_s else Severity.WARNING
    evidence = {"articles": items, "waits_s": waits_s, "objective_s": objective_s}
    return [Finding(FindingKind.WAITING, severity, words, evidence)]


def _percentile(ordered: Sequence[float], percent: float) -> float:
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def gaps(states: Iterable[FeedState], by_feed: Mapping[str, int]) -> list[Finding]:
    """Return the feeds of which entries were probably missed; `by_feed` is how many times."""
    return [
        Finding(
            FindingKind.GAP,
            Severity.CRITICAL if by_feed[feed_id] >= _MANY_GAPS else Severity.WARNING,
            f"{feed_id} was polled {by_feed[feed_id]:,} times in 24 hours with nothing in common"
            " with the poll before: entries were probably missed.",
            {"times": by_feed[feed_id], "interval_s": state.interval_s},
            feed_id=feed_id,
            outlet=state.feed.publisher,
        )
        for state in states
        if (feed_id := state.feed.feed_id) in by_feed
    ]
