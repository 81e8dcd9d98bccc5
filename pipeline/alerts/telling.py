"""What a receiver of alerts is sent, and when it is tried again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.alerts.saved import AlertHit, SavedSearch

#: Hits of one message; more come in the next one.
MAX_HITS = 100
#: After each failed try; with the last one hits are given up, and stand in the feed alone.
_WAITS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440, 1440, 1440)
)


def message(search: SavedSearch, hits: Sequence[AlertHit], now: datetime) -> dict[str, Any]:
    """Return the body of a message: JSON values.

    It may come again (at least once): `hits[].key` is the same then.
    """
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


def next_try(now: datetime, tries: int) -> datetime | None:
    """Return when to send again what failed `tries` times; None: no more."""
    return now + _WAITS[tries - 1] if tries <= len(_WAITS) else None
