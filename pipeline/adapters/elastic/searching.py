"""Asks the cluster: searches, single documents, and every id that it holds."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from pipeline.adapters.elastic import source
from pipeline.adapters.elastic.answer import read_fused, read_page
from pipeline.adapters.elastic.cluster import Cluster, Role, refusals
from pipeline.adapters.elastic.compile import (
    TIMEOUT,
    facet_filters,
    matching,
    nearest_body,
    search_body,
)
from pipeline.adapters.elastic.indices import several
from pipeline.errors import IndexUnavailable, UsageError
from pipeline.index.bounds import check_bounds, hybrid_offset, story_offset
from pipeline.index.bulk import describe
from pipeline.index.cursor import decode_cursor
from pipeline.index.fusion import DEPTH
from pipeline.index.mapping import LANGUAGES
from pipeline.index.parse_query import Clause, parse_query
from pipeline.index.query import Query, SearchPage
from pipeline.model import Document

#: How long it is believed which languages there are: looking in the stems of others is wasted.
_LANGUAGES_S = 60.0
#: Ids read at a time.
_SCAN_SIZE = 5_000


class Searcher:
    """Reads one alias, as the reader."""

    def __init__(self, cluster: Cluster, alias: str, role: Role = Role.READER) -> None:
        self._cluster = cluster
        self._alias = alias
        self._role = role
        self._languages: tuple[str, ...] = ()
        self._languages_until = 0.0

    @property
    def _client(self) -> Elasticsearch:
        return self._cluster.client(self._role)

    def search(self, query: Query) -> SearchPage:
        """Answer a query. Raises UsageError, AccessDenied, IndexUnavailable."""
        check_bounds(query)
        try:
            return self._answer(query)
        except BadRequestError as error:
            said = describe(error.body.get("error") if isinstance(error.body, dict) else error.body)
            raise UsageError(f"Elasticsearch does not take this query: {said}") from None

    def _answer(self, query: Query) -> SearchPage:
        clauses = parse_query(query.text)
        by_score = query.sort == "relevance" and any(not one.excluded for one in clauses)
        position = decode_cursor(query, _position_kinds(query, by_score=by_score))
        languages = self._held_languages()
        if query.vector is not None:
            return self._hybrid(query, query.vector, clauses, position)
        body = search_body(query, clauses, languages, by_score=by_score)
        if query.collapse:
            body["from"] = story_offset(query, position)
        elif position:
            body["search_after"] = position
        answer = self._ask(body)
        sizes = self._story_sizes(query, clauses, languages, answer) if query.collapse else {}
        return read_page(query, clauses, answer, position=position, sizes=sizes)

    def _hybrid(
        self,
        query: Query,
        vector: Sequence[float],
        clauses: Sequence[Clause],
        position: list[str | int | float] | None,
    ) -> SearchPage:
        """Answer by words and by meaning; total and facets speak of what has the words."""
        offset = hybrid_offset(query, position)
        deep = replace(query, size=DEPTH, cursor=None)
        languages = self._held_languages()
        worded = self._ask(search_body(deep, clauses, languages, by_score=True))
        near = self._ask(nearest_body(query, vector))
        return read_fused(query, clauses, worded, near, offset=offset)

    def _ask(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        with refusals(f"search {self._alias}", self._cluster.settings.url):
            answer = self._client.search(index=self._alias, body=dict(body))
        found: Mapping[str, Any] = answer.body
        if found.get("timed_out"):  # what it found until then is not the answer
            raise UsageError("the query takes too long; narrow it by days or filters")
        failed = found["_shards"]["failed"]
        if failed:  # what it found elsewhere is not the answer
            raise IndexUnavailable(f"cannot search {self._alias} now: {failed} shards are away")
        self._require_one({hit["_index"] for hit in found["hits"]["hits"]})
        return found

    def _require_one(self, indices: Collection[str]) -> None:
        """Refuse to read several indices as one: articles would be shown and counted twice.

        Raises IndexUnavailable.
        """
        if len(indices) > 1:
            raise IndexUnavailable(several(self._alias, sorted(indices)))

    def _story_sizes(
        self,
        query: Query,
        clauses: Sequence[Clause],
        languages: Collection[str],
        answer: Mapping[str, Any],
    ) -> Mapping[str, int]:
        """Count the matching documents of each story shown."""
        stories = [hit["_source"]["story_id"] for hit in answer["hits"]["hits"]]
        if not stories:
            return {}
        filters = [*facet_filters(query.filters), {"terms": {"story_id": stories}}]
        wanted = matching(query, clauses, languages)
        terms = {"field": "story_id", "size": len(stories)}
        body = {
            "query": {"bool": {"must": wanted, "filter": filters}},
            "size": 0,
            "timeout": TIMEOUT,
            "aggs": {"stories": {"terms": terms}},
        }
        buckets = self._ask(body)["aggregations"]["stories"]["buckets"]
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}

    def _held_languages(self) -> tuple[str, ...]:
        """Return the languages of the documents that there are, asked for once a minute.

        With them it is noticed that there are several indices. Raises IndexUnavailable then.
        """
        if time.monotonic() >= self._languages_until:
            terms = {"field": "language", "size": len(LANGUAGES), "include": list(LANGUAGES)}
            aggs = {"languages": {"terms": terms}, "indices": {"terms": {"field": "_index"}}}
            found = self._ask({"size": 0, "aggs": aggs})["aggregations"]
            self._require_one({bucket["key"] for bucket in found["indices"]["buckets"]})
            buckets = found["languages"]["buckets"]
            self._languages = tuple(sorted(bucket["key"] for bucket in buckets))
            self._languages_until = time.monotonic() + _LANGUAGES_S
        return self._languages

    def forget_languages(self) -> None:
        """Ask anew at the next search: something was written."""
        self._languages_until = 0.0

    def read(self, article_ids: Sequence[str]) -> dict[str, Document]:
        """Return those of some documents that are there, as written; sees the latest writes."""
        if not article_ids:
            return {}
        with refusals(f"read from {self._alias}", self._cluster.settings.url):
            answer = self._client.mget(
                index=self._alias, ids=list(article_ids), source_excludes=["by_language"]
            )
        found: dict[str, Document] = {}
        for one in answer.body["docs"]:
            if "error" in one:  # the whole alias, most likely; the document may well be there
                why = describe(one["error"])
                raise IndexUnavailable(f"cannot read from {self._alias} now: {why}")
            document = source.document(one["_source"]) if one.get("found") else None
            if document is not None:
                found[one["_id"]] = document
        return found

    def scan(self, state: str) -> Iterator[tuple[str, int]]:
        """Yield (article_id, doc_version) of everything in a state, in order of article_id.

        Without a point in time, which a key for an alias alone may not search: whatever is written
        meanwhile, what was there throughout is met exactly once.
        """
        body: dict[str, Any] = {
            "query": {"term": {"state": state}},
            "sort": [{"article_id": "asc"}],
            "size": _SCAN_SIZE,
            "docvalue_fields": ["doc_version"],
            "_source": False,
            "track_total_hits": False,
        }
        while True:
            hits = self._ask(body)["hits"]["hits"]
            yield from ((hit["_id"], _version_of(hit)) for hit in hits)
            if len(hits) < _SCAN_SIZE:
                return
            body["search_after"] = hits[-1]["sort"]


def _version_of(hit: Mapping[str, Any]) -> int:
    """Return the ledger's version; 0 for what somebody wrote without one."""
    return int(hit.get("fields", {}).get("doc_version", [0])[0])


def _position_kinds(query: Query, *, by_score: bool) -> tuple[type, ...]:
    if query.collapse or query.vector is not None:
        return (int,)
    return (float, str) if by_score else (int, str)
