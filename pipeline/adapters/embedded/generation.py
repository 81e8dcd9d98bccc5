"""One tantivy index in one folder: opening, committing, and what is held of an article."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import tantivy

from pipeline.adapters.embedded import layout
from pipeline.adapters.embedded.generations import unusable
from pipeline.model import Document

_WRITER_BYTES = 64 * 1024 * 1024  # filled before tantivy writes a segment; one thread of it
_SLICE = 50_000  # articles listed at a time: bounds the memory of a scan
_TIES = 1 << 63  # number of values of the field `tie`
_ID_BATCH = 1_000

#: article_id → (doc_version, whether a search finds it)
Held = Mapping[str, tuple[int, bool]]


class Generation:
    """Reads at once; becomes a writer at its first write (the caller holds the folder's lock)."""

    def __init__(self, path: Path) -> None:
        """Open. Raises ConfigError if it is damaged."""
        self.path = path
        self._writer: tantivy.IndexWriter | None = None
        try:
            if not tantivy.Index.is_compatible(str(path)):
                raise unusable(path, "was written by another version of tantivy")
            self._index = tantivy.Index.open(str(path))
        except (ValueError, OSError) as error:
            raise unusable(path, f"cannot be opened ({error})") from None
        self._index.config_reader("manual")  # no watching thread: `searcher` looks for itself
        layout.register_analyzers(self._index)
        self._seen: tuple[int, int] | None = None
        self._looking = threading.Lock()  # a server's threads share one generation
        self._searcher = self._index.searcher()

    @classmethod
    def create(cls, path: Path) -> "Generation":
        """Make an index in an empty folder."""
        tantivy.Index(layout.schema(), path=str(path), reuse=False)
        return cls(path)

    @property
    def index(self) -> tantivy.Index:
        """The tantivy index, for parsing range queries."""
        return self._index

    def searcher(self) -> tantivy.Searcher:
        """Return a view of the last commit, by whichever process."""
        try:
            state = (self.path / "meta.json").stat()
        except FileNotFoundError:
            raise unusable(self.path, "its meta.json is missing") from None
        seen = (state.st_mtime_ns, state.st_ino)
        with self._looking:
            if seen != self._seen:
                try:
                    self._index.reload()
                except (ValueError, OSError) as error:
                    raise unusable(self.path, f"cannot be read ({error})") from None
                self._searcher = self._index.searcher()
                self._seen = seen
            return self._searcher

    def apply(self, documents: Iterable[Document], retractions: Iterable[tuple[str, int]]) -> None:
        """Put the documents and tombstones in place of what is held of them; one commit."""
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        try:
            for document in documents:
                self._writer.delete_documents_by_term("id", document["article_id"])
                self._writer.add_document(layout.entry(document))
            for article_id, doc_version in retractions:
                self._writer.delete_documents_by_term("id", article_id)
                self._writer.add_document(layout.tombstone(article_id, doc_version))
            self._writer.commit()
        except BaseException:
            self._writer = None  # what it had taken in must not come with a later commit
            raise

    def held(self, article_ids: Sequence[str]) -> Held:
        """Return what is held of the given articles, tombstones included."""
        found: dict[str, tuple[int, bool]] = {}
        for start in range(0, len(article_ids), _ID_BATCH):
            batch = list(article_ids[start : start + _ID_BATCH])
            wanted = tantivy.Query.term_set_query(layout.schema(), "id", batch)
            for state in (layout.LIVE, layout.GONE):
                listed = self._list(tantivy.Query.boolean_query(
                    [(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, _in_state(state))]
                ))  # fmt: skip
                found.update((id_, (version, state == layout.LIVE)) for id_, version in listed)
        return found

    def scan(self, state: str) -> Iterator[tuple[str, int]]:
        """Yield (article_id, doc_version) of everything live, or of every tombstone."""
        slices = self.searcher().num_docs // _SLICE + 1
        bounds = [_TIES * number // slices for number in range(slices + 1)]
        for low, high in pairwise(bounds):
            part = tantivy.Query.range_query(
                layout.schema(), "tie", tantivy.FieldType.Integer,
                lower_bound=low, upper_bound=high - 1,
            )  # fmt: skip
            yield from self._list(tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, part), (tantivy.Occur.Must, _in_state(state))]
            ))  # fmt: skip

    def _list(self, query: tantivy.Query) -> Iterator[tuple[str, int]]:
        searcher = self.searcher()
        count = total_of(searcher.search(query, limit=1))
        if not count:
            return
        found = searcher.search(query, limit=count, count=False, order_by_field="held")
        for held, _ in found.hits:
            article_id, _, version = held.rpartition(" ")
            yield article_id, int(version)

    def find(self, article_id: str) -> Document | None:
        """Return a document as it was written; None if it is not there or retracted."""
        searcher = self.searcher()
        hits = searcher.search(tantivy.Query.boolean_query([
            (tantivy.Occur.Must, tantivy.Query.term_query(layout.schema(), "id", article_id)),
            (tantivy.Occur.Must, _in_state(layout.LIVE)),
        ]), limit=1).hits  # fmt: skip
        return layout.source(searcher.doc(hits[0][1])) if hits else None

    def close(self) -> None:
        """Finish background merges."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None


def total_of(result: tantivy.SearchResult) -> int:
    """Return how many documents match, not only those listed."""
    count: int = result.count  # type: ignore[attr-defined]  # tantivy's stub leaves it out
    return count


def _in_state(state: str) -> tantivy.Query:
    return tantivy.Query.term_query(layout.schema(), "state", state)
