"""Documents that somebody changed in the cluster by hand: their version is no longer ours.

Whoever updates or replaces a document without our versions lets Elasticsearch count on by itself,
and then it refuses what the ledger says as older. Only a repair looks for such documents; they
have to go before the right one can be written. What somebody deleted, Elasticsearch forgets at
once (gc_deletes in config/elasticsearch/news-settings.json), so it needs nothing of this.
"""

import time
from collections.abc import Collection
from typing import Any

from pipeline.adapters.elastic.cluster import Cluster, Role, refusals

#: Elasticsearch's clock for deletions ticks five times a second; then it has forgotten one.
_FORGOTTEN_AFTER_S = 0.5


def remove_foreign(cluster: Cluster, alias: str, article_ids: Collection[str]) -> set[str]:
    """Delete those of some documents whose version is not ours; return their ids.

    Each only as it was seen: what is written meanwhile stays. Needs the maintainer's key.
    """
    client, url = cluster.client(Role.MAINTAINER), cluster.settings.url
    with refusals(f"read versions from {alias}", url):
        answer = client.mget(index=alias, ids=list(article_ids), source=["doc_version"])
    foreign = [one for one in answer.body["docs"] if one.get("found") and _is_foreign(one)]
    if not foreign:
        return set()
    with refusals(f"take documents out of {alias}", url):
        client.bulk(index=alias, operations=[_deletion(one) for one in foreign], require_alias=True)
    time.sleep(_FORGOTTEN_AFTER_S)
    return {one["_id"] for one in foreign}


def _is_foreign(one: dict[str, Any]) -> bool:
    said = one["_source"].get("doc_version")  # by hand it may be anything that reads as a number
    return not isinstance(said, int) or bool(one["_version"] > said)


def _deletion(one: dict[str, Any]) -> dict[str, Any]:
    seen = {"if_seq_no": one["_seq_no"], "if_primary_term": one["_primary_term"]}
    return {"delete": {"_id": one["_id"], **seen}}
