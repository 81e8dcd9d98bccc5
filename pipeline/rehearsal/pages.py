"""Writes the pages of the rehearsal world: articles with all that real pages put around them."""

import json
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from pipeline.rehearsal.articles import Article, Version
from pipeline.rehearsal.layouts import TEMPLATES
from pipeline.rehearsal.outlets import FeedSpec, Outlet
from pipeline.rehearsal.sites import Sites

WORDS: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "furniture.toml").read_text("utf-8")
)
_RELATED = 4  # teasers beside an article
_HEADLINES = 30  # on a front or section page
TEASER_PARAGRAPHS = 2  # what stands before a paywall

_FEED_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
}


def article_page(
    sites: Sites, article: Article, version: Version, now: datetime, *, which: str, paywalled: bool
) -> bytes:
    """Return an article's page (`which`: article, amp or mobile) as it stands at a time."""
    outlet = sites.outlet_of(article)
    others = [each for each in sites.published(outlet, now) if each.id != article.id]
    shown = version.paragraphs[:TEASER_PARAGRAPHS] if paywalled else version.paragraphs
    edited = version.at > article.published_at
    layout = outlet.layout if which == "article" else which
    return _render(
        f"{layout}.html.j2",
        outlet,
        article=article,
        version=version,
        paragraphs=shown,
        paywalled=paywalled,
        published=_local(article.published_at, outlet),
        updated=_local(version.at, outlet) if edited else None,
        related=[_teaser(sites, each, now) for each in others[:_RELATED]],
        most_read=[_teaser(sites, each, now) for each in others[_RELATED : 2 * _RELATED]],
        url=sites.url(article),
        amp_url=sites.url(article, "amp") if outlet.amp else None,
        canonical=_canonical(sites, outlet, article),
        structured=_json_ld(sites, outlet, article, version, paywalled=paywalled),
        site=sites.origin(outlet),
        rendered=now.isoformat() if outlet.page_clock else None,
        feeds=_alternates(outlet),
    )


def front_page(sites: Sites, outlet: Outlet, now: datetime, *, section: str | None) -> bytes:
    """Return an outlet's home page, or the page of one of its sections."""
    shown = [each for each in sites.published(outlet, now) if section in (None, each.section)]
    return _render(
        "front.html.j2",
        outlet,
        heading=section.title() if section else outlet.name,
        sections=sites.sections(outlet),
        headlines=[_teaser(sites, each, now) for each in shown[:_HEADLINES]],
        feeds=_alternates(outlet),
        site=sites.origin(outlet),
    )


def notice_page(outlet: Outlet, kind: str) -> bytes:
    """Return a page that is no story: `not_found` or `challenge`."""
    return _render("notice.html.j2", outlet, kind=kind)


def _render(template: str, outlet: Outlet, **values: object) -> bytes:
    words = WORDS[outlet.language]
    text = TEMPLATES.get_template(template).render(outlet=outlet, words=words, **values)
    # What a code page lacks becomes a character reference, as editors' systems do.
    return text.encode(outlet.encoding, "xmlcharrefreplace")


def _local(at: datetime, outlet: Outlet) -> datetime:
    return at.astimezone(ZoneInfo(outlet.timezone)).replace(microsecond=0)


def _teaser(sites: Sites, article: Article, now: datetime) -> dict[str, str]:
    version = article.version(now) or article.versions[-1]
    text = article.standfirst or version.paragraphs[0]
    return {"url": sites.path(article), "title": version.title, "text": text[:160]}


def _alternates(outlet: Outlet) -> list[dict[str, str]]:
    """Return what a page says about feeds in <link rel=alternate>; sitemaps are not named there."""
    return [
        {"url": spec.path, "type": _FEED_TYPES[spec.format], "title": _feed_title(outlet, spec)}
        for spec in outlet.feeds
        if spec.format in _FEED_TYPES
    ]


def _feed_title(outlet: Outlet, spec: FeedSpec) -> str:
    return ": ".join([outlet.name, *spec.sections])


def _canonical(sites: Sites, outlet: Outlet, article: Article) -> str | None:
    """Return what the page claims as its address; a trap where it names another host."""
    if outlet.canonical == "none":
        return None
    if outlet.canonical == "of_original" and article.wire_of:
        return sites.url(sites.articles[article.wire_of])
    return sites.url(article)


def _json_ld(
    sites: Sites, outlet: Outlet, article: Article, version: Version, *, paywalled: bool
) -> Markup | None:
    """Return the structured statement about the article in the outlet's manner."""
    if outlet.json_ld == "none":
        return None
    wrong = timedelta(days=365) if outlet.json_ld == "wrong_dates" else timedelta(0)
    news: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": version.title,
        "description": article.standfirst,
        "datePublished": (_local(article.published_at, outlet) - wrong).isoformat(),
        "dateModified": (_local(version.at, outlet) - wrong).isoformat(),
        "inLanguage": outlet.language,
        "articleSection": article.section,
        "keywords": ", ".join(article.keywords),
        "author": [{"@type": "Person", "name": name} for name in article.authors],
        "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name},
        "image": [sites.origin(outlet) + "/images/square.png"],
        "mainEntityOfPage": sites.url(article),
    }
    if paywalled:
        news |= {
            "isAccessibleForFree": False,
            "hasPart": {
                "@type": "WebPageElement",
                "isAccessibleForFree": False,
                "cssSelector": ".for-subscribers",
            },
        }
    said: dict[str, Any] = {"@context": "https://schema.org", **news}
    if outlet.json_ld == "graph":
        site = {"@type": "WebSite", "name": outlet.name, "url": sites.origin(outlet) + "/"}
        crumbs = {"@type": "BreadcrumbList", "itemListElement": []}
        said = {"@context": "https://schema.org", "@graph": [site, crumbs, news]}
    # "<" would let a headline end the script element.
    return Markup(json.dumps(said, indent=1).replace("<", "\\u003c"))  # noqa: S704
