"""Where a feed has moved, learnt slowly: a captive portal must not rewrite a catalogue in a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pipeline.model import Page
from pipeline.work import FeedState

PERMANENT = frozenset({301, 308})
#: So long must the same chain of permanent redirects lead to a good feed.
PROBATION = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a good poll taught about a feed's address."""

    url: str  # to poll from now on
    target: str | None  # where a chain on probation leads
    since: datetime | None  # since when
    moved: bool


def learn(state: FeedState, page: Page, now: datetime) -> Learnt:
    """Decide about the address after a poll that gave a good feed (or a 304)."""
    permanent = bool(page.hops) and all(hop.status in PERMANENT for hop in page.hops)
    if not permanent or page.final_url == state.url:
        return Learnt(state.url, None, None, moved=False)
    if _only_https(state.url, page.final_url):
        return Learnt(page.final_url, None, None, moved=True)
    if page.final_url != state.redirect_target or state.redirect_since is None:
        return Learnt(state.url, page.final_url, now, moved=False)
    if now - state.redirect_since >= PROBATION:
        return Learnt(page.final_url, None, None, moved=True)
    return Learnt(state.url, state.redirect_target, state.redirect_since, moved=False)


def _only_https(old: str, new: str) -> bool:
    """Tell whether the new address is the old one over https: nothing to distrust."""
    first, second = urlsplit(old), urlsplit(new)
    return (
        (first.scheme, second.scheme) == ("http", "https")
        and first.hostname == second.hostname
        and (first.path or "/", first.query) == (second.path or "/", second.query)
    )
