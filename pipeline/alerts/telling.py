"""What a receiver of alerts is sent, and when it is tried again."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.messages import Message

#: Hits of one message; more come in the next one.
MAX_HITS = 100
#: After each failed try; after the last one every day, for as long as it takes.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))


def message(search: SavedSearch, hits: Sequence[AlertHit], now: datetime) -> Message:
    """Return what a webhook gets. It may come again, with the same id, and each hit with its key.

    Alerts that were saved before there were secrets are not signed.
    """
    body = orjson.dumps(_values(search, hits, now))
    return Message(message_id(hits), body, secret=search.secret)


def message_id(hits: Sequence[AlertHit]) -> str:
    """Return what is the same when the same hits are told again."""
    return hashlib.sha256("\n".join(hit.key for hit in hits).encode()).hexdigest()[:32]


def _values(search: SavedSearch, hits: Sequence[AlertHit], now: datetime) -> dict[str, Any]:
    return {
        "kind": "newsline.alert",
        "name": search.name,
        "query": search.text,
        "filters": {name: list(values) for name, values in search.filters.items()},
        "sent_at": now.isoformat(),
        "hits": [
            {
                "key": hit.key,
                "story_id": hit.story_id,
                "article_id": hit.article_id,
                "title": hit.title,
                "url": hit.url,
                "outlet": hit.outlet,
                "published_at": hit.published_at,
                "matched": list(hit.matched),
            }
            for hit in hits
        ],
    }


def next_try(now: datetime, tries: int) -> datetime:
    """Return when to send again what failed `tries` times."""
    return now + _WAITS[min(tries, len(_WAITS)) - 1]
