"""Runs one enricher again over what is in the index: first to see what changes, then for good.

    look     every article whose part was made by another version → what its document would be
    compare  field by field; counts, and some articles as examples
    write    only those that change: enriched anew under a lease, then grouped and indexed by a run

Nothing is fetched or extracted. The decisions are pure: `difference`, `is_stale`, `is_chosen`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline import stages
from pipeline.care import CareLedger
from pipeline.doors import Doors
from pipeline.enrich.parts import with_part
from pipeline.errors import ItemError
from pipeline.index.document import build_document
from pipeline.model import Document, Enrichment, Result, Stage
from pipeline.work import ArticleWork, Outcome, ReplaySelector, StepResult

EXAMPLES = 5
_AT_ONCE = 8  # texts with the workers at a time
_BATCH = 100
#: Say how it was made, not what it says: no reason to index an article anew.
_NOT_COMPARED = frozenset({"versions", "doc_version"})

Progress = Callable[[int], None]  # told how many more articles were looked at


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change of one field: values that come and go, or that it is another."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(slots=True)
class Preview:
    """What running an enricher again would change."""

    enricher: str
    version: str = ""
    in_index: int = 0  # articles that were asked for
    stale: int = 0  # of these: made by another version
    failed: int = 0  # that it could not be run on
    changed: list[str] = field(default_factory=list)  # article_ids
    fields: Counter[str] = field(default_factory=Counter)  # field → articles
    added: Counter[tuple[str, str]] = field(default_factory=Counter)  # (field, value) → articles
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def note(self, document: Document, found: Mapping[str, Difference]) -> None:
        """Count what would change of one article."""
        self.changed.append(document["article_id"])
        for name, one in found.items():
            self.fields[name] += 1
            self.added.update((name, value) for value in one.added)
            self.removed.update((name, value) for value in one.removed)
        if len(self.examples) < EXAMPLES:
            shown = {
                name: {"added": one.added, "removed": one.removed} for name, one in found.items()
            }
            one_of = {key: document[key] for key in ("article_id", "url", "title")}
            self.examples.append({**one_of, "changes": shown})


def difference(before: Document, after: Document) -> dict[str, Difference]:
    """Return what differs of two documents, by field."""
    found = {}
    for name in before:
        was, now = before[name], after[name]
        if name in _NOT_COMPARED or was == now:
            continue
        if _is_list_of_names(was) and _is_list_of_names(now):
            found[name] = Difference(
                tuple(value for value in now if value not in was),
                tuple(value for value in was if value not in now),
            )
        else:
            found[name] = Difference()
    return found


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def is_chosen(work: ArticleWork, selector: ReplaySelector) -> bool:
    """Tell whether an article is among those asked for."""
    feeds = {sighting.feed.feed_id for sighting in work.sightings}
    return (
        selector.feed_id in (None, *feeds)
        and selector.publisher in (None, work.publisher)
        and (selector.since is None or work.first_seen_at >= selector.since)
        and (selector.until is None or work.first_seen_at < selector.until)
    )


def is_stale(kept: Enrichment, enricher: str, version: str) -> bool:
    """Tell whether a part was made by another version, or is missing because it failed."""
    return kept.versions.get(enricher) != version or enricher in kept.failed


async def preview(
    doors: Doors, enricher: str, selector: ReplaySelector, versions: Mapping[str, str],
    progress: Progress,
) -> Preview:  # fmt: skip
    """Return what would change, without changing anything."""
    found = Preview(enricher, versions[enricher])
    for works in doors.ledger.all_indexed(batch=_BATCH):
        wanted = [work for work in works if is_chosen(work, selector)]
        stale = [
            work for work in wanted
            if work.enrichment and is_stale(work.enrichment, enricher, found.version)
        ]  # fmt: skip
        found.in_index += len(wanted)
        found.stale += len(stale)
        async for work, renewed in _renewed(doors, stale, enricher):
            if renewed is None:
                found.failed += 1
                continue
            before = build_document(work)
            changes = difference(before, build_document(replace(work, enrichment=renewed)))
            if changes:
                found.note(before, changes)
        progress(len(works))
    return found


async def _renewed(
    doors: Doors, works: Sequence[ArticleWork], enricher: str
) -> AsyncIterator[tuple[ArticleWork, Enrichment | None]]:
    """Yield articles with their renewed enrichment, None where the enricher failed."""
    for start in range(0, len(works), _AT_ONCE):
        some = works[start : start + _AT_ONCE]
        said = await asyncio.gather(*(_with_new_part(doors, work, enricher) for work in some))
        for pair in zip(some, said, strict=True):
            yield pair


async def _with_new_part(doors: Doors, work: ArticleWork, enricher: str) -> Enrichment | None:
    try:
        new = await stages.said_of(doors, work)
    except ItemError:
        return None
    if work.enrichment is None or enricher in new.failed:
        return None
    return with_part(work.enrichment, new, enricher)


async def renew(
    doors: Doors,
    ledger: CareLedger,
    enricher: str,
    article_ids: Collection[str],
    progress: Progress,
) -> int:
    """Run an enricher again on some articles in the index, for good; return how many changed.

    What another process works on at this moment is left to it. Articles that wait for the stage
    anyway are enriched in passing.
    """
    now = doors.clock.now()
    left = set(article_ids)
    ledger.send_to_enrich(left, now)
    done = 0
    while left:
        lease_s = doors.config.ledger.lease_s
        lease, works = ledger.lease_articles(Stage.ENRICH, now, limit=_BATCH, lease_s=lease_s)
        if not works:
            ledger.release(lease)
            break
        ours = {
            work.article_id: work.revision.n
            for work in works if work.article_id in left and work.revision
        }  # fmt: skip
        # One that has a revision more by now has to be enriched as a whole.
        held = {
            work.article_id: work for work in ledger.indexed(ours)
            if work.revision and work.revision.n == ours[work.article_id]
        }  # fmt: skip
        others = [work for work in works if work.article_id not in held]
        results = [
            StepResult(
                work.url_id,
                Outcome(Stage.ENRICH, Result.OK, now, detail=f"{enricher} was run again"),
                Stage.GROUP, now, enrichment=renewed or work.enrichment,
            )
            async for work, renewed in _renewed(doors, list(held.values()), enricher)
        ]  # fmt: skip
        ledger.commit(lease, results)
        if others:
            await stages.enrich(doors, lease, others)
        ledger.release(lease)
        left -= {work.article_id for work in works}
        done += len(held)
        progress(len(held))
    return done
