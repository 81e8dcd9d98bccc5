"""What a measurement has to reach: `make bench` ends with 1 when one does not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure's bound. Ratios hold on any machine; the others are for two cores at rest."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Tell whether a figure reaches it."""
        low = float("-inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= value <= high

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


#: measurement → dotted figure → what it has to reach.
BARS: dict[str, dict[str, Bar]] = {
    "elastic": {
        "writing.ratio_to_floor": Bar(at_least=0.9),
        "searching.query_4_facets_10_highlights.p95_ms": Bar(at_most=100),
        "searching.widest_query.p95_ms": Bar(at_most=1_000),
    },
    "rebuild": {"elasticsearch.rebuild_documents_per_s": Bar(at_least=300)},
    "search": {
        "newsline.query_4_facets_10_highlights.p95_ms": Bar(at_most=100),
        "newsline.widest_query.p95_ms": Bar(at_most=1_000),
    },
    "extract": {"cpu_ratio": Bar(at_most=0.70)},
}
