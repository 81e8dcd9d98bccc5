"""What extraction makes of an outlet's pages, against the same outlet's last week. Pure.

A site that changes its templates, or begins to send walls instead of pages, shows here first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from pipeline.quality.findings import Finding, FindingKind, Severity
from pipeline.quality.past import EXTREME, UNUSUAL, past_of, share_distance

#: Pages (now, and before) that a share or a middle value must rest on.
ENOUGH = 20
#: Shares that differ by less are of no consequence, however certain.
_MIN_STEP = 0.1
#: Texts that grow or shrink by less are the news, not the extractor.
_MIN_FACTOR = 2.0
_PARTS = {
    "author": "author",
    "entities": "people or organisations",
    "places": "place",
    "topics": "topic",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """How extraction ended for the pages of one outlet in a span of time."""

    pages: int
    dropped: Mapping[str, int]  # reason → pages


@dataclass(frozen=True, slots=True)
class Texts:
    """Extracted articles of one outlet in a span of time, or a sample of them."""

    chars: Sequence[int]  # length of each text
    undated: int  # of them without a date
    #: Part (author, entities, places, topics) → of them without any; those not enriched yet have.
    without: Mapping[str, int] = field(default_factory=dict)


def drops_drift(now: Mapping[str, Pages], before: Mapping[str, Pages]) -> list[Finding]:
    """Return outlets of which far more pages are dropped for one reason than before."""
    return [
        found
        for outlet, pages in sorted(now.items())
        for reason, hits in sorted(pages.dropped.items())
        if (found := _drop(outlet, reason, hits, pages, before.get(outlet))) is not None
    ]


def _drop(outlet: str, reason: str, hits: int, pages: Pages, past: Pages | None) -> Finding | None:
    if past is None:
        return None
    words = f"of {outlet}'s pages are dropped as {reason}"
    figures = (hits, pages.pages), (past.dropped.get(reason, 0), past.pages)
    return _share(FindingKind.DROPS, words, *figures, outlet=outlet, aspect=reason)


def texts_drift(now: Mapping[str, Texts], before: Mapping[str, Texts]) -> list[Finding]:
    """Return outlets whose texts changed their usual length, or lost their dates or other parts."""
    found: list[Finding | None] = []
    for outlet, texts in sorted(now.items()):
        past = before.get(outlet)
        if past is None:
            continue
        words = f"of {outlet}'s articles have no date"
        figures = (texts.undated, len(texts.chars)), (past.undated, len(past.chars))
        found.append(_share(FindingKind.MISSING_DATES, words, *figures, outlet=outlet))
        found.append(_length(outlet, texts, past))
        found += [_missing(outlet, part, texts, past) for part in sorted(texts.without)]
    return [one for one in found if one is not None]


def _missing(outlet: str, part: str, texts: Texts, past: Texts) -> Finding | None:
    words = f"of {outlet}'s articles have no {_PARTS.get(part, part)}"
    now = texts.without[part], len(texts.chars)
    before = past.without.get(part, 0), len(past.chars)
    return _share(FindingKind.MISSING_PARTS, words, now, before, outlet=outlet, aspect=part)


def _share(
    kind: FindingKind,
    words: str,
    now: tuple[int, int],
    before: tuple[int, int],
    *,
    outlet: str,
    aspect: str = "",
) -> Finding | None:
    (hits, of), (past_hits, past_all) = now, before
    if of < ENOUGH or past_all < ENOUGH or hits / of - past_hits / past_all < _MIN_STEP:
        return None
    distance = share_distance(now, before)
    if distance < UNUSUAL:
        return None
    return Finding(
        kind,
        Severity.CRITICAL if distance >= EXTREME else Severity.WARNING,
        f"{hits / of:.0%} {words} (of {of:,} in 24 hours); {past_hits / past_all:.0%} in the week"
        " before.",
        {"hits": hits, "of": of, "hits_before": past_hits, "of_before": past_all,
         "distance": round(distance, 1)},
        outlet=outlet,
        aspect=aspect,
    )  # fmt: skip


def _length(outlet: str, texts: Texts, past: Texts) -> Finding | None:
    if len(texts.chars) < ENOUGH or len(past.chars) < ENOUGH:
        return None
    now_chars, usual = median(texts.chars), past_of(past.chars)
    factor = max(now_chars, usual.median) / max(1.0, min(now_chars, usual.median))
    if factor < _MIN_FACTOR:
        return None
    return Finding(
        FindingKind.TEXT_LENGTH,
        Severity.WARNING,
        f"{outlet}'s articles have {now_chars:,.0f} characters in the middle"
        f" (of {len(texts.chars):,}); {usual.median:,.0f} in the week before.",
        {"chars": now_chars, "chars_before": usual.median, "articles": len(texts.chars)},
        outlet=outlet,
    )
