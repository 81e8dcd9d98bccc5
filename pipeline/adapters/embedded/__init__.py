"""The embedded index: tantivy in a folder, behind the protocol `Index`.

One process writes at a time, any number search; each sees the last commit. A write is durable when
it returns (one commit, about 0.1 s), so batches should be large.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.adapters.embedded import layout
from pipeline.adapters.embedded.generation import Generation
from pipeline.adapters.embedded.generations import Generations, unusable
from pipeline.adapters.embedded.search import answer, check_query
from pipeline.adapters.writes import newest, version_of
from pipeline.errors import ConfigError
from pipeline.index.query import Query, SearchPage
from pipeline.model import Document
from pipeline.ports import Index, IndexResult

__all__ = ["EmbeddedIndex"]


class EmbeddedIndex:
    """One folder. Nothing is opened before it is needed; only a write takes the writer's lock."""

    def __init__(self, folder: Path, *, _beside: Path | None = None) -> None:
        """Take the folder (made at the first write); `_beside` is a generation being rebuilt."""
        self._generations = Generations(folder, layout.fingerprint())
        self._beside = _beside
        self._open: Generation | None = None
        self._rebuilding: EmbeddedIndex | None = None
        self._one_write = threading.Lock()  # versions are read and written in one go
        self._opening = threading.Lock()  # many threads may search

    def write(
        self,
        documents: Sequence[Document],
        retractions: Sequence[tuple[str, int]],
        *,
        replace_equal: bool = False,
        indexed_at: Mapping[str, datetime] | None = None,  # noqa: ARG002 - it keeps no such time
    ) -> Mapping[str, tuple[IndexResult, str]]:
        """Write what is newer than what is held, in one commit.

        Raises IndexBusy when another process writes, ConfigError when the folder is unusable.
        """
        answers: dict[str, tuple[IndexResult, str]] = {}
        puts, removals = newest(documents, retractions, answers)
        if not puts and not removals:
            return answers
        with self._one_write:
            return self._put(puts, removals, answers, margin=int(replace_equal))

    def _put(
        self,
        puts: dict[str, Document],
        removals: dict[str, int],
        answers: dict[str, tuple[IndexResult, str]],
        *,
        margin: int,
    ) -> dict[str, tuple[IndexResult, str]]:
        ids = [*puts, *removals]
        generation = self._for_writing()
        held = generation.held(ids)
        for article_id in ids:
            version = version_of(puts.get(article_id), removals.get(article_id))
            if article_id in held and held[article_id][0] >= version + margin:
                answers[article_id] = (IndexResult.NEWER, f"holds {held[article_id][0]}")
        try:
            generation.apply(
                [one for id_, one in puts.items() if id_ not in answers],
                [(id_, version) for id_, version in removals.items() if id_ not in answers],
            )
        except (ValueError, OSError) as error:  # disk full, most likely: nothing was committed
            generation.close()
            self._open = None
            return answers | {
                id_: (IndexResult.RETRY, str(error)) for id_ in ids if id_ not in answers
            }
        if self._rebuilding is not None:
            self._rebuilding.write(list(puts.values()), list(removals.items()))
        return dict.fromkeys(ids, (IndexResult.OK, "")) | answers

    def versions(self) -> Iterator[tuple[str, int]]:
        """Yield (article_id, doc_version) of every document that a search can find."""
        generation = self._for_reading()
        return generation.scan(layout.LIVE) if generation else iter(())

    def find(self, article_id: str) -> Document | None:
        """Return one document as it was written."""
        generation = self._for_reading()
        return generation.find(article_id) if generation else None

    def read(self, article_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return those of some documents that are there, as they were written."""
        found = ((article_id, self.find(article_id)) for article_id in article_ids)
        return {article_id: document for article_id, document in found if document is not None}

    def search(self, query: Query) -> SearchPage:
        """Answer a query; an index that was never written to holds nothing."""
        clauses = check_query(query)
        generation = self._for_reading()
        if generation is None:
            return SearchPage(0, (), dict.fromkeys(query.facets, ()))
        try:
            return answer(generation, query, clauses)
        except (ValueError, OSError) as error:
            raise unusable(generation.path, f"cannot answer ({error})") from error

    def describe(self) -> Mapping[str, object]:
        """Return which generation serves and what it takes on disk."""
        generation = self._for_reading()
        paths = generation.path.iterdir() if generation else iter(())
        return {
            "serving": str(generation.path) if generation else None,
            "size_bytes": sum(path.stat().st_size for path in paths if path.is_file()),
        }

    def start_rebuild(self) -> "EmbeddedIndex":
        """Return an empty index beside this one; what is written here meanwhile goes there too.

        Works over a damaged index as well. Raises IndexBusy when another process writes.
        """
        self._generations.lock()
        self._generations.remove_others(keep=self._usable_path())
        fresh = Generation.create(self._generations.create_next())
        self._rebuilding = EmbeddedIndex(self._generations.folder, _beside=fresh.path)
        return self._rebuilding

    def finish_rebuild(self, rebuilt: Index) -> None:
        """Make the rebuilt index the one that serves; tombstones move with it."""
        if rebuilt is not self._rebuilding or self._rebuilding is None:
            raise ValueError("this index did not start that rebuild")
        if self._usable_path():
            before = self._for_writing()
            live = dict(rebuilt.versions())  # what the ledger says belongs in the index
            gone = before.scan(layout.GONE)
            rebuilt.write([], [one for one in gone if one[0] not in live])
            before.close()
        self._generations.switch(self._rebuilding.settle())
        self._rebuilding = None
        self._open = None

    def settle(self) -> Path:
        """Finish merges of a generation being rebuilt and return its folder."""
        generation = self._for_writing()
        generation.close()
        return generation.path

    def close(self) -> None:
        """Finish merges and let others write."""
        if self._rebuilding is not None:
            self._rebuilding.close()
            self._rebuilding = None
        if self._open is not None:
            self._open.close()
            self._open = None
        self._generations.unlock()

    def _usable_path(self) -> Path | None:
        """Return the generation that serves, None if there is none that can be opened."""
        try:
            path = self._generations.current()
            if path is not None:
                Generation(path).searcher()
        except ConfigError:
            return None
        return path

    def _for_reading(self) -> Generation | None:
        path = self._beside or self._generations.current()
        if path is None:
            return None
        with self._opening:
            if self._open is None or self._open.path != path:
                if self._open is not None:
                    self._open.close()
                self._open = Generation(path)
            return self._open

    def _for_writing(self) -> Generation:
        """Take the lock first: only its holder can be sure which generation serves."""
        if self._beside is None:
            self._generations.lock()
            if self._generations.current() is None:
                first = Generation.create(self._generations.create_next())
                self._generations.switch(first.path)
        generation = self._for_reading()
        if generation is None:
            raise AssertionError("a generation was made just now")
        return generation
