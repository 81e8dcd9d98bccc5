"""From an outlet's home page to its feeds, each of them fetched and read: `feeds discover`.

What a page declares or links to as a feed is asked like a feed. The page itself, and what is only
guessed or named in robots.txt, is asked like any page: when robots.txt allows it.
"""

from dataclasses import dataclass
from datetime import datetime

from pipeline.cli.clinic import OK, OURS, Clinic
from pipeline.errors import ItemError, Permanent
from pipeline.feeds.discover import Candidate, find_candidates
from pipeline.model import Page
from pipeline.ports import FetchKind

_PUBLISHED = frozenset({"declared", "linked"})
#: Why an address was not looked at although it may well be a feed.
CLOSED = frozenset({"robots_disallowed", "robots_unavailable"})


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that a site has, fetched and parsed."""

    url: str
    source: str  # "itself" | "declared" | "linked" | "robots" | "well_known"
    kind: str
    title: str
    entries: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look at a site brought."""

    found: tuple[Found, ...]  # best first
    tried: int
    closed: tuple[str, ...] = ()  # addresses that robots.txt keeps us from


async def discover(clinic: Clinic, url: str) -> Discovery:
    """Find the feeds of a site. Raises ItemError when the page cannot be had, or may not be read.

    Well-known places are tried only when the site names no feed that works.
    """
    page = await clinic.get_page(url, FetchKind.PAGE)
    if page.status not in OK:
        raise Permanent(f"http_{page.status}", f"{url} answers with HTTP {page.status}")
    itself = await _read(clinic, Candidate(page.final_url, "itself"), page)
    if itself is not None:
        return Discovery((itself,), tried=1)
    robots = await clinic.robots_of(page.final_url)
    text = robots.body.decode("utf-8-sig", "replace") if robots.status in OK else ""
    candidates = find_candidates(page.body, page.final_url, robots=text)
    named = [candidate for candidate in candidates if candidate.source != "well_known"]
    guessed = [candidate for candidate in candidates if candidate.source == "well_known"]
    discovery = await _try(clinic, named)
    if discovery.found:
        return discovery
    further = await _try(clinic, guessed)
    return Discovery(
        further.found, discovery.tried + further.tried, discovery.closed + further.closed
    )


async def _try(clinic: Clinic, candidates: list[Candidate]) -> Discovery:
    """Fetch and read each candidate; one that is found twice counts as the better one."""
    found: dict[str, Found] = {}
    closed = []
    for candidate in candidates:
        try:
            feed = await _read(clinic, candidate)
        except ItemError as error:
            if error.reason not in CLOSED:
                raise
            closed.append(candidate.url)
            continue
        if feed is not None:
            found.setdefault(feed.url, feed)
    return Discovery(tuple(found.values()), len(candidates) - len(closed), tuple(closed))


async def _read(clinic: Clinic, candidate: Candidate, page: Page | None = None) -> Found | None:
    """Return a candidate as a feed if it is one. Raises ItemError for what may not be looked at."""
    try:
        if page is None:
            ask = clinic.get if candidate.source in _PUBLISHED else clinic.get_page
            page = await ask(candidate.url, FetchKind.FEED)
        if page.status not in OK:
            return None
        parsed = await clinic.parse(page, None)
    except ItemError as error:
        if error.reason == OURS or error.reason in CLOSED:
            raise
        return None  # most guesses lead nowhere; how many were tried is told
    newest = max((e.published_at.at for e in parsed.entries if e.published_at), default=None)
    return Found(
        url=page.final_url,
        source=candidate.source,
        kind=parsed.kind,
        title=parsed.title or candidate.title,
        entries=len(parsed.entries),
        newest_at=newest,
    )
