"""Which aliases are missing from the indices that are there, and where they belong."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.source import LIVE
from pipeline.errors import UsageError

#: index → alias → its definition, as Elasticsearch answers
Held = Mapping[str, Mapping[str, Mapping[str, Any]]]
_REINDEX = "copy what it holds elsewhere, delete it and run this again"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two aliases of one kind of document."""

    read: str
    write: str
    indices: Collection[str]  # those which the aliases may lead to
    wanted: Mapping[str, Mapping[str, Any]]  # alias → its definition
    many: bool  # several indices may be read, of which one is written to


@dataclass(frozen=True, slots=True)
class Missing:
    """What has to be added; nothing is ever taken away."""

    index: str | None  # the one that serves; None: there is none, one has to be made
    aliases: tuple[str, ...]  # to put on it


def serving_aliases(names: Names) -> dict[str, dict[str, Any]]:
    """Return the aliases of the index that serves; tombstones are invisible through `read`."""
    return {
        names.read: {"filter": {"term": {"state": LIVE}}},
        names.write: {"is_write_index": True},
    }


def events_aliases(names: Names) -> dict[str, dict[str, Any]]:
    """Return the aliases of the index of events that is written to."""
    return {names.events: {}, names.events_write: {"is_write_index": True}}


def articles(names: Names, held: Held) -> Pair:
    """Return the aliases of articles; an index that a rebuild is filling does not count."""
    found = [
        one for one, on in held.items() if names.is_index(one) and names.rebuild not in on
    ]  # fmt: skip
    return Pair(names.read, names.write, found, serving_aliases(names), many=False)


def events(names: Names, held: Held) -> Pair:
    """Return the aliases of events; an operator may roll them over."""
    found = [one for one in held if names.is_events_index(one)]
    return Pair(names.events, names.events_write, found, events_aliases(names), many=True)


def missing(pair: Pair, held: Held) -> Missing:
    """Say what to add so that both aliases lead to the index that serves.

    Raises UsageError, with what to do, where only a person can know which index that is.
    """
    for alias in (pair.read, pair.write):
        if alias in held:
            raise UsageError(f"{alias} is an index and has to be an alias; {_REINDEX}")
    read = [one for one, on in held.items() if pair.read in on]
    write = _written(pair, held)
    serving = write or _only(read, pair.read) or _only(sorted(pair.indices), pair.read)
    if serving is None:
        return Missing(None, ())
    if read and write and read != [write] and not pair.many:
        raise UsageError(
            f"{pair.write} leads to {write}, {pair.read} to {', '.join(sorted(read))}; put both on"
            " the index that holds everything (POST /_aliases) and run this again,"
            " or let `newsline index rebuild` make one"
        )
    on = held.get(serving, {})
    return Missing(serving, tuple(alias for alias in pair.wanted if _differs(pair, alias, on)))


def _written(pair: Pair, held: Held) -> str | None:
    """Return the index that is written to, None if the alias is on none."""
    found = [one for one, on in held.items() if pair.write in on]
    marked = [one for one in found if held[one][pair.write].get("is_write_index")]
    return _only(marked if pair.many and marked else found, pair.write)


def _only(found: Sequence[str], alias: str) -> str | None:
    if len(found) > 1:
        raise UsageError(
            f"{alias} may lead to {' or '.join(sorted(found))}; put it on the one that serves, and"
            " on no other (POST /_aliases), and run this again"
        )
    return found[0] if found else None


def _differs(pair: Pair, alias: str, on: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether an index lacks an alias, or has it with another filter."""
    wanted = pair.wanted[alias]
    return alias not in on or any(on[alias].get(name) != how for name, how in wanted.items())
