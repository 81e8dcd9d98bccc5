"""When a host may be asked again. Pure."""

from datetime import datetime, timedelta

from pipeline.config import FetchSettings
from pipeline.fetch.retry_after import retry_after_s
from pipeline.model import Page

#: A longer Crawl-delay would make a news site unreadable; nobody means it for one page a minute.
MAX_CRAWL_DELAY_S = 60.0
#: What a host gets that says "too many" or "unavailable" without saying for how long; more than
#: MAX_HOST_WAIT_S, so that its visit ends.
REST_S = 120.0
#: However slowly a host answers, we do not rest longer than this because of it.
MAX_SLOW_REST_S = 60.0
_TOO_MANY, _UNAVAILABLE, _FORBIDDEN = 429, 503, 403


def next_request_at(
    now: datetime,
    answer: Page | None,
    settings: FetchSettings,
    *,
    crawl_delay_s: float | None = None,
) -> datetime:
    """Return the earliest start of the next request to a host that was just asked.

    `answer` is None when no response came. A host that asks us to wait (Retry-After with 429, 503
    or 403) gets that, for all its URLs. A slow host rests at least as long as it worked; one that
    failed rests twice its pace.
    """
    pace_s = max(settings.pace_s, min(crawl_delay_s or 0.0, MAX_CRAWL_DELAY_S))
    if answer is None:
        return now + timedelta(seconds=2 * pace_s)
    rest_s = max(pace_s - answer.elapsed_s, min(answer.elapsed_s, MAX_SLOW_REST_S))
    asked_s = retry_after_s(answer.header("retry-after"), now)
    if answer.status in (_TOO_MANY, _UNAVAILABLE):
        rest_s = max(rest_s, REST_S if asked_s is None else asked_s)
    elif answer.status == _FORBIDDEN and asked_s is not None:
        rest_s = max(rest_s, asked_s)
    return now + timedelta(seconds=rest_s)
