"""Which entries of a document are new or changed, against what the ledger knows of the feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Entry
from pipeline.urls import article_id, clean, host_of
from pipeline.work import EntryDecision

#: A page with a clock or a counter in its summary changes at every poll; so many versions are
#: worth having (as in lemon24/reader), then only its first sight counts.
MAX_VERSIONS = 24


@dataclass(frozen=True, slots=True)
class Sorted:
    """The entries of a document, divided."""

    decisions: tuple[EntryDecision, ...]
    new: int
    changed: int
    known: int  # known and equal, or no longer followed

    @property
    def overlap(self) -> float | None:
        """The share of the document that was known before; None for an empty one."""
        listed = self.new + self.changed + self.known
        return (self.changed + self.known) / listed if listed else None


def sort_entries(entries: Sequence[Entry], known: Mapping[str, tuple[str, int]]) -> Sorted:
    """Compare entries with (content hash, version) by key."""
    decisions, counts = [], {"new": 0, "changed": 0, "known": 0}
    for entry in entries:
        change, version = _compare(entry, known.get(entry.key))
        counts[change] += 1
        if change != "known":
            decisions.append(_decision(entry, change, version))
    return Sorted(tuple(decisions), **counts)


def _compare(entry: Entry, known: tuple[str, int] | None) -> tuple[str, int]:
    """Return what became of an entry ("new", "changed", "known") and its version."""
    if known is None:
        return "new", 1
    content_hash, version = known
    if entry.content_hash == content_hash or version >= MAX_VERSIONS:
        return "known", version
    # A half-read copy never overwrites a whole one.
    if "truncated" in entry.flags:
        return "known", version
    return "changed", version + 1


def _decision(entry: Entry, change: str, version: int) -> EntryDecision:
    """Say what is to be done: a usable link is fetched, the rest is counted with its reason."""
    if entry.link is None:
        reason = "bad_link" if "bad_link" in entry.flags else "no_link"
        return EntryDecision(entry, change, version, None, None, None, reason)
    url = clean(entry.link)
    return EntryDecision(entry, change, version, article_id(url), url, host_of(url))
