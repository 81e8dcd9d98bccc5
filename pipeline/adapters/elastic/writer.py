"""The bulk writer: every item accounted for by its id, whatever the cluster answers.

The client's own helpers lose items: they do not retry a 429 inside a 200, do not cut a request that
is too large, and take a short answer for a whole one. Here an item ends only when an answer names
it. Writes carry the ledger's version, so sending one again is harmless.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from elasticsearch import ApiError, Elasticsearch
from urllib3 import Timeout

from pipeline.adapters.elastic.cluster import REQUEST_TIMEOUT_S, refusals
from pipeline.errors import AccessDenied, IndexUnavailable
from pipeline.index import bulk
from pipeline.index.bulk import Item, Verdict
from pipeline.ports import IndexResult

Answers = dict[str, tuple[IndexResult, str]]
Failure = IndexUnavailable | AccessDenied

#: How long a call goes on sending one lot (as much as a lane writes at a time); then the ledger's
#: schedule takes over. The last request may take half as long again, and a run that is told to stop
#: must end within 15 s.
BUDGET_S = 8.0
_FIRST_DELAY_S, _MAX_DELAY_S = 0.2, 3.0
#: On a line so slow that a request times out, smaller ones still get through. Each guess that is
#: too large costs a whole timeout, so they shrink fast.
_MIN_BATCH_BYTES = 64 * 1024
_SHRINK, _GROW = 4, 2
_TOO_LARGE = 413
#: All that is read of an answer: the rest is as long again as a short document.
_ANSWER = "errors,items.*._id,items.*.status,items.*.error"

_RESULTS = {
    Verdict.OK: IndexResult.OK,
    Verdict.NEWER: IndexResult.NEWER,
    Verdict.REFUSED: IndexResult.REFUSED,
}
_TAKEN = (Verdict.OK, Verdict.NEWER)


class _TooLargeError(Exception):
    """The cluster does not take a request of this size."""


class BulkWriter:
    """Writes items to one cluster."""

    def __init__(
        self,
        client: Callable[[], Elasticsearch],
        url: str,
        *,
        budget_s: float = BUDGET_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._url = url
        self._budget_s = budget_s
        self._sleep = sleep
        self._batch_bytes = bulk.MAX_BATCH_BYTES

    def write(self, alias: str, items: Sequence[Item], *, refresh: str = "false") -> Answers:
        """Write items and return an answer for each.

        What could not be written within the budget is answered RETRY, or FAILED if the cluster
        failed at it in an answer that took others. Raises IndexUnavailable or AccessDenied when
        RETRY is the answer to every item: then nothing was acknowledged at all.
        """
        answers: Answers = {one.article_id: (IndexResult.RETRY, "") for one in items}
        for start in range(0, len(items), bulk.MAX_BATCH_ITEMS):
            lot = items[start : start + bulk.MAX_BATCH_ITEMS]
            failure = self._write_lot(alias, lot, refresh, answers)
            if failure is not None:
                if all(result is IndexResult.RETRY for result, _ in answers.values()):
                    raise failure
                _give_reason(answers, str(failure))
                break
        return answers

    def _write_lot(
        self, alias: str, lot: Sequence[Item], refresh: str, answers: Answers
    ) -> Failure | None:
        """Send items until all are settled or time is up; return why some are not."""
        # The short ones first: one that a slow line takes too long for must not keep them waiting.
        by_size = sorted(lot, key=lambda one: len(one.lines))
        waiting = deque(bulk.batches(by_size, max_bytes=self._batch_bytes))
        patience = _Patience(self._budget_s, self._sleep)
        failure: Failure | None = None
        while waiting:
            if patience.left_s <= 0:
                slow = f"cannot write to {alias}: {self._url}: it takes too long"
                return failure or IndexUnavailable(slow)
            batch = waiting.popleft()
            try:
                left, failure = self._attempt(alias, batch, refresh, answers, patience)
            except _TooLargeError as error:
                waiting.extendleft(reversed(_smaller(batch, str(error), answers)))
                continue
            # To the end of the queue: what is never taken must not keep the rest waiting.
            waiting.extend(bulk.batches(left, max_bytes=self._batch_bytes))
            if failure is None:
                patience.renew()
            elif isinstance(failure, AccessDenied) or not patience.wait():
                return failure
        return None

    def _attempt(
        self,
        alias: str,
        batch: Sequence[Item],
        refresh: str,
        answers: Answers,
        patience: "_Patience",
    ) -> tuple[Sequence[Item], Failure | None]:
        """Send a batch once, note what is settled; return what is left to send, and why.

        Raises _TooLargeError.
        """
        timeout_s = min(REQUEST_TIMEOUT_S, patience.left_s + self._budget_s / 2)
        started = time.monotonic()
        size = sum(len(one.lines) for one in batch)
        try:
            answer = self._send(alias, batch, refresh, timeout_s)
        except IndexUnavailable as error:
            self._batch_bytes = max(_MIN_BATCH_BYTES, size // _SHRINK)
            return batch, error
        except AccessDenied as error:
            return batch, error
        left, failure = _settle(alias, batch, bulk.read_answer(batch, answer), answers)
        if failure is None and time.monotonic() - started < timeout_s / (2 * _GROW):
            self._batch_bytes = min(bulk.MAX_BATCH_BYTES, self._batch_bytes * _GROW)
        return left, failure

    def _send(self, alias: str, batch: Sequence[Item], refresh: str, timeout_s: float) -> object:
        """Send one request. Raises _TooLargeError, IndexUnavailable, AccessDenied."""
        # Of the whole exchange: a number would count for sending and for receiving anew.
        timeout = cast("float", Timeout(total=timeout_s))
        with refusals(f"write to {alias}", self._url):
            try:
                answer = (
                    self._client()
                    .options(request_timeout=timeout)
                    .bulk(
                        index=alias,
                        operations=cast("Any", [one.lines for one in batch]),  # serialised already
                        require_alias=True,
                        pipeline="_none",  # whatever an operator set: documents go in as they are
                        refresh=refresh,
                        filter_path=_ANSWER,
                    )
                )
            except ApiError as error:
                if error.status_code == _TOO_LARGE:
                    size = sum(len(one.lines) for one in batch)
                    raise _TooLargeError(f"{size} bytes are more than the cluster takes") from None
                raise
        return answer.body


def _settle(
    alias: str, batch: Sequence[Item], verdicts: bulk.Verdicts, answers: Answers
) -> tuple[Sequence[Item], Failure | None]:
    """Note the verdicts; return the items that have none that is final, and why."""
    left: list[Item] = []
    failure: Failure | None = None
    others_taken = any(verdict in _TAKEN for verdict, _ in verdicts.values())
    for one in batch:
        verdict, said = verdicts.get(one.article_id, (Verdict.AGAIN, "the answer did not name it"))
        result = _RESULTS.get(verdict, IndexResult.RETRY)
        alone = others_taken or answers[one.article_id][0] is IndexResult.FAILED
        if verdict is Verdict.FAILED and alone:
            result = IndexResult.FAILED
        answers[one.article_id] = (result, said)
        if verdict in _RESULTS:
            continue
        left.append(one)
        if verdict is Verdict.DENIED:
            failure = AccessDenied(f"Elasticsearch does not allow to write to {alias}: {said}")
        elif failure is None:
            failure = IndexUnavailable(f"cannot write to {alias} now: {said}")
    return left, failure


def _smaller(batch: Sequence[Item], why: str, answers: Answers) -> list[Sequence[Item]]:
    """Return the requests to send instead of one that was too large; a single item is refused."""
    if len(batch) > 1:
        return list(bulk.halves(batch))
    answers[batch[0].article_id] = (IndexResult.REFUSED, why)
    return []


def _give_reason(answers: Answers, why: str) -> None:
    """Say of each item that no answer spoke of why that is."""
    for article_id, (result, detail) in answers.items():
        if result is IndexResult.RETRY and not detail:
            answers[article_id] = (result, why)


class _Patience:
    """Waits between attempts, longer each time and never in step with others, for a while."""

    def __init__(self, budget_s: float, sleep: Callable[[float], None]) -> None:
        self._until = time.monotonic() + budget_s
        self._sleep = sleep
        self.renew()

    @property
    def left_s(self) -> float:
        """What is left of the budget."""
        return self._until - time.monotonic()

    def renew(self) -> None:
        """Something succeeded: wait as briefly as at first."""
        self._delay_s = _FIRST_DELAY_S

    def wait(self) -> bool:
        """Wait before the next attempt; False, at once, when the budget does not last that long."""
        delay_s = self._delay_s * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
        if delay_s >= self.left_s:
            return False
        self._sleep(delay_s)
        self._delay_s = min(_MAX_DELAY_S, self._delay_s * 2)
        return True


def acknowledged(answers: Mapping[str, tuple[IndexResult, str]]) -> set[str]:
    """Return the ids that the cluster holds now as they were sent, or newer."""
    held = (IndexResult.OK, IndexResult.NEWER)
    return {article_id for article_id, (result, _) in answers.items() if result in held}
