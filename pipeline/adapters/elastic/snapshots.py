"""Snapshots of a collection: taken, listed, and of ours the oldest deleted.

Restoring is an administrator's: it writes indices, and may write anybody's (docs/elasticsearch.md).
"""

import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from pipeline.adapters.elastic.cluster import Cluster, Role, error_of, refusals
from pipeline.adapters.elastic.names import Names
from pipeline.errors import UsageError
from pipeline.index.bulk import describe

#: Deleting waits until the repository has been tidied up.
_PATIENT_S = 300.0
#: Between two questions whether a snapshot is complete: it takes seconds or hours.
_ASK_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
#: Kept with each of ours, so that nobody's else with such a name is taken for one.
_TAKEN_BY = "newsline"
_UNDER_WAY = "IN_PROGRESS"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of the collection."""

    name: str
    state: str  # Elasticsearch's: SUCCESS, FAILED, PARTIAL, IN_PROGRESS
    started_at: datetime
    ended_at: datetime | None
    indices: tuple[str, ...]
    shards: int
    shards_failed: int
    problem: str  # what is missing in it, and why; "": nothing is

    @property
    def succeeded(self) -> bool:
        """Tell whether everything is in it."""
        return self.state == "SUCCESS" and not self.shards_failed and not self.problem


class Snapshots:
    """The snapshots of one collection, as its maintainer. Raises UsageError, IndexUnavailable."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._names = Names(cluster.settings.name)
        self._repository = cluster.settings.snapshot_repository
        ours = rf"{re.escape(self._names.name)}-\d{{8}}t\d{{6}}z-[0-9a-f]{{6}}"
        self._is_ours = re.compile(ours).fullmatch

    def take(self, now: datetime) -> Snapshot:
        """Copy all indices of articles and events, and wait until that is done.

        Whoever stops waiting stops nothing: the cluster goes on.
        """
        name = f"{self._names.name}-{now:%Y%m%dt%H%M%Sz}-{secrets.token_hex(3)}"
        with self._explained("take a snapshot"):
            self._client().snapshot.create(
                repository=self._repository,
                snapshot=name,
                indices=[self._names.pattern, self._names.events_pattern],
                include_global_state=False,
                partial=True,  # what can be had; else the answer would name no shard
                metadata={"taken_by": _TAKEN_BY, "collection": self._names.name},
                wait_for_completion=False,
            )
        for pause_s in _pauses():
            taken = self._get(name)[0]
            if taken.state != _UNDER_WAY:
                return taken
            time.sleep(pause_s)
        raise AssertionError("unreachable: the pauses never end")

    def all(self) -> list[Snapshot]:
        """Return the snapshots that we took, oldest first."""
        return self._get(f"{self._names.name}-*")

    def prune(self, keep: int) -> list[str]:
        """Delete those of ours that are older than the newest `keep` good ones; return names."""
        held = self.all()
        good = [one for one in held if one.succeeded]
        if len(good) <= keep:
            return []
        old = [
            one.name
            for one in held
            if one.started_at < good[-keep].started_at and one.state != _UNDER_WAY
        ]
        for name in old:
            with self._explained(f"delete the snapshot {name}"):
                self._client().snapshot.delete(repository=self._repository, snapshot=name)
        return old

    def _get(self, name: str) -> list[Snapshot]:
        with self._explained("list snapshots"):
            found = self._client().snapshot.get(repository=self._repository, snapshot=name).body
        ours = [self._snapshot(one) for one in found["snapshots"] if self._took(one)]
        return sorted(ours, key=lambda one: (one.started_at, one.name))

    def _snapshot(self, body: Mapping[str, Any]) -> Snapshot:
        found = _snapshot(body)
        if any(self._names.is_index(one) for one in found.indices):
            return found
        # The cluster calls a copy of nothing a success; such ones must not push the good ones out.
        return replace(found, problem=found.problem or "no index of articles was there")

    def _took(self, body: Mapping[str, Any]) -> bool:
        about = body.get("metadata") or {}
        return (
            self._is_ours(body["snapshot"]) is not None
            and about.get("taken_by") == _TAKEN_BY
            and about.get("collection") == self._names.name
        )

    def _client(self) -> Elasticsearch:
        return self._cluster.client(Role.MAINTAINER).options(request_timeout=_PATIENT_S)

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        with refusals(doing, self._cluster.settings.url):
            try:
                yield
            except (NotFoundError, BadRequestError) as error:  # no such repository, above all
                where, why = self._repository, describe(error_of(error))
                raise UsageError(f"cannot {doing} in the repository {where}: {why}") from None


def _pauses() -> Iterator[float]:
    yield from _ASK_AGAIN_S
    while True:
        yield _ASK_AGAIN_S[-1]


def _snapshot(body: Mapping[str, Any]) -> Snapshot:
    shards = body.get("shards") or {}
    ended_ms = body.get("end_time_in_millis")
    return Snapshot(
        name=body["snapshot"],
        state=body["state"],
        started_at=_time(body["start_time_in_millis"]),
        ended_at=_time(ended_ms) if ended_ms else None,
        indices=tuple(sorted(body["indices"])),
        shards=shards.get("total", 0),
        shards_failed=shards.get("failed", 0),
        problem=_problem(body.get("failures") or [], body.get("reason") or ""),
    )


def _problem(failures: Sequence[Mapping[str, Any]], reason: str) -> str:
    named = [f"{one['index']}[{one['shard_id']}]: {one['reason']}" for one in failures[:_NAMED]]
    more = [f"and {len(failures) - _NAMED} more shards"] if len(failures) > _NAMED else []
    return "; ".join([*named, *more]) or reason


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
