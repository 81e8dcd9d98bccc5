"""Clocks: the real one, and one that believes it is another time (rehearsals)."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from pipeline.config import ClockSettings
from pipeline.ports import Clock


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """Starts at `origin` and runs `rate` times as fast as the real time."""

    def __init__(self, origin: datetime, rate: float = 1.0) -> None:
        self._rate = rate
        self.set(origin)

    def set(self, now: datetime) -> None:
        """Jump to a time; a rehearsal moves through its days this way."""
        self._origin = now.astimezone(UTC)
        self._started_s = time.monotonic()

    def now(self) -> datetime:
        """Return the time that it is on this clock, aware UTC."""
        elapsed_s = (time.monotonic() - self._started_s) * self._rate
        return self._origin + timedelta(seconds=elapsed_s)

    async def sleep(self, seconds: float) -> None:
        """Wait for a span of this clock's time."""
        await asyncio.sleep(max(0.0, seconds) / self._rate)


def clock_of(settings: ClockSettings) -> Clock:
    """Return the clock that the settings ask for."""
    if settings.origin is None:
        return SystemClock()
    began_at = settings.origin_at or datetime.now(UTC)
    passed = (datetime.now(UTC) - began_at) * settings.rate
    return ScaledClock(settings.origin + passed, settings.rate)
