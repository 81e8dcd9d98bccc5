"""The model: what a faithful pipeline ends up with, by reading articles and script alone.

It knows nothing of the pipeline's code, only what architecture.md promises: an article that a feed
listed is fetched, followed through its edits for a week, and taken out after two 404/410 answers a
day apart. Where a promise leaves room, `sure` is False and tests should not insist. `why` is the
world's own word for the cause; the pipeline's reason slugs are its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.rehearsal.articles import Article, Version
from pipeline.rehearsal.outlets import FeedSpec
from pipeline.rehearsal.pages import TEASER_PARAGRAPHS
from pipeline.rehearsal.script import Does, Event
from pipeline.rehearsal.world import World

_FOLLOWED_FOR = timedelta(days=7)  # revisits end then
_GONE_FOR = timedelta(days=1)  # between the two answers that retract
_FEED_TEXT_CHARS = 200  # what a feed says by itself counts as an article from this length on

#: A poll that meets one of these brings nothing.
_FEED_STOPS = {Does.STATUS, Does.EMPTY, Does.HTML, Does.BOT_WALL, Does.SOFT_404, Does.CUT}
#: A poll that meets one of these may bring something or not.
_FEED_DOUBTS = {Does.TRUNCATED, Does.NOT_MODIFIED}
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Expected:
    """How one article (or listed link) should have ended."""

    id: str  # of the article; for a link its path
    outlet: str
    urls: tuple[str, ...]  # addresses that feeds listed, without tracking; the page's own first
    end: str  # indexed | duplicate | alias | dropped | retracted | in_flight
    listed_at: datetime  # first look at which a feed showed it
    why: str | None = None  # soft_404, bot_wall, not_found, pdf, image, robots, failing, …
    others: str | None = None  # how all of `urls` but one end: alias, duplicate, or any
    of: str | None = None  # duplicate, alias: the id of the article that stands for it
    title: str = ""
    paragraphs: tuple[str, ...] = ()  # on the page at the last look
    text_source: str = "page"  # "feed" when only the feed's own text is to be had
    sure: bool = True


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a page gives at one look."""

    state: str  # ok | gone | failing | moved | refused
    version: Version | None = None
    paragraphs: tuple[str, ...] = ()
    why: str | None = None
    to: str | None = None
    sure: bool = True


def expected(
    world: World, now: datetime, looks: Sequence[datetime] | None = None
) -> Mapping[str, Expected]:
    """Return id → how it should stand at `now`, for everything a feed has listed until then.

    `looks` are the times at which feeds and pages were asked; None means all the time.
    """
    times = sorted(each for each in looks if each <= now) if looks else _all_moments(world, now)
    found: dict[str, Expected] = {}
    for look in times:
        for spec_id in world.sites.feeds:
            _discover(world, spec_id, look, found)
    settled = {id_: _settle(world, each, times) for id_, each in found.items()}
    return _duplicates(settled, world)


def _all_moments(world: World, now: datetime) -> list[datetime]:
    """Return every time until now at which anything in the world changes."""
    times = {now} | world.script.moments()
    delays = {timedelta(seconds=spec.late_s) for _, spec in world.sites.feeds.values()}
    for article in world.sites.articles.values():
        times |= {article.published_at + delay for delay in delays}
        times |= {version.at for version in article.versions}
        if article.retracted_at:
            times |= {article.retracted_at, article.retracted_at + _GONE_FOR}
    return sorted(each for each in times if each <= now)


def _discover(world: World, spec_id: str, look: datetime, found: dict[str, Expected]) -> None:
    """Note what one feed shows at one look."""
    _, spec = world.sites.feeds[spec_id]
    events = [each for each in world.script.events if each.feed == spec_id and each.active(look)]
    lasting = [each for each in events if each.first is None]
    if any(each.does in _FEED_STOPS or _lost(world, each) for each in lasting):
        return
    sure = len(lasting) == len(events) and not {each.does for each in events} & _FEED_DOUBTS
    seen_at = min((each.since for each in events if each.does is Does.STALE), default=look)
    for line in world.sites.listed(spec, seen_at):
        id_ = line.article.id if line.article else "/" + line.url.split("/", 3)[3]
        known = found.get(id_)
        if known is None:
            outlet = world.sites.feeds[spec_id][0].slug
            found[id_] = Expected(id_, outlet, (line.url,), "in_flight", look, sure=sure)
        else:
            urls = tuple(dict.fromkeys((*known.urls, line.url)))
            found[id_] = replace(known, urls=urls, sure=known.sure or sure)


def _lost(world: World, event: Event) -> bool:
    """Tell whether a feed was sent to an address where no feed stands."""
    if event.does is not Does.MOVED or event.feed is None:
        return False
    place = world.sites.find(world.sites.feeds[event.feed][0].host, event.to or "")
    return place is None or place.kind != "feed"


def _settle(world: World, known: Expected, times: Sequence[datetime]) -> Expected:
    """Return how something discovered ends, from what its page gave at every look since."""
    article = world.sites.articles.get(known.id)
    if article is None:
        link = next(each for each in world.script.links if each.path == known.id)
        return replace(known, end="dropped", why=link.serves, title=link.title)
    page = world.sites.url(article)
    urls = tuple(sorted(known.urls, key=lambda url: url != page))
    others = _others(world, article) if len(urls) > 1 else None
    known = replace(known, urls=urls, others=others, title=article.versions[0].title)
    since = [each for each in times if each >= known.listed_at]
    readings = [(look, _read(world, article, look)) for look in since]
    read = [(look, reading) for look, reading in readings if reading.state == "ok"]
    if read:
        return _followed(known, readings, *read[-1])
    return _never_read(world, article, known, readings[-1][1])


def _others(world: World, article: Article) -> str:
    """Return how the further addresses of one article end."""
    if len(article.versions) > 1 or article.retracted_at:
        return "any"  # they are read at different times and may hold different texts
    return "duplicate" if world.sites.outlet_of(article).mobile else "alias"


def _followed(
    known: Expected,
    readings: Sequence[tuple[datetime, _Reading]],
    read_at: datetime,
    last: _Reading,
) -> Expected:
    """Return how an article stands that could be read at least once, lastly at `read_at`."""
    gone = [look for look, each in readings if each.state == "gone" and look > read_at]
    end = "retracted" if gone and gone[-1] - gone[0] >= _GONE_FOR else "indexed"
    version = last.version
    changed_at = gone[0] if gone else version.at if version else read_at
    in_time = changed_at <= known.listed_at + _FOLLOWED_FOR
    return replace(
        known,
        end=end,
        title=version.title if version else known.title,
        paragraphs=last.paragraphs,
        sure=known.sure and last.sure and in_time,
    )


def _never_read(world: World, article: Article, known: Expected, last: _Reading) -> Expected:
    """Return how an article ends whose page never could be read."""
    if last.state == "moved":
        return replace(known, end="alias", of=last.to, why="moved", sure=known.sure and last.sure)
    if last.state == "failing":
        return replace(known, end="in_flight", why=last.why, sure=False)
    if last.state == "gone":
        text, full = max(
            (_feed_text(article, spec) for spec in world.sites.outlet_of(article).feeds),
            key=lambda said: len(said[0]),
        )
        if len(text) >= _FEED_TEXT_CHARS:
            return replace(known, end="indexed", why=last.why, text_source="feed", sure=full)
    return replace(known, end="dropped", why=last.why)


def _feed_text(article: Article, spec: FeedSpec) -> tuple[str, bool]:
    """Return what a feed itself says of an article, and whether that is all of it."""
    version = article.versions[0]
    if spec.format == "sitemap_index":
        return "", False
    if spec.full_text:
        return "\n\n".join(version.paragraphs), True
    return article.standfirst or version.paragraphs[0], False


def _read(world: World, article: Article, look: datetime) -> _Reading:
    """Return what an article's page gives at one look."""
    host = world.sites.outlet_of(article).host
    targets = {article.id, host + world.sites.path(article)}
    events = [e for e in world.script.events if e.target in targets and e.active(look)]
    robots = [e for e in world.script.events if e.target == f"{host}/robots.txt" and e.active(look)]
    if any(each.does is Does.STATUS and each.status not in _GONE for each in robots):
        return _Reading("failing", why="robots_unavailable")
    lasting = [each for each in events if each.first is None]
    interrupted = next(filter(None, map(_interruption, lasting)), None)
    if interrupted is not None:
        return interrupted
    version = article.version(look)
    if version is None:
        return _Reading("gone", why="not_found")
    paywalled = any(each.does is Does.PAYWALL for each in lasting)
    shown = version.paragraphs[:TEASER_PARAGRAPHS] if paywalled else version.paragraphs
    return _Reading("ok", version, shown, sure=len(lasting) == len(events))


def _interruption(event: Event) -> _Reading | None:
    """Return what an event makes of a page; None when it can be read all the same."""
    if event.does is Does.MOVED and event.to and not event.to.startswith("/"):
        return _Reading("moved", to=event.to)  # to a path of its own host it can be followed
    if event.does is Does.STATUS and event.status in _GONE:
        return _Reading("gone", why="not_found")
    if event.does in (Does.STATUS, Does.CUT, Does.EMPTY):
        return _Reading("failing", why=event.does.value)
    if event.does in (Does.SOFT_404, Does.BOT_WALL, Does.HTML):
        return _Reading("refused", why=event.does.value)
    return None


def _duplicates(settled: Mapping[str, Expected], world: World) -> dict[str, Expected]:
    """Mark all but the first of an outlet's articles that say the same word for word."""
    first: dict[tuple[str, tuple[str, ...]], Expected] = {}
    marked = dict(settled)
    order = sorted(
        (each for each in settled.values() if each.paragraphs and each.end == "indexed"),
        key=lambda each: (each.listed_at, world.sites.articles[each.id].published_at, each.id),
    )
    for each in order:
        original = first.setdefault((each.outlet, each.paragraphs), each)
        if original is not each:
            sure = each.sure and original.listed_at < each.listed_at
            marked[each.id] = replace(each, end="duplicate", of=original.id, sure=sure)
    return marked
