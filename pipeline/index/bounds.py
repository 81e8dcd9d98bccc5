"""What a query may ask for. The limits keep any answer under a second on any engine."""

import math
from collections.abc import Collection
from datetime import date

from pipeline.errors import UsageError
from pipeline.index.facets import DAY
from pipeline.index.fusion import DEPTH
from pipeline.index.query import FACETS, FILTERS, Query
from pipeline.index.schema import VECTOR_DIMS

SORTS = ("relevance", "newest", "oldest")
MAX_SIZE = 100
MAX_FACET_SIZE = 100
MAX_DAYS = 1_100  # when only days are counted: three years, for a picture of them
MAX_STORIES = 1_000
MAX_FILTER_VALUES = 100
MAX_VALUE_CHARS = 2048  # no longer keyword is ever indexed


def check_bounds(query: Query) -> None:
    """Raise UsageError for the first thing that no index will answer (the text is not read)."""
    if query.sort not in SORTS:
        raise UsageError(f"sort {query.sort!r} is not one of {', '.join(SORTS)}")
    if not 1 <= query.size <= MAX_SIZE:
        raise UsageError(f"size {query.size} is not between 1 and {MAX_SIZE}")
    most = MAX_DAYS if query.facets == (DAY,) else MAX_FACET_SIZE
    if not 1 <= query.facet_size <= most:
        raise UsageError(f"facet size {query.facet_size} is not between 1 and {most}")
    if query.since and query.until and query.since > query.until:
        raise UsageError(f"the range of days is empty: {query.since} is after {query.until}")
    if query.vector is not None:
        _check_vector(query, query.vector)
    _check_names("facet", query.facets, FACETS)
    if len(query.among) > MAX_SIZE:
        raise UsageError(f"a query is among {MAX_SIZE} articles at most")
    for filters in (query.filters, query.within):
        _check_names("filter", filters, FILTERS)
        for name, values in filters.items():
            _check_values(name, values)


def _check_vector(query: Query, vector: tuple[float, ...]) -> None:
    if len(vector) != VECTOR_DIMS or not all(map(math.isfinite, vector)) or not any(vector):
        raise UsageError(f"a vector needs {VECTOR_DIMS} finite numbers, not all of them 0")
    if query.sort != "relevance" or query.collapse or not query.text.strip():
        raise UsageError("a vector goes with a text, sorted by relevance and not grouped by story")


def hybrid_offset(query: Query, position: list[str | int | float] | None) -> int:
    """Return after how many documents a page of a hybrid answer begins.

    Raises UsageError behind the first DEPTH: no more are ranked.
    """
    offset = int(position[0]) if position else 0
    if not 0 <= offset <= DEPTH - query.size:
        raise UsageError(f"a hybrid answer has {DEPTH} documents at most; ask for smaller pages")
    return offset


def story_offset(query: Query, position: list[str | int | float] | None) -> int:
    """Return after how many stories a page of an answer grouped by story begins.

    Raises UsageError behind the first MAX_STORIES: engines find the first ones anew for every page.
    """
    offset = int(position[0]) if position else 0
    if not 0 <= offset <= MAX_STORIES - query.size:
        raise UsageError(
            f"grouped by story, only the first {MAX_STORIES} can be paged through; narrow the query"
        )
    return offset


def _check_names(what: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}; there are: {', '.join(known)}")


def _check_values(facet: str, values: Collection[str]) -> None:
    if not 1 <= len(values) <= MAX_FILTER_VALUES:
        raise UsageError(
            f"filter {facet} has {len(values)} values; 1 to {MAX_FILTER_VALUES} are allowed"
        )
    for value in values:
        if not value or len(value) > MAX_VALUE_CHARS:
            raise UsageError(f"a value of filter {facet} is empty or over {MAX_VALUE_CHARS} long")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise UsageError(f"a value of filter {facet} is not valid text")
        if facet == DAY and not _is_day(value):
            raise UsageError(f"{value!r} of filter {facet} is not a day (YYYY-MM-DD)")


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
