"""The index in an Elasticsearch cluster, behind the protocol `Index`.

Any number of processes write and search. A write is durable when it returns and can be found within
the refresh interval (a second). Every write carries the ledger's version, so late, repeated and
concurrent writes do no harm; what is taken out stays as a tombstone that no search shows.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from pipeline.adapters.elastic import source
from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.foreign import remove_foreign
from pipeline.adapters.elastic.indices import Indices, several
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.searching import Searcher
from pipeline.adapters.elastic.writer import BulkWriter, acknowledged
from pipeline.adapters.writes import newest
from pipeline.errors import AccessDenied, IndexUnavailable, UsageError
from pipeline.index import bulk
from pipeline.index.mapping_check import why_rebuild
from pipeline.index.query import Query, SearchPage
from pipeline.model import Document
from pipeline.ports import Index, IndexResult

__all__ = ["ElasticIndex"]

log = structlog.get_logger()

#: A little more than the refresh interval of config/elasticsearch/news-settings.json: by then a
#: write can be found, for those who may not ask for a refresh.
_VISIBLE_AFTER_S = 1.5


class ElasticIndex:
    """One collection of articles in one cluster. Nothing is connected before it is needed."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        at_once: bool = False,
        _beside: "ElasticIndex | None" = None,
    ) -> None:
        """Take the cluster; `at_once` makes every write findable before it returns, at a price."""
        self.cluster = cluster
        self.names = Names(cluster.settings.name)
        self._refresh = "true" if at_once else "false"
        self._original = _beside
        role = Role.MAINTAINER if _beside else Role.READER
        alias = self.names.rebuild if _beside else self.names.read
        self._target = self.names.rebuild if _beside else self.names.write
        self._searcher = Searcher(cluster, alias, role)
        self._writing = Role.MAINTAINER if _beside else Role.WRITER
        self._fits = False
        self._writer = BulkWriter(lambda: cluster.client(self._writing), cluster.settings.url)
        self._indices = Indices(cluster, self.names)
        self._rebuilding: ElasticIndex | None = None
        self._filling = ""
        self._wrote_at = 0.0

    def write(
        self,
        documents: Sequence[Document],
        retractions: Sequence[tuple[str, int]],
        *,
        replace_equal: bool = False,
        indexed_at: Mapping[str, datetime] | None = None,
    ) -> Mapping[str, tuple[IndexResult, str]]:
        """Write what is newer than what is held; see ports.Index.write."""
        answers: dict[str, tuple[IndexResult, str]] = {}
        puts, removals = newest(documents, retractions, answers)
        first = indexed_at or {}
        items = self._items(puts, removals, answers, first, replace_equal=replace_equal)
        if not items:
            return answers
        self._require_fit()
        answers |= self._writer.write(self._target, items, refresh=self._refresh)
        if replace_equal:
            answers |= self._instead_of_foreign(items, answers)
        self._wrote_at = time.monotonic()
        self._searcher.forget_languages()
        if self._original is None:
            self._also_to_rebuild(items, acknowledged(answers))
        return answers

    def _require_fit(self) -> None:
        """Refuse to write into an index of another time: it would refuse every single document.

        And into one that nobody reads, as a rollover of the alias makes it.
        """
        if self._fits:
            return
        step = "init" if self._original else "rebuild"
        mappings = self._indices.mappings(self._target, self._writing)
        if self._original is None:
            self._require_read(sorted(mappings))
        for index, mapping in mappings.items():
            why = why_rebuild(mapping)
            if why is not None:
                raise IndexUnavailable(
                    f"documents do not fit into {index}: {why}; `newsline index {step}`"
                )
        self._fits = True

    def _require_read(self, written: Sequence[str]) -> None:
        if len(written) > 1:
            raise IndexUnavailable(several(self._target, written))
        read = self._indices.all_behind(self.names.read, self._writing)
        if read and not set(written) <= set(read):
            raise IndexUnavailable(
                f"{self.names.write} leads to {written[0]}, {self.names.read} to {', '.join(read)}:"
                " put both on the same index (POST /_aliases), or `newsline index rebuild`"
            )

    def _items(
        self,
        puts: Mapping[str, Document],
        removals: Mapping[str, int],
        answers: dict[str, tuple[IndexResult, str]],
        first: Mapping[str, datetime],
        *,
        replace_equal: bool,
    ) -> list[bulk.Item]:
        """Serialise what is to be written; what cannot be is refused."""
        at = datetime.now(UTC)
        wanted = [
            (id_, int(one["doc_version"]), source.source(one, first.get(id_, at)))
            for id_, one in puts.items()
        ]
        wanted += [
            (id_, version, source.tombstone(id_, version, at)) for id_, version in removals.items()
        ]
        items = []
        for article_id, version, body in wanted:
            try:
                items.append(bulk.item(article_id, version, body, replace_equal=replace_equal))
            except ValueError as error:
                answers[article_id] = (IndexResult.REFUSED, str(error))
        return items

    def _instead_of_foreign(
        self, items: Sequence[bulk.Item], answers: Mapping[str, tuple[IndexResult, str]]
    ) -> Mapping[str, tuple[IndexResult, str]]:
        """Write again what was refused only because somebody changed a document by hand."""
        newer = {one for one, (result, _) in answers.items() if result is IndexResult.NEWER}
        removed = remove_foreign(self.cluster, self._target, newer) if newer else set()
        again = [one for one in items if one.article_id in removed]
        return self._writer.write(self._target, again, refresh=self._refresh)

    def _also_to_rebuild(self, items: Sequence[bulk.Item], held: set[str]) -> None:
        """Write the same to an index that is being filled, if there is one.

        What fails here is found and mended when the rebuild compares with the ledger, so it only is
        noted: it must not take back what the index that serves has acknowledged.
        """
        mine = [one for one in items if one.article_id in held]
        try:
            if self._indices.behind(self.names.rebuild, Role.WRITER) is not None:
                self._writer.write(self.names.rebuild, mine, refresh=self._refresh)
        except (IndexUnavailable, UsageError) as error:
            log.warning("rebuild_not_written", detail=str(error), count=len(mine))

    def versions(self) -> Iterator[tuple[str, int]]:
        """Yield (article_id, doc_version) of every document that a search can find.

        Waits first until everything that this process wrote can be found.
        """
        self._wait_until_visible()
        return self._searcher.scan(source.LIVE)

    def _wait_until_visible(self) -> None:
        if self._original is not None:
            self._indices.refresh(self.names.rebuild)
            return
        if self._refresh != "false":
            return
        try:
            self._indices.refresh(self.names.read)
        except AccessDenied:  # only the maintainer may; for others a refresh is due every second
            left_s = self._wrote_at + _VISIBLE_AFTER_S - time.monotonic()
            if self._wrote_at and left_s > 0:
                time.sleep(left_s)

    def read(self, article_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return those of some documents that are there, as they were written."""
        return self._searcher.read(article_ids)

    def find(self, article_id: str) -> Document | None:
        """Return one document as it was written."""
        return self.read([article_id]).get(article_id)

    def search(self, query: Query) -> SearchPage:
        """Answer a query; see ports.Index.search."""
        return self._searcher.search(query)

    def describe(self) -> Mapping[str, object]:
        """Return which index serves, how the cluster is, and what is left of earlier indices."""
        return self._indices.describe()

    def start_rebuild(self) -> "ElasticIndex":
        """Return an empty index beside this one; what anybody writes meanwhile goes there too."""
        self._filling = self._indices.start_rebuild()
        self._rebuilding = ElasticIndex(self.cluster, at_once=self._refresh == "true", _beside=self)
        return self._rebuilding

    def finish_rebuild(self, rebuilt: Index) -> None:
        """Make the rebuilt index the one that serves; tombstones move with it."""
        if rebuilt is not self._rebuilding or self._rebuilding is None:
            raise ValueError("this index did not start that rebuild")
        live = dict(self._rebuilding.versions())  # what the ledger says belongs in the index
        for old in self._indices.serving():  # not through the alias that is read: it hides them
            self._indices.refresh(old)
            gone = Searcher(self.cluster, old, Role.MAINTAINER).scan(source.GONE)
            kept_out = [one for one in gone if one[0] not in live]
            answers = self._rebuilding.write([], kept_out)
            if acknowledged(answers) != {one for one, _ in kept_out}:
                raise IndexUnavailable("not every tombstone could be written to the new index")
        self._indices.finish_rebuild(self._filling)
        self._rebuilding = None

    def prune(self, *, before: datetime | None = None) -> list[str]:
        """Delete the indices of earlier rebuilds that serve nobody; return their names.

        With `before` only if the one that serves was made before then: until it has proved itself,
        the old ones are the way back. Raises IndexUnavailable when none serves: then the one that
        did is among them.
        """
        since = self._indices.serves_since()
        if before is not None and since >= before:
            return []
        for index, why in self._indices.left_alone().items():
            log.warning("index_left_alone", index=index, why=why)
        unused = self._indices.unused()
        for name in unused:
            self._indices.remove(name)
        return unused

    def close(self) -> None:
        """Close the connections; a rebuild's are the same."""
        self.cluster.close()
