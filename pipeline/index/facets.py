"""How facets are counted and listed, the same for every index. Pure.

A facet's counts ignore its own filter: with outlet=A chosen, the other outlets still show what
choosing them too would add.
"""

from collections.abc import Iterable, Mapping

from pipeline.index.query import Query

#: Listed by date instead of by count; the newest days are kept.
DAY = "day"


def own_filter_removed(query: Query) -> list[tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]]:
    """Return (facets, filters to count them under), facets of equal filters together."""
    groups: dict[str | None, list[str]] = {}
    for facet in dict.fromkeys(query.facets):
        groups.setdefault(facet if facet in query.filters else None, []).append(facet)
    return [
        (
            tuple(facets),
            {name: values for name, values in query.filters.items() if name != own},
        )
        for own, facets in groups.items()
    ]


def ranked(counts: Iterable[tuple[str, int]], size: int) -> tuple[tuple[str, int], ...]:
    """Return the most frequent values first, ties by name."""
    return tuple(sorted(counts, key=lambda one: (-one[1], one[0]))[:size])


def is_complete(counts: list[tuple[str, int]], asked: int, size: int) -> bool:
    """Tell whether the `asked` most frequent values, ties in any order, settle the first `size`.

    They do unless the last one given ties with the last one wanted: an unseen value could then
    precede it by name.
    """
    return (
        len(counts) < asked
        or counts[-1][1] < sorted((n for _, n in counts), reverse=True)[size - 1]
    )
