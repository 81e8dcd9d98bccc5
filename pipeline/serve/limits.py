"""How often somebody may ask: a token bucket for each caller. The decision is pure."""

import math
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a minute; up to a minute's worth of them at once."""

    per_minute: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left to a caller."""

    tokens: float
    at_s: float  # of a clock that never goes back


def take(bucket: Bucket | None, limit: Limit, now_s: float) -> tuple[Bucket, int]:
    """Return the bucket after a request, and for how many seconds to wait (0: it is let in)."""
    full, per_s = float(limit.per_minute), limit.per_minute / 60
    bucket = bucket or Bucket(full, now_s)
    tokens = min(full, bucket.tokens + max(0.0, now_s - bucket.at_s) * per_s)
    if tokens >= 1:
        return Bucket(tokens - 1, now_s), 0
    return Bucket(tokens, now_s), math.ceil((1 - tokens) / per_s)


class Limits:
    """The buckets of one server process: one for each key, so their number is bounded."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def take(self, caller_id: str, now_s: float) -> int:
        """Count a request; return for how many seconds to wait (0: it is let in)."""
        with self._lock:
            self._buckets[caller_id], wait_s = take(self._buckets.get(caller_id), self.limit, now_s)
        return wait_s
