"""Keeps stretches of a text from being claimed twice."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from pipeline.enrich.folding import Folded


class Stretch(Protocol):
    """Anything that covers folded[start:end] of one part."""

    @property
    def part(self) -> str:
        """Return "title" or "text"."""

    @property
    def start(self) -> int:
        """Return the first code point of it."""

    @property
    def end(self) -> int:
        """Return one after the last."""


class Taken:
    """Which code points of the folded parts belong to a span."""

    def __init__(self, parts: Mapping[str, Folded], spans: Iterable[Stretch] = ()) -> None:
        self._taken = {part: bytearray(len(folded.text)) for part, folded in parts.items()}
        self.add(spans)

    def add(self, spans: Iterable[Stretch]) -> None:
        """Take what these spans cover."""
        for span in spans:
            self._taken[span.part][span.start : span.end] = b"\1" * (span.end - span.start)

    def overlap(self, part: str, start: int, end: int) -> bool:
        """Tell whether a stretch shares a code point with any span."""
        return self._taken[part].find(1, start, end) >= 0
