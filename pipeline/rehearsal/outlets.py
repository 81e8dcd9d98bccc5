"""The ten outlets of the rehearsal world: where they stand, what they offer, and their bad habits.

Every habit is one that real outlets have. Hosts are <slug>.localhost, so they stay on loopback.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.model import Feed, FeedKind

Validators = Literal["strong", "weak", "modified", "gzip_suffix", "none"]


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """One feed of an outlet and how it is written."""

    id: str
    path: str
    format: Literal["rss", "atom", "rdf", "json", "sitemap_index"]
    sections: tuple[str, ...] = ()  # empty: all
    size: int = 20  # newest entries listed
    tracking: str = ""  # query put behind every link
    links: Literal["page", "amp", "mobile"] = "page"  # which of an article's addresses it lists
    late_s: int = 0  # lists an article only so long after its publication
    #: url; opaque (a number, isPermaLink=false); none; scheme_flips (https from mid-September on);
    #: counted (#0, then #1 after an edit, as the BBC does)
    guid: Literal["url", "opaque", "none", "scheme_flips", "counted"] = "url"
    #: gmt; offset; zone_name (EEST); local_as_gmt (hours ahead); no_zone; turkish; none
    dates: Literal["gmt", "offset", "zone_name", "local_as_gmt", "no_zone", "turkish", "none"] = (
        "gmt"
    )
    encoding: str = "utf-8"
    declares: str | None = "utf-8"  # what the XML declaration says; None: nothing
    content_type: str = "application/rss+xml"
    full_text: bool = False
    ticks: bool = False  # lastBuildDate is the time of asking
    validators: Validators = "strong"
    max_age_s: int | None = None
    ttl_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """One publisher: its place in the world, its site and its feeds."""

    slug: str
    name: str
    language: str
    country: str
    timezone: str
    feeds: tuple[FeedSpec, ...]
    path: str = "/{section}/{id}"  # of an article; also {year} {month} {day} of publication
    layout: Literal["portal", "broadsheet", "agency", "magazine"] = "broadsheet"
    encoding: str = "utf-8"  # of its pages
    charset_header: bool = True  # False: only <meta> names the encoding
    canonical: Literal["own", "none", "of_original"] = "own"  # of_original: names the wire's host
    repeats_headline: bool = False
    json_ld: Literal["article", "graph", "wrong_dates", "none"] = "article"
    amp: bool = False
    mobile: bool = False  # a second address for every article, without rel=canonical
    page_clock: bool = False  # the page says when it was rendered
    page_validators: Validators = "strong"
    robots: str | None = "User-agent: *\nAllow: /\n"  # None: answers 404
    soft_404: bool = False  # says "not found" with status 200

    @property
    def host(self) -> str:
        """Return the host name of its site."""
        return f"{self.slug}.localhost"

    def catalogue(self, port: int) -> tuple[Feed, ...]:
        """Return its feeds as an operator would list them."""
        origin = f"http://{self.host}:{port}"
        return tuple(
            Feed(
                feed_id=spec.id,
                url=origin + spec.path,
                publisher=self.slug,
                title=f"{self.name}: {', '.join(spec.sections) or 'latest'}",
                language=self.language,
                country=self.country,
                timezone=self.timezone,
                section=spec.sections[0] if len(spec.sections) == 1 else None,
                kind=FeedKind.SITEMAP if spec.format == "sitemap_index" else FeedKind.FEED,
                site_url=origin + "/",
            )
            for spec in self.feeds
        )


OUTLETS: tuple[Outlet, ...] = (
    Outlet(
        slug="kuzey-postasi",
        name="Kuzey Postası",
        language="tr",
        country="TR",
        timezone="Europe/Istanbul",
        path="/haber/{section}/{id}",
        layout="portal",
        encoding="windows-1254",
        charset_header=False,
        page_validators="modified",
        robots=None,
        feeds=(
            FeedSpec(
                id="kuzey-postasi-son-dakika",
                path="/rss/son-dakika.xml",
                format="rss",
                guid="opaque",
                dates="turkish",
                encoding="iso-8859-9",
                declares=None,
                content_type="text/xml",
            ),
            FeedSpec(
                id="kuzey-postasi-dunya",
                path="/rss/dunya.xml",
                format="rss",
                sections=("world",),
                tracking="utm_source=rss&utm_medium=dunya",
                guid="opaque",
                dates="no_zone",
                encoding="iso-8859-9",
                declares="utf-8",
                validators="modified",
                ttl_minutes=15,
            ),
        ),
    ),
    Outlet(
        slug="anadolu-ufku",
        name="Anadolu Ufku",
        language="tr",
        country="TR",
        timezone="Europe/Istanbul",
        path="/{year}/{month}/{day}/{id}.html",
        layout="portal",
        json_ld="graph",
        feeds=(
            FeedSpec(
                id="anadolu-ufku-manset",
                path="/feed",
                format="rss",
                dates="local_as_gmt",
                validators="weak",
                max_age_s=600,
            ),
        ),
    ),
    Outlet(
        slug="bosphorus-courier",
        name="Bosphorus Courier",
        language="en",
        country="TR",
        timezone="Europe/Istanbul",
        path="/{id}-{month}{day}",
        layout="broadsheet",
        repeats_headline=True,
        feeds=(
            FeedSpec(
                id="bosphorus-courier-latest",
                path="/rss",
                format="rss",
                tracking="utm_source=rss&utm_medium=feed",
                guid="scheme_flips",
                dates="offset",
            ),
            FeedSpec(
                id="bosphorus-courier-world",
                path="/rss/world",
                format="rss",
                sections=("world",),
                tracking="at_medium=RSS&at_campaign=world",
                guid="scheme_flips",
                dates="offset",
                validators="none",
            ),
        ),
    ),
    Outlet(
        slug="levant-gazette",
        name="The Levant Gazette",
        language="en",
        country="LB",
        timezone="Asia/Beirut",
        path="/news/{section}/{year}/{id}",
        layout="broadsheet",
        canonical="of_original",
        json_ld="graph",
        robots="User-agent: *\nCrawl-delay: 1\nDisallow: /search\n",
        feeds=(
            FeedSpec(
                id="levant-gazette-all",
                path="/feeds/all.rss",
                format="rss",
                guid="counted",
                dates="zone_name",
                validators="gzip_suffix",
            ),
        ),
    ),
    Outlet(
        slug="nahr-alakhbar",
        name="نهر الأخبار",
        language="ar",
        country="JO",
        timezone="Asia/Amman",
        path="/article/{id}",
        layout="agency",
        encoding="windows-1256",
        charset_header=False,
        json_ld="none",
        page_validators="none",
        feeds=(
            FeedSpec(
                id="nahr-alakhbar-akhbar",
                path="/rss.xml",
                format="rss",
                guid="none",
                dates="no_zone",
                encoding="windows-1256",
                declares="windows-1256",
                content_type="text/xml",
            ),
        ),
    ),
    Outlet(
        slug="potomac-ledger",
        name="The Potomac Ledger",
        language="en",
        country="US",
        timezone="America/New_York",
        path="/{section}/{year}/{month}/{day}/{id}/",
        layout="broadsheet",
        amp=True,
        robots="User-agent: *\nDisallow: /private/\nDisallow: /account\n\n"
        "User-agent: GreedyBot\nDisallow: /\n",
        feeds=(
            FeedSpec(
                id="potomac-ledger-top",
                path="/arc/outboundfeeds/rss/",
                format="rss",
                tracking="itid=lk_rss&utm_source=rss",
                dates="gmt",
                max_age_s=300,
            ),
            FeedSpec(
                id="potomac-ledger-sitemap",
                path="/sitemaps/news-index.xml",
                format="sitemap_index",
                dates="offset",
                content_type="application/xml",
                size=100,
            ),
        ),
    ),
    Outlet(
        slug="rheinblatt",
        name="Rheinblatt",
        language="de",
        country="DE",
        timezone="Europe/Berlin",
        path="/{section}/{id}.html",
        layout="magazine",
        json_ld="graph",
        amp=True,
        feeds=(
            FeedSpec(
                id="rheinblatt-aktuell",
                path="/aktuell.atom",
                format="atom",
                tracking="wt_mc=rss.aktuell",
                guid="opaque",
                dates="offset",
                content_type="application/atom+xml",
                full_text=True,
            ),
            FeedSpec(
                id="rheinblatt-mobil",
                path="/mobil.rss",
                format="rss",
                links="amp",
                late_s=3 * 3600,
                dates="offset",
                size=10,
            ),
        ),
    ),
    Outlet(
        slug="courrier-du-rhone",
        name="Courrier du Rhône",
        language="fr",
        country="FR",
        timezone="Europe/Paris",
        path="/{section}/article/{year}/{month}/{day}/{id}.html",
        layout="magazine",
        canonical="none",
        json_ld="none",
        mobile=True,
        page_clock=True,
        page_validators="weak",
        feeds=(
            FeedSpec(
                id="courrier-du-rhone-une",
                path="/rss/une.rdf",
                format="rdf",
                tracking="xtor=RSS-1",
                dates="offset",
                content_type="application/rdf+xml",
            ),
            FeedSpec(
                id="courrier-du-rhone-mobile",
                path="/rss/mobile.xml",
                format="rss",
                links="mobile",
                late_s=6 * 3600,
                dates="none",
                guid="none",
                size=10,
            ),
        ),
    ),
    Outlet(
        slug="meridian-wire",
        name="Meridian Wire",
        language="en",
        country="GB",
        timezone="Europe/London",
        path="/article/{id}",
        layout="agency",
        feeds=(
            FeedSpec(
                id="meridian-wire-json",
                path="/feed.json",
                format="json",
                guid="opaque",
                dates="offset",
                content_type="application/feed+json",
                full_text=True,
                size=25,
            ),
            FeedSpec(
                id="meridian-wire-world",
                path="/rss/world.xml",
                format="rss",
                sections=("world",),
                tracking="utm_campaign=world",
                guid="opaque",
                size=25,
            ),
        ),
    ),
    Outlet(
        slug="stadium-tribune",
        name="Stadium Tribune",
        language="en",
        country="GB",
        timezone="Europe/London",
        path="/sport/{section}/{id}",
        layout="magazine",
        json_ld="wrong_dates",
        page_validators="weak",
        soft_404=True,
        feeds=(
            FeedSpec(
                id="stadium-tribune-headlines",
                path="/headlines.xml",
                format="rss",
                tracking="cmpid=rss",
                ticks=True,
            ),
        ),
    ),
)
