"""The pipeline's own events, in an index of their own in the same cluster."""

from collections.abc import Mapping, Sequence

from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.writer import BulkWriter
from pipeline.index import bulk
from pipeline.index.event import Event
from pipeline.ports import IndexResult

#: Events can wait in the ledger, so little time is spent on a cluster that is busy or away.
_BUDGET_S = 2.0
#: Events never change: the first write of an id is the only one that changes anything.
_VERSION = 1


class ElasticEvents:
    """Writes events to one cluster; see ports.EventSink."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._alias = Names(cluster.settings.name).events_write
        self._writer = BulkWriter(
            lambda: cluster.client(Role.WRITER), cluster.settings.url, budget_s=_BUDGET_S
        )

    def write(self, events: Sequence[Event]) -> Mapping[str, tuple[IndexResult, str]]:
        """Write events and return an answer for each."""
        answers: dict[str, tuple[IndexResult, str]] = {}
        items = []
        for one in events:
            try:
                items.append(bulk.item(one.event_id, _VERSION, one.body))
            except ValueError as error:  # no valid text: it harms only itself
                answers[one.event_id] = (IndexResult.REFUSED, str(error))
        return answers | (self._writer.write(self._alias, items) if items else {})

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()
