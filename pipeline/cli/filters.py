"""What `--filter NAME=VALUE` says, wherever it is given."""

from collections.abc import Collection, Iterable

from pipeline.errors import UsageError


def read_filters(
    pairs: Iterable[str] | None, advice: str, *, known: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return name → its values, in order. Raises UsageError, with advice, for what is none.

    `known` are the names that there are; None: whoever is asked with the filters knows.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for pair in pairs or ():
        name, _, value = pair.partition("=")
        if not (name and value) or (known is not None and name not in known):
            raise UsageError(f"--filter {pair!r}: write {advice}")
        filters[name] = (*filters.get(name, ()), value)
    return filters
