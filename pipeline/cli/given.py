"""What the single steps (parse-feed, extract, enrich) share: files given, lines answered."""

import asyncio
import os
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import typer

from pipeline.cli.output import BAD_NEWS, complain
from pipeline.errors import UsageError
from pipeline.model import Result
from pipeline.urls import clean

T = TypeVar("T")
#: Items under way for each process: enough that none waits while one item takes its time.
AHEAD = 16


async def in_order(items: Iterable[Coroutine[Any, Any, T]], ahead: int) -> AsyncIterator[T]:
    """Yield what becomes of the items, in their order, with up to `ahead` of them under way."""
    under_way: deque[asyncio.Task[T]] = deque()
    try:
        for item in items:
            under_way.append(asyncio.create_task(item))
            if len(under_way) > ahead:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:  # one that raised ends all: the others must not speak up later
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_address(text: str) -> bool:
    """Tell whether a text is an http(s) address."""
    try:
        clean(text)
    except ValueError:
        return False
    return True


def refuse_address(file: str | None) -> None:
    """Refuse an address where a file belongs. Raises UsageError."""
    if file is not None and file.lower().startswith(("http://", "https://")):
        raise UsageError(
            f"{file} is an address: give a saved file; for a live feed use `newsline feeds check`"
        )


def refuse_same(source: str, target: str) -> None:
    """Refuse to write answers over the lines that they are of. Raises UsageError."""
    here, there = Path(source), Path(target)
    if here.is_file() and there.is_file() and here.samefile(there):
        raise UsageError(f"--batch and --out are the same file, {source}: name another for --out")


def plain_reason(error: Exception) -> str:
    """Return why a file cannot be read, without the number that the system gives it."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return words[:1].lower() + words[1:]


def summarise(counts: Mapping[tuple[str, str], int]) -> None:
    """Say on standard error how the lines of a batch ended; exit code 1 if one is dead.

    `counts` is (outcome, reason or "") → lines.
    """
    total = sum(counts.values())
    terms = [
        f"{count:,} {outcome}{f' ({reason})' if reason else ''}"
        for (outcome, reason), count in Counter(counts).most_common()
    ]
    complain(f"{total:,} lines: {', '.join(terms)}" if terms else "no lines")
    if any(outcome == Result.DEAD for outcome, _ in counts):
        raise typer.Exit(BAD_NEWS)
