"""What every index does with a write before it touches anything."""

from collections.abc import Sequence

from pipeline.index.schema import problems
from pipeline.model import Document
from pipeline.ports import IndexResult

_PROBLEMS_SHOWN = 3


def newest(
    documents: Sequence[Document],
    retractions: Sequence[tuple[str, int]],
    answers: dict[str, tuple[IndexResult, str]],
) -> tuple[dict[str, Document], dict[str, int]]:
    """Return the newest of what was given for each article; refuse unacceptable documents.

    At equal versions a retraction wins over a document.
    """
    puts: dict[str, Document] = {}
    removals: dict[str, int] = {}
    for document in documents:
        faults = problems(document)
        article_id = str(document.get("article_id"))
        if faults:
            shown = "; ".join(faults[:_PROBLEMS_SHOWN])
            answers[article_id] = (IndexResult.REFUSED, shown)
        elif article_id not in puts or puts[article_id]["doc_version"] < document["doc_version"]:
            puts[article_id] = document
    for article_id, version in retractions:
        if version >= max(version_of(puts.get(article_id), -1), removals.get(article_id, -1)):
            puts.pop(article_id, None)
            removals[article_id] = version
    return puts, removals


def version_of(document: Document | None, removal: int | None) -> int:
    """Return the version that a put or a removal carries."""
    return int(document["doc_version"]) if document is not None else removal or 0
