"""`feeds discover`: what is asked, what is left alone, and what is said of it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import typer
from feed_documents import item, rss
from support_fakes import FakeFetcher, StillClock
from support_run import InlineWorkers
from typer.testing import CliRunner

from pipeline.cli import feeds as feeds_commands
from pipeline.cli.clinic import Clinic
from pipeline.cli.discovery import discover
from pipeline.config import Config
from pipeline.errors import ItemError
from pipeline.feeds.discover import WELL_KNOWN

SITE = "https://site.example/"
ROBOTS = "https://site.example/robots.txt"
NAMED = "https://site.example/en/rss"
MAP = "https://site.example/news-map.xml"
HOME = "<link rel='alternate' type='application/rss+xml' href='/en/rss'><p>Hello.</p>"
FEED = rss(item(1, date="Tue, 10 Sep 2019 10:00:00 GMT")).encode()
SITEMAP = (
    b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://site.example/a"
    b"</loc></url></urlset>"
)
DISALLOW_ALL = b"User-agent: *\nDisallow: /\n"


@pytest.fixture
def clinic():
    """A site with a home page and no rules; every other address of it is a 404."""
    clock = StillClock()
    made = Clinic(FakeFetcher(clock), InlineWorkers(), clock, Config())
    for path in ("/robots.txt", *WELL_KNOWN):
        made.fetcher.on(f"https://site.example{path}", status=404)
    made.fetcher.on(SITE, HOME.encode())
    return made


def look(clinic, url=SITE):
    return asyncio.run(discover(clinic, url))


def asked(clinic):
    return [url for url, *_ in clinic.fetcher.requests]


def test_only_what_is_a_feed_is_given(clinic):
    clinic.fetcher.on(SITE, f"{HOME}<a href='/world/feed/'>World</a>".encode())
    clinic.fetcher.on("https://site.example/world/feed/", b"<html>no</html>")
    clinic.fetcher.on(NAMED, FEED)
    result = look(clinic)
    assert [(f.url, f.source, f.entries) for f in result.found] == [(NAMED, "declared", 1)]
    assert (result.tried, result.closed) == (2, ())
    assert asked(clinic)[0] == ROBOTS
    assert not any("atom.xml" in url for url in asked(clinic))


def test_usual_places_are_tried_when_the_page_names_none(clinic):
    clinic.fetcher.on(SITE, b"<html></html>")
    clinic.fetcher.on("https://site.example/rss.xml", FEED)
    assert [f.source for f in look(clinic).found] == ["well_known"]


def test_an_address_that_is_a_feed_itself_is_the_answer(clinic):
    clinic.fetcher.on(SITE, FEED)
    result = look(clinic)
    assert ([f.source for f in result.found], result.tried) == (["itself"], 1)


def test_a_site_that_is_not_there_is_an_error(clinic):
    clinic.fetcher.on(SITE, status=404)
    with pytest.raises(ItemError, match="http_404"):
        look(clinic)


# ── robots.txt ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "rules", [DISALLOW_ALL, b"User-agent: Newsline\nDisallow: /$\n\nUser-agent: *\nAllow: /\n"]
)
def test_a_page_that_we_may_not_read_is_not_asked(clinic, rules):
    clinic.fetcher.on(ROBOTS, rules)
    with pytest.raises(ItemError) as caught:
        look(clinic)
    assert caught.value.reason == "robots_disallowed"
    assert asked(clinic) == [ROBOTS]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_robots_txt_that_cannot_be_had_counts_as_no(clinic, status):
    clinic.fetcher.on(ROBOTS, status=status)
    with pytest.raises(ItemError, match=rf"cannot be had now \(http_{status}\)"):
        look(clinic)
    assert asked(clinic) == [ROBOTS]


def test_a_host_that_nobody_knows_is_named_with_its_reason(clinic):
    with pytest.raises(ItemError, match="dns_unknown_host"):
        look(clinic, "https://nowhere.example/")


def test_a_redirect_asks_the_robots_txt_of_where_it_leads(clinic):
    other = "https://other.example/"
    clinic.fetcher.on(SITE, status=301, headers=(("Location", other),))
    clinic.fetcher.on(f"{other}robots.txt", DISALLOW_ALL)
    clinic.fetcher.on(other, HOME.encode())
    with pytest.raises(ItemError, match="robots_disallowed"):
        look(clinic)


def test_sitemaps_and_guesses_that_we_may_not_read_are_left_alone_and_named(clinic):
    rules = f"User-agent: *\nDisallow: /news\nDisallow: /feed\nSitemap: {MAP}\n"
    clinic.fetcher.on(ROBOTS, rules.encode())
    clinic.fetcher.on(MAP, SITEMAP)
    clinic.fetcher.on(NAMED, b"<html>no</html>")
    result = look(clinic)
    assert result.found == ()
    assert {MAP, "https://site.example/feed", "https://site.example/news-sitemap.xml"} <= set(
        result.closed
    )
    assert not set(asked(clinic)) & set(result.closed)


def test_a_sitemap_that_we_may_read_is_read(clinic):
    clinic.fetcher.on(ROBOTS, f"User-agent: *\nDisallow: /x\nSitemap: {MAP}\n".encode())
    clinic.fetcher.on(NAMED, b"<html>no</html>")
    clinic.fetcher.on(MAP, SITEMAP)
    assert [(f.url, f.source) for f in look(clinic).found] == [(MAP, "robots")]


def test_a_feed_that_the_page_names_is_asked_as_feeds_are(clinic):
    """The site published it for programs: robots.txt says nothing of it in a run either."""
    clinic.fetcher.on(ROBOTS, b"User-agent: *\nDisallow: /en/\n")
    clinic.fetcher.on(NAMED, FEED)
    assert [f.url for f in look(clinic).found] == [NAMED]


def test_a_crawl_delay_is_kept(clinic):
    clinic.fetcher.on(ROBOTS, b"User-agent: *\nCrawl-delay: 20\n")
    clinic.fetcher.on(NAMED, FEED)
    start = clinic.clock.now()
    look(clinic)
    assert (clinic.clock.now() - start).total_seconds() == 40  # robots.txt, page, feed


# ── what is said ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def newsline(clinic, monkeypatch):
    @asynccontextmanager
    async def opened(_config):
        yield clinic

    monkeypatch.setattr(feeds_commands, "_clinic", opened)
    app = typer.Typer()
    feeds_commands.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["feeds", "discover", *arguments])


def test_a_refusal_is_a_plain_sentence_and_bad_news(newsline, clinic):
    clinic.fetcher.on(ROBOTS, DISALLOW_ALL)
    result = newsline(SITE, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{ROBOTS} does not let Newsline read {SITE}." in result.stderr
    assert "put it into the catalogue" in result.stderr


def test_what_was_not_looked_at_is_named(newsline, clinic):
    clinic.fetcher.on(ROBOTS, f"User-agent: *\nDisallow: /news\nSitemap: {MAP}\n".encode())
    clinic.fetcher.on(NAMED, FEED)
    result = newsline(SITE)
    assert result.exit_code == 0
    assert f"not looked at, since robots.txt does not let us: {MAP}" in result.stderr
