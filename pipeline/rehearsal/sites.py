"""Which addresses the rehearsal world has, and what stands in each feed at a time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError, Fault
from pipeline.rehearsal.articles import Article, Version, in_order
from pipeline.rehearsal.outlets import FeedSpec, Outlet
from pipeline.rehearsal.script import Does, Link, Script, check_targets


@dataclass(frozen=True, slots=True)
class Place:
    """What stands at one address. `kind` names the page; the other fields say whose."""

    outlet: Outlet
    kind: str  # home | robots | section | article | amp | mobile | feed | month | link | image
    article: Article | None = None
    feed: FeedSpec | None = None
    link: Link | None = None
    name: str = ""  # section: its name; month: YYYY-MM


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of a feed: an article as it reads at that time, or a link to something else."""

    url: str  # without tracking
    at: datetime  # when it was published
    changed_at: datetime
    title: str
    article: Article | None = None
    version: Version | None = None


class Sites:
    """Every address of the world. Raises ConfigError for what does not fit together."""

    def __init__(
        self, outlets: Sequence[Outlet], articles: Sequence[Article], script: Script, port: int
    ) -> None:
        self.outlets = {outlet.slug: outlet for outlet in outlets}
        self.port = port
        self.articles = {article.id: article for article in in_order(articles)}
        self.feeds = {spec.id: (outlet, spec) for outlet in outlets for spec in outlet.feeds}
        faults = [
            Fault(article.id, "outlet", f"there is no outlet {article.outlet!r}")
            for article in articles
            if article.outlet not in self.outlets
        ]
        faults += check_targets(script, self.feeds, self.articles)
        if faults:
            raise ConfigError(faults)
        self.script = script
        self._by_outlet: dict[str, list[Article]] = {slug: [] for slug in self.outlets}
        for article in self.articles.values():
            self._by_outlet[article.outlet].append(article)
        self._places: dict[tuple[str, str], Place] = {}
        for outlet in outlets:
            self._survey(outlet)
        self._add_new_addresses()

    def find(self, host: str, path: str) -> Place | None:
        """Return what stands at an address, published yet or not."""
        return self._places.get((host, path))

    def origin(self, outlet: Outlet) -> str:
        """Return scheme, host and port of an outlet's site."""
        return f"http://{outlet.host}:{self.port}"

    def outlet_of(self, article: Article) -> Outlet:
        """Return the outlet that published an article."""
        return self.outlets[article.outlet]

    def path(self, article: Article, which: str = "page") -> str:
        """Return the path of an article's page, AMP page or mobile page."""
        outlet = self.outlet_of(article)
        local = article.published_at.astimezone(ZoneInfo(outlet.timezone))
        path = outlet.path.format(
            section=article.section,
            id=article.id,
            year=f"{local:%Y}",
            month=f"{local:%m}",
            day=f"{local:%d}",
        )
        return {"page": "", "amp": "/amp", "mobile": "/m"}[which] + path

    def url(self, article: Article, which: str = "page") -> str:
        """Return an absolute address of an article, without tracking."""
        return self.origin(self.outlet_of(article)) + self.path(article, which)

    def published(self, outlet: Outlet, now: datetime) -> list[Article]:
        """Return an outlet's articles that can be read at a time, newest first."""
        return [each for each in reversed(self._by_outlet[outlet.slug]) if each.version(now)]

    def listed(self, spec: FeedSpec, now: datetime) -> list[Listing]:
        """Return what a healthy feed lists at a time, newest first."""
        outlet, _ = self.feeds[spec.id]
        late = timedelta(seconds=spec.late_s)
        lines = []
        for article in self._by_outlet[outlet.slug]:
            version = article.version(now)
            if version is None or article.published_at + late > now:
                continue
            if spec.sections and article.section not in spec.sections:
                continue
            address = self.url(article, spec.links)
            at = article.published_at
            lines.append(Listing(address, at, version.at, version.title, article, version))
        for link in self.script.links:
            if link.feed == spec.id and link.published_at <= now:
                address = self.origin(outlet) + link.path
                lines.append(Listing(address, link.published_at, link.published_at, link.title))
        return sorted(lines, key=lambda line: (line.at, line.url), reverse=True)[: spec.size]

    def sections(self, outlet: Outlet) -> list[str]:
        """Return the names of an outlet's sections, in order."""
        return sorted({article.section for article in self._by_outlet[outlet.slug]})

    def _survey(self, outlet: Outlet) -> None:
        """Put every address of one outlet on the map."""
        self._put(outlet, "/", Place(outlet, "home"))
        self._put(outlet, "/robots.txt", Place(outlet, "robots"))
        self._put(outlet, "/images/square.png", Place(outlet, "image"))
        for name in self.sections(outlet):
            self._put(outlet, f"/section/{name}", Place(outlet, "section", name=name))
        for article in self._by_outlet[outlet.slug]:
            self._put(outlet, self.path(article), Place(outlet, "article", article))
            if outlet.amp:
                self._put(outlet, self.path(article, "amp"), Place(outlet, "amp", article))
            if outlet.mobile:
                self._put(outlet, self.path(article, "mobile"), Place(outlet, "mobile", article))
        for spec in outlet.feeds:
            self._put(outlet, spec.path, Place(outlet, "feed", feed=spec))
            if spec.format == "sitemap_index":
                for month in {f"{each.published_at:%Y-%m}" for each in self.articles.values()}:
                    child = Place(outlet, "month", feed=spec, name=month)
                    self._put(outlet, month_path(spec, month), child)
        for link in self.script.links:
            if self.feeds[link.feed][0] is outlet and link.serves != "nothing":
                self._put(outlet, link.path, Place(outlet, "link", link=link))

    def _add_new_addresses(self) -> None:
        """Serve what moves to another path of its host there as well."""
        for event in self.script.events:
            if event.does is not Does.MOVED or not event.to or not event.to.startswith("/"):
                continue
            if event.feed:
                outlet, spec = self.feeds[event.feed]
                place = Place(outlet, "feed", feed=spec)
            elif event.article:
                article = self.articles[event.article]
                outlet = self.outlet_of(article)
                place = Place(outlet, "article", article)
            else:
                continue
            self._places.setdefault((outlet.host, event.to), place)

    def _put(self, outlet: Outlet, path: str, place: Place) -> None:
        if (outlet.host, path) in self._places:
            raise ConfigError([Fault(outlet.slug, path, "two things stand at this address")])
        self._places[(outlet.host, path)] = place


def month_path(spec: FeedSpec, month: str) -> str:
    """Return the address of the news sitemap of one month (YYYY-MM)."""
    return f"{spec.path.rpartition('/')[0]}/news-{month}.xml"
