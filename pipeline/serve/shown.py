"""What leaves the server of documents and revisions: all of it, or what their outlet allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.config import RightsSettings
from pipeline.histories import Histories
from pipeline.index.query import Hit, Query, SearchPage
from pipeline.model import Document
from pipeline.ports import IndexReader
from pipeline.rights import SNIPPET_ONLY, as_shown, snippet
from pipeline.work import Revision


class ShownIndex:
    """An index that gives of each document what its outlet allows to show.

    What is found does not depend on it: a search goes over whole texts. Fragments with the words
    that were searched for are shown of what may be shown only.
    """

    def __init__(self, index: IndexReader, rights: RightsSettings) -> None:
        self._index = index
        self._rights = rights

    def versions(self) -> Iterable[tuple[str, int]]:
        """Yield (article_id, doc_version) of every document that a search can find."""
        return self._index.versions()

    def find(self, article_id: str) -> Document | None:
        """Return what may be shown of one document."""
        found = self._index.find(article_id)
        return None if found is None else as_shown(found, self._rights)

    def read(self, article_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return article_id → what may be shown of those of some that are there."""
        found = self._index.read(article_ids)
        return {article_id: as_shown(one, self._rights) for article_id, one in found.items()}

    def search(self, query: Query) -> SearchPage:
        """Answer a query."""
        page = self._index.search(query)
        return replace(page, hits=tuple(_shown_hit(hit, self._rights) for hit in page.hits))

    def describe(self) -> Mapping[str, object]:
        """Return facts about the index."""
        return self._index.describe()


def _shown_hit(hit: Hit, rights: RightsSettings) -> Hit:
    shown = as_shown(hit.document, rights)
    if SNIPPET_ONLY not in (shown.get("flags") or ()):
        return replace(hit, document=shown)
    title = {part: pieces for part, pieces in hit.highlights.items() if part == "title"}
    return replace(hit, document=shown, highlights=title)


def shown_revisions(ledger: Histories, document: Document, *, limit: int) -> list[Revision]:
    """Return the newest revisions of an article, oldest first, as the document of it is shown."""
    kept = ledger.revisions(document["article_id"], limit=limit)
    if SNIPPET_ONLY not in (document.get("flags") or ()):
        return kept
    return [
        replace(one, extraction=replace(one.extraction, text=snippet(one.extraction.text)))
        for one in kept
    ]
