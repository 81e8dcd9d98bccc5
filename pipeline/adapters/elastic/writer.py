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

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

from pipeline.adapters.elastic.cluster import refusals
from pipeline.errors import AccessDenied, IndexUnavailable, NewslineError
from pipeline.index import bulk
from pipeline.index.bulk import Item, Verdict
from pipeline.ports import IndexResult

Answers = dict[str, tuple[IndexResult, str]]

#: How long one call goes on trying what was turned away; then the ledger's schedule takes over.
#: A run that is told to stop must end within 15 s, so this has to be less.
BUDGET_S = 8.0
_FIRST_DELAY_S, _MAX_DELAY_S = 0.2, 3.0
#: On a line so slow that a request times out, smaller ones still get through.
_MIN_BATCH_BYTES = 64 * 1024
_TOO_LARGE = 413

_RESULTS = {
    Verdict.OK: IndexResult.OK,
    Verdict.NEWER: IndexResult.NEWER,
    Verdict.REFUSED: IndexResult.REFUSED,
}


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

        What could not be written within the budget is answered RETRY. Raises IndexUnavailable or
        AccessDenied when that is so of every item: then nothing was written at all.
        """
        answers: Answers = {}
        waiting = deque(bulk.batches(items, max_bytes=self._batch_bytes))
        patience = _Patience(self._budget_s, self._sleep)
        while waiting:
            batch = waiting.popleft()
            started = time.monotonic()
            failure: NewslineError | None = None
            try:
                left, why = self._attempt(alias, batch, refresh, answers)
            except _TooLargeError as error:
                waiting.extendleft(reversed(_smaller(batch, str(error), answers)))
                continue
            except (IndexUnavailable, AccessDenied) as error:
                left, why, failure = batch, str(error), error
            if not left:
                patience.renew()
                continue
            waiting.extendleft(reversed(list(bulk.batches(left, max_bytes=self._batch_bytes))))
            if isinstance(failure, AccessDenied) or not patience.wait(since=started):
                if failure is not None and not answers:
                    raise failure
                _put_off(answers, waiting, why)
                break
        return answers

    def _attempt(
        self, alias: str, batch: Sequence[Item], refresh: str, answers: Answers
    ) -> tuple[Sequence[Item], str]:
        """Send a batch once, note what is settled; return what is left to send, and why."""
        verdicts = bulk.read_answer(batch, self._send(alias, batch, refresh))
        left, detail = [], "the answer did not name it"
        for one in batch:
            verdict, said = verdicts.get(one.article_id, (Verdict.AGAIN, detail))
            if verdict is Verdict.AGAIN:
                left.append(one)
                detail = said
            else:
                answers[one.article_id] = (_RESULTS[verdict], said)
        return left, detail

    def _send(self, alias: str, batch: Sequence[Item], refresh: str) -> Any:  # noqa: ANN401 - JSON
        """Send one request. Raises _TooLargeError, IndexUnavailable, AccessDenied."""
        with refusals(f"write to {alias}", self._url):
            try:
                answer = self._client().bulk(
                    index=alias,
                    operations=cast("Any", [one.lines for one in batch]),  # serialised already
                    require_alias=True,
                    refresh=refresh,
                )
            except ConnectionTimeout:
                self._batch_bytes = max(_MIN_BATCH_BYTES, self._batch_bytes // 2)
                raise
            except ApiError as error:
                if error.status_code == _TOO_LARGE:
                    size = sum(len(one.lines) for one in batch)
                    raise _TooLargeError(f"{size} bytes are more than the cluster takes") from None
                raise
        self._batch_bytes = min(bulk.MAX_BATCH_BYTES, self._batch_bytes * 2)
        return answer.body


def _smaller(batch: Sequence[Item], why: str, answers: Answers) -> list[Sequence[Item]]:
    """Return the requests to send instead of one that was too large; a single item is refused."""
    if len(batch) > 1:
        return list(bulk.halves(batch))
    answers[batch[0].article_id] = (IndexResult.REFUSED, why)
    return []


def _put_off(answers: Answers, waiting: deque[Sequence[Item]], detail: str) -> None:
    """Answer for everything that was not settled."""
    for batch in waiting:
        for one in batch:
            answers[one.article_id] = (IndexResult.RETRY, detail)


class _Patience:
    """Waits between attempts, longer each time and never in step with others, for a while."""

    def __init__(self, budget_s: float, sleep: Callable[[float], None]) -> None:
        self._budget_s = budget_s
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """Something succeeded: be as patient as at first."""
        self._failing_since: float | None = None
        self._delay_s = _FIRST_DELAY_S

    def wait(self, *, since: float) -> bool:
        """Wait before the next attempt; False when the budget is used up.

        `since` is when the failed attempt began (monotonic): a request that hangs uses it up too.
        """
        if self._failing_since is None:
            self._failing_since = since
        if time.monotonic() + self._delay_s - self._failing_since >= self._budget_s:
            return False
        self._sleep(self._delay_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
        self._delay_s = min(_MAX_DELAY_S, self._delay_s * 2)
        return True


def acknowledged(answers: Mapping[str, tuple[IndexResult, str]]) -> set[str]:
    """Return the ids that the cluster holds now as they were sent, or newer."""
    held = (IndexResult.OK, IndexResult.NEWER)
    return {article_id for article_id, (result, _) in answers.items() if result in held}
