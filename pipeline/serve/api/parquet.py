"""Articles as a Parquet file, written piece by piece. Needs the extra `export`."""

import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.model import Document
from pipeline.serve.api.formats import row

_ROWS = 1_000  # of a row group: a few MB of texts
_MANY = pa.list_(pa.string())
_MOMENT = pa.timestamp("us", tz="UTC")
_TYPES: dict[str, Any] = {
    "doc_version": pa.int64(),
    "author": _MANY,
    "published_at": _MOMENT,
    "first_seen_at": _MOMENT,
    "day": pa.date32(),
    "person": _MANY,
    "organisation": _MANY,
    "place": _MANY,
    "topic": _MANY,
    "word_count": pa.int64(),
}
SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in (*row({}), "text")])


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, piece: Any) -> int:  # noqa: ANN401 - any buffer
        """Keep a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def parquet(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield the pieces of a file with the columns of the table, and the text."""
    rest, sink = iter(documents), _Sink()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        while group := [_row(document) for document in islice(rest, _ROWS)]:
            writer.write_table(pa.Table.from_pylist(group, SCHEMA))
            yield sink.take()
    yield sink.take()


def _row(document: Document) -> dict[str, Any]:
    values = {**row(document), "text": document.get("text")}
    for name in ("published_at", "first_seen_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return values | {"day": date.fromisoformat(values["day"])}
