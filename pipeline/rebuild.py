"""Makes the index anew from the ledger, beside whoever goes on writing to it.

    fill        everything that belongs in the index, and tombstones of what must stay out
    catch up    compare every version with the ledger, write again what differs, until nothing does
    compare     every version once more, and the content of a sample
    switch      one step; the old index is kept
    settle      writes that were under way at the switch may have gone to the old index: wait until
                their leases are over, and catch up with them

What counts is the comparison with the ledger, not that others write to both indices. A rebuild
that breaks off before the switch serves nobody, and the next one starts afresh; one that breaks off
after it leaves differences that `verify` and the next rebuild find.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.errors import IndexUnavailable
from pipeline.index.document import build_document
from pipeline.model import Document, Stage
from pipeline.ports import Index, IndexResult, Ledger
from pipeline.upkeep import (
    Difference,
    How,
    Progress,
    content_differences,
    differing_versions,
    first_indexed,
    repair,
)
from pipeline.work import Scope

#: Documents whose content is compared before the new index may serve.
SAMPLE = 200
#: Rounds of catching up. Each is far smaller than the one before; that many are only needed if the
#: index does not keep what it acknowledges.
MAX_ROUNDS = 5
#: Waits between tries while the cluster takes nothing; it has refused for some seconds by then.
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
_LOOK_EVERY_S = 0.2

Answers = Mapping[str, tuple[IndexResult, str]]


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did."""

    results: Counter[IndexResult] = field(default_factory=Counter)  # of documents, while filling
    refused: dict[str, str] = field(default_factory=dict)  # article_id → the index's reason
    caught_up: int = 0  # writes of what changed, or could not be written, while it was filled
    differences: list[Difference] = field(default_factory=list)  # what is not as it should be
    serves: bool = False


def rebuild(
    ledger: Ledger,
    index: Index,
    progress: Progress = lambda _: None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Rebuilt:
    """Fill a fresh index from the ledger and let it serve if it holds what it should.

    Nothing is fetched or extracted again. The old index answers until the new one is complete, and
    goes on serving when that does not succeed. Raises IndexUnavailable, AccessDenied.
    """
    return _Rebuild(ledger, index, progress, sleep).run()


class _Rebuild:
    """One rebuild under way."""

    def __init__(
        self, ledger: Ledger, index: Index, progress: Progress, sleep: Callable[[float], None]
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._progress = progress
        self._sleep = sleep
        self._done = Rebuilt()

    def run(self) -> Rebuilt:
        done = self._done
        fresh = self._index.start_rebuild()
        self._fill(fresh)
        self._catch_up(fresh)
        done.differences = self._lasting(fresh) + self._sample(fresh)
        if done.differences:
            return done
        self._index.finish_rebuild(fresh)
        done.serves = True
        self._settle()
        done.differences = self._lasting(self._index)
        return done

    def _fill(self, fresh: Index) -> None:
        """Write everything that belongs there; while some is written, the next is built."""
        with ThreadPoolExecutor(max_workers=1) as writer:
            writing: Future[Answers] | None = None
            for works in self._ledger.all_indexed():
                documents = [build_document(work) for work in works]
                self._note(writing)
                first = first_indexed(works)
                writing = writer.submit(self._patiently, fresh, documents, [], first)
            self._note(writing)
        for gone in self._ledger.all_gone():
            left = list(gone)
            for _ in range(MAX_ROUNDS):
                answers = self._patiently(fresh, [], left)
                left = [one for one in left if _is_open(answers.get(one[0]))]
                if not left:
                    break
            else:
                raise IndexUnavailable(f"{len(left)} tombstones could not be written")

    def _patiently(
        self,
        index: Index,
        documents: Sequence[Document],
        gone: Sequence[tuple[str, int]],
        first: Mapping[str, datetime] | None = None,
    ) -> Answers:
        """Write, and wait for a cluster that takes nothing; it may be the work itself."""
        for wait_s in _WAITS_S:
            try:
                return index.write(documents, gone, indexed_at=first)
            except IndexUnavailable:
                self._sleep(wait_s)
        return index.write(documents, gone, indexed_at=first)

    def _note(self, writing: Future[Answers] | None) -> None:
        """Wait for what is being written, if anything is, and count how it ended."""
        if writing is None:
            return
        answers = writing.result()
        for article_id, (result, detail) in answers.items():
            self._done.results[result] += 1
            if result is IndexResult.REFUSED:
                self._done.refused[article_id] = detail
        self._progress(len(answers))

    def _catch_up(self, index: Index) -> None:
        """Write again what index and ledger do not agree on, until they do."""
        for _ in range(MAX_ROUNDS):
            late = self._differing(index)
            if not late:
                return
            answers = repair(self._ledger, index, late)
            self._note_impossible(answers)
            self._done.caught_up += sum(result is IndexResult.OK for result, _ in answers.values())

    def _note_impossible(self, answers: Answers) -> None:
        """Give up on what the index fails at again, as on what it refuses."""
        for article_id, (result, detail) in answers.items():
            if result in (IndexResult.REFUSED, IndexResult.FAILED):
                self._done.refused[article_id] = detail

    def _differing(self, index: Index) -> list[Difference]:
        """Return what differs and can be mended; what was refused is known already."""
        return [
            one
            for one in differing_versions(self._ledger, index)
            if one.article_id not in self._done.refused and one.how is not How.NEWER
        ]

    def _lasting(self, index: Index) -> list[Difference]:
        """Return what differs at two looks: a run may commit between the two sides of one look."""
        first = {one.article_id for one in self._differing(index)}
        return [one for one in self._differing(index) if one.article_id in first] if first else []

    def _sample(self, fresh: Index) -> list[Difference]:
        """Compare the content of some documents that nobody is changing at this moment."""
        books = self._ledger.books(Scope())
        ids = sorted(set(books.indexed) - books.in_flight - set(self._done.refused))
        suspects = random.sample(ids, min(SAMPLE, len(ids)))
        found: list[Difference] = []
        for _ in range(2):
            settled = set(suspects) - self._ledger.books(Scope()).in_flight
            works = self._ledger.indexed(settled)
            found = [one for one in content_differences(fresh, works) if one.how is How.DIFFERENT]
            suspects = [one.article_id for one in found]
        return found

    def _settle(self) -> None:
        """Catch up with writes that were under way at the switch and went to the old index."""
        under_way = self._ledger.leased(Stage.INDEX)
        while under_way & self._ledger.leased(Stage.INDEX):  # leases run out: this ends
            self._sleep(_LOOK_EVERY_S)
        self._catch_up(self._index)


def _is_open(answer: tuple[IndexResult, str] | None) -> bool:
    return answer is None or answer[0] is IndexResult.RETRY
