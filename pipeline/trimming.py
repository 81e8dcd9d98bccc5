"""Trims the archive: what stays of old segments is copied into a new one, then they are deleted.

    copy       the exchanges that stay, byte for byte and checked, into a new segment, on disk
    re-place   the ledger names the new places, in one transaction, if nothing changed meanwhile
    delete     the old segments, that nothing in the ledger names any more

Broken off at any point nothing is lost: before the second step the new segment is one that the
ledger names nothing of, after it the old ones are, and what it names nothing of goes by itself.
Safe beside runs: a segment that somebody writes to is passed over, and who was given a place that
has moved asks the ledger again.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.archived import Archived, Copied, Segment, Segments, foreign, is_worth
from pipeline.care import Care
from pipeline.config import RetentionSettings
from pipeline.errors import UsageError

#: Copied into one new segment, so its size too; and as many files are held open at a time.
_GROUP_BYTES = 256 * 1024 * 1024
_GROUP_FILES = 100

Progress = Callable[[int], None]  # told how many more segments are done


@dataclass(slots=True)
class Trimmed:
    """What a run did, or would do."""

    old: int = 0  # segments that nobody wrote to for `archive_days`
    rewritten: int = 0  # of these
    exchanges_removed: int = 0  # that the ledger knew of
    exchanges_kept: int = 0  # in what was rewritten
    freed_bytes: int = 0
    in_use: int = 0  # segments that somebody writes to
    changed_meanwhile: int = 0  # segments left for the next time
    damaged: list[str] = field(default_factory=list)  # segments that are left as they are
    foreign: list[str] = field(default_factory=list)  # of another ledger, it seems: left as well
    left: int = 0  # segments that the time did not allow to look at


def older(segments: Segments, settings: RetentionSettings) -> list[Segment]:
    """Return the segments that nobody wrote to for so long; none when all is kept."""
    if not settings.archive_days:
        return []
    before = datetime.now(UTC) - timedelta(days=settings.archive_days)
    return [one for one in segments.all() if one.written_at < before]


def trim_archive(
    ledger: Care,
    segments: Segments,
    settings: RetentionSettings,
    *,
    budget_s: float = float("inf"),
    dry_run: bool = False,
    progress: Progress = lambda _: None,
) -> Trimmed:
    """Take out of old segments what nothing stands on; with `dry_run` only count it.

    Raises UsageError when the ledger names nothing in the archive: it belongs to another one.
    """
    old = older(segments, settings)
    _refuse_strangers(ledger, segments, old)
    done = Trimmed(old=len(old))
    # In another order every day: where the time is too short for all, none is passed over for ever.
    random.Random(f"{datetime.now(UTC):%F}").shuffle(old)  # noqa: S311 - no secret
    ends_at_s = time.monotonic() + budget_s
    looked_at = 0
    for group in groups(old):
        if time.monotonic() >= ends_at_s:
            break
        with segments.held(group) as (ours, in_use):
            done.in_use += len(in_use)
            _trim_some(ledger, segments, ours, done, dry_run=dry_run)
        looked_at += len(group)
        progress(len(group))
    done.left = len(old) - looked_at
    return done


def remove_erased(
    ledger: Care, segments: Segments, *, progress: Progress = lambda _: None
) -> Trimmed:
    """Take what was erased out of all segments, however new they are; all else stays."""
    every = segments.all()
    done = Trimmed(old=len(every))
    for group in groups(every):
        with segments.held(group) as (ours, in_use):
            names = [one.name for one in in_use]
            done.in_use += len({one.place.segment for one in ledger.archived(names) if one.erased})
            _trim_some(ledger, segments, ours, done, only_erased=True)
        progress(len(group))
    return done


def _refuse_strangers(ledger: Care, segments: Segments, old: Sequence[Segment]) -> None:
    if old and not ledger.known_segments([one.name for one in segments.all()]):
        raise UsageError(
            "the ledger names nothing in this archive, so all of it would go: is it the archive of"
            " another ledger, or the ledger a new one?"
        )


def groups(old: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield as many segments at a time as are held and copied together."""
    group: list[Segment] = []
    size_bytes = 0
    for segment in old:
        full = len(group) == _GROUP_FILES or size_bytes + segment.size_bytes > _GROUP_BYTES
        if group and full:
            yield group
            group, size_bytes = [], 0
        group.append(segment)
        size_bytes += segment.size_bytes
    if group:
        yield group


def _trim_some(
    ledger: Care,
    segments: Segments,
    ours: Sequence[Segment],
    done: Trimmed,
    *,
    dry_run: bool = False,
    only_erased: bool = False,
) -> None:
    """Trim segments that are held."""
    its: dict[str, list[Archived]] = defaultdict(list)
    for one in ledger.archived([segment.name for segment in ours]):
        its[one.place.segment].append(one)
    if only_erased:
        stays = {one.place_id: not one.erased for some in its.values() for one in some}
        worth = [one for one in ours if any(each.erased for each in its[one.name])]
    else:
        stays = {one.place_id: one.stays for some in its.values() for one in some}
        started = {one.started_at for one in ours if one.started_at}
        strange = foreign(ours, its, ledger.at_work(started))
        done.foreign += strange
        own = [segment for segment in ours if segment.name not in strange]
        worth = [segment for segment in own if is_worth(segment, its[segment.name])]
    wanted = {
        each.name: [one.place for one in its[each.name] if stays[one.place_id]] for each in worth
    }
    if dry_run:
        damaged = segments.damaged(wanted)
        done.damaged += damaged
        whole = [segment for segment in worth if segment.name not in damaged]
        kept_bytes = sum(one.length for each in whole for one in wanted[each.name])
        _note(done, whole, its, stays, kept_bytes)
        return
    copied = segments.copy(wanted)
    done.damaged += copied.damaged
    whole = [segment for segment in worth if segment.name not in copied.damaged]
    if not whole:
        return
    if _re_place(ledger, whole, its, stays, copied):
        segments.remove(segment.name for segment in whole)
        _note(done, whole, its, stays, copied.size_bytes)
        return
    done.changed_meanwhile += len(whole)
    if copied.segment is not None:
        segments.remove([copied.segment])


def _re_place(
    ledger: Care,
    whole: Sequence[Segment],
    its: dict[str, list[Archived]],
    stays: Mapping[int, bool],
    copied: Copied,
) -> bool:
    seen = [one for segment in whole for one in its[segment.name]]
    moved = {one.place_id: copied.places[one.place] for one in seen if stays[one.place_id]}
    return ledger.re_place([segment.name for segment in whole], seen, moved)


def _note(
    done: Trimmed,
    rewritten: Sequence[Segment],
    its: dict[str, list[Archived]],
    stays: Mapping[int, bool],
    new_bytes: int,
) -> None:
    known = [one for segment in rewritten for one in its[segment.name]]
    done.rewritten += len(rewritten)
    done.exchanges_kept += sum(stays[one.place_id] for one in known)
    done.exchanges_removed += sum(not stays[one.place_id] for one in known)
    done.freed_bytes += sum(segment.size_bytes for segment in rewritten) - new_bytes
