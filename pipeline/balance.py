"""Holds the ledger's books against what the index really contains. Pure.

    discovered = indexed + unchanged + duplicate + alias + dropped + dead + retracted + erased
                 + in flight

Discovered is counted from what feeds were seen to list, indexed from the index's own ids, the rest
from the URLs' places in the books: a loss on either side shows. Entries without a usable link were
sighted but never were a URL; they stand beside the sum. Unchanged is a term of a run's balance
only: what is in the index, and was found to be as it was.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.model import Status
from pipeline.oversight import Expected, Tally
from pipeline.work import Books


@dataclass(frozen=True, slots=True)
class VersionDiffers:
    """An article of which the index holds another version than it acknowledged."""

    article_id: str
    ledger: int
    index: int


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """Both sides of the sum, and every article on which ledger and index disagree."""

    discovered: int
    indexed: int  # as the index itself says
    duplicate: int
    alias: int
    dropped: Mapping[str, int]  # reason → URLs
    dead: Mapping[str, int]  # "stage:reason" → URLs
    retracted: int
    erased: int
    in_flight: int
    no_link: int  # entries, beside the sum
    missing_from_index: tuple[str, ...]  # article ids, sorted
    unexpected_in_index: tuple[str, ...]
    version_differs: tuple[VersionDiffers, ...]
    unchanged: int = 0  # of a run; in the index, as it says

    @property
    def accounted(self) -> int:
        """The right-hand side of the sum."""
        there = self.indexed + self.unchanged
        ended = there + self.duplicate + self.alias + self.retracted + self.erased
        return ended + sum(self.dropped.values()) + sum(self.dead.values()) + self.in_flight

    @property
    def anomalies(self) -> int:
        """Articles on which ledger and index disagree."""
        found = (self.missing_from_index, self.unexpected_in_index, self.version_differs)
        return sum(len(articles) for articles in found)

    @property
    def balances(self) -> bool:
        """Both sides are equal, and index and ledger agree on every article."""
        return self.discovered == self.accounted and not self.anomalies

    def rows(self) -> list[tuple[str, int]]:
        """Return the terms of the right-hand side, in the order of an article's luck."""
        return [
            ("indexed", self.indexed),
            *([("unchanged", self.unchanged)] if self.unchanged else []),
            ("duplicate", self.duplicate),
            ("alias", self.alias),
            *((f"dropped: {reason}", count) for reason, count in self.dropped.items()),
            *((f"dead: {reason}", count) for reason, count in self.dead.items()),
            ("retracted", self.retracted),
            ("erased", self.erased),
            ("in flight", self.in_flight),
        ]

    def sentence(self, advice: str = "See `newsline balance`.") -> str:
        """Return the whole balance in one line; the advice is for books that do not balance."""
        terms = " + ".join(f"{count:,} {name}" for name, count in self.rows() if count) or "0"
        sign = "=" if self.discovered == self.accounted else "≠"
        line = f"{self.discovered:,} discovered {sign} {terms}"
        if self.no_link:
            entries = "entry" if self.no_link == 1 else "entries"
            line += f"; {self.no_link:,} {entries} without a link"
        if self.balances:
            return f"The books balance: {line}."
        return (
            f"The books do NOT balance: {line}. Missing from the index: "
            f"{len(self.missing_from_index):,}; unexpected there: "
            f"{len(self.unexpected_in_index):,}; other version: {len(self.version_differs):,}."
            f" {advice}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the sheet for JSON."""
        return {"balances": self.balances, "accounted": self.accounted, **asdict(self)}


def balance(books: Books, index_versions: Iterable[tuple[str, int]]) -> BalanceSheet:
    """Compare the books of a scope with the (article_id, doc_version) that the index holds.

    What is on its way may or may not be in the index yet: it counts as in flight, whatever the
    index says. Ids that belong to no article of the scope are left out of it.
    """
    held = dict(index_versions)
    settled = {id_: n for id_, n in books.indexed.items() if id_ not in books.in_flight}
    unexpected = [
        id_
        for id_ in held
        if id_ not in books.indexed
        and id_ not in books.in_flight
        and (books.elsewhere is None or id_ in books.elsewhere)
    ]
    count = books.by_status.get
    being_changed = len(books.indexed) - len(settled)
    unchanged = sum(id_ in held for id_ in settled if id_ in books.unchanged)
    return BalanceSheet(
        discovered=books.discovered,
        indexed=sum(id_ in held for id_ in settled) - unchanged + len(unexpected),
        unchanged=unchanged,
        duplicate=count(Status.DUPLICATE, 0),
        alias=count(Status.ALIAS, 0),
        dropped=dict(books.dropped_by_reason),
        dead=dict(books.dead_by_reason),
        retracted=count(Status.RETRACTED, 0),
        erased=count(Status.ERASED, 0),
        in_flight=count(Status.IN_FLIGHT, 0) + being_changed,
        no_link=books.no_link,
        missing_from_index=tuple(sorted(id_ for id_ in settled if id_ not in held)),
        unexpected_in_index=tuple(sorted(unexpected)),
        version_differs=_differing(settled, held),
    )


def counted(
    tally: Tally, expected: Expected, documents: int, newest: Mapping[str, int]
) -> BalanceSheet:
    """Compare counts of ledger and index, and one by one the articles that were changed last.

    `documents` is how many the index holds in all, `newest` what it holds of those articles. What
    differs elsewhere unsettles the sum, or (another version, one lost and one too many) is seen by
    `balance` alone.
    """
    by_status: Counter[Status] = Counter()
    for (status, _), urls in tally.placed.items():
        by_status[status] += urls
    most = expected.settled + expected.unsettled
    surplus = max(0, documents - most)
    return BalanceSheet(
        discovered=tally.discovered,
        indexed=min(documents, expected.settled) + surplus,
        duplicate=by_status[Status.DUPLICATE],
        alias=by_status[Status.ALIAS],
        dropped=_reasons(tally, Status.DROPPED),
        dead=_reasons(tally, Status.DEAD),
        retracted=by_status[Status.RETRACTED],
        erased=by_status[Status.ERASED],
        in_flight=by_status[Status.IN_FLIGHT] + by_status[Status.INDEXED] - expected.settled,
        no_link=tally.no_link,
        missing_from_index=tuple(sorted(expected.newest.keys() - newest.keys())),
        unexpected_in_index=tuple(sorted(expected.newest_gone & newest.keys())),
        version_differs=_differing(expected.newest, newest),
    )


def _reasons(tally: Tally, status: Status) -> dict[str, int]:
    return {reason: urls for (of, reason), urls in tally.placed.items() if of is status}


def _differing(settled: Mapping[str, int], held: Mapping[str, int]) -> tuple[VersionDiffers, ...]:
    return tuple(
        VersionDiffers(id_, version, held[id_])
        for id_, version in sorted(settled.items())
        if held.get(id_, version) != version
    )
