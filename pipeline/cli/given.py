"""What the single steps (parse-feed, extract, enrich) share: files given, lines answered."""

from collections import Counter
from collections.abc import Mapping

import typer

from pipeline.cli.output import BAD_NEWS, complain
from pipeline.errors import UsageError
from pipeline.model import Result
from pipeline.urls import clean


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
