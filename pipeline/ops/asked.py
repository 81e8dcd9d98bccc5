"""Reads what a query string asks for: whatever it holds, the answer is something that we have."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from pipeline.model import Stage
from pipeline.ops.health import STANDINGS
from pipeline.ops.reports import SORTS, WINDOWS, DeadChoice, FeedChoice
from pipeline.urls import MAX_URL_LENGTH

_MAX_WORDS_CHARS = 200
_MAX_PAGE = 10_000


def window_asked(query: QueryParams) -> str:
    """Return a window of time that there is."""
    window = query.get("window", "")
    return window if window in WINDOWS else "24h"


def feed_choice(query: QueryParams) -> FeedChoice:
    """Return which feeds are asked for."""
    sort, standing, page = query.get("sort", ""), query.get("state", ""), query.get("page", "")
    is_number = page.isascii() and page.isdigit() and len(page) < len(str(_MAX_PAGE))
    return FeedChoice(
        words=storable(query.get("q", ""))[:_MAX_WORDS_CHARS].strip(),
        standing=standing if standing in STANDINGS else "",
        run_id=storable(query.get("run", ""))[:_MAX_WORDS_CHARS],
        sort=sort if sort in SORTS else "state",
        downwards=query.get("order") == "down",
        page=max(1, int(page)) if is_number else 1,
    )


def dead_choice(query: QueryParams) -> DeadChoice:
    """Return which dead letters are asked for."""
    stage = query.get("stage", "")
    return DeadChoice(
        stage=Stage(stage) if stage in tuple(Stage) else None,
        reason=storable(query.get("reason", "")) or None,
        feed_id=storable(query.get("feed", "")) or None,
        after=_place(query.get("after_at", ""), storable(query.get("after_id", ""))),
    )


def _place(at: str, url_id: str) -> tuple[datetime, str] | None:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None or not url_id:
        return None
    return moment.astimezone(UTC), url_id


def place_query(place: tuple[datetime, str]) -> dict[str, str]:
    """Return what leads to the dead letters after a place."""
    return {"after_at": place[0].isoformat(), "after_id": place[1]}


def url_asked(query: QueryParams) -> str:
    """Return the address that is asked about."""
    return storable(query.get("url", ""))[: MAX_URL_LENGTH + 1].strip()


def feed_query(choice: FeedChoice, **other: object) -> str:
    """Return the query string of a choice, with some of it changed."""
    given = {
        "q": choice.words,
        "state": choice.standing,
        "run": choice.run_id,
        "sort": choice.sort,
        "order": "down" if choice.downwards else "",
        "page": choice.page,
    } | other
    usual = {"sort": "state", "page": 1}
    return urlencode({k: v for k, v in given.items() if v and usual.get(k) != v})


def storable(text: str) -> str:
    """Return text that any database takes as a parameter."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()
