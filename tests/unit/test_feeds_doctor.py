"""The feed doctor and the search for feeds: what is found, and what is advised."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from feed_documents import NOW, URL, item, page, parse, rss

from pipeline.cli.clinic import Clinic
from pipeline.config import Config
from pipeline.errors import Exemption, ItemError, Permanent, Transient
from pipeline.feeds.discover import declared, find_candidates
from pipeline.feeds.doctor import Severity, diagnose
from pipeline.feeds.parse import parse_feed
from pipeline.model import Feed, FeedKind

FEED = Feed("example", URL, "example", timezone="Europe/Istanbul")
DATED = item(1, date="Tue, 10 Sep 2019 10:00:00 GMT")
VALIDATED = (("ETag", '"a"'),)


def findings(document, *, feed=FEED, **arguments):
    """Return slug → finding of a feed that answers with a document."""
    answer = page(document, **({"headers": VALIDATED} | arguments))
    try:
        parsed = parse(answer.body, url=answer.final_url, timezone=feed.timezone)
    except ItemError as error:
        parsed = error
    found = diagnose(feed, answer, parsed, NOW, stale_after_days=14)
    return {finding.slug: finding for finding in found.findings}


def test_a_healthy_feed_has_no_findings_and_a_cost():
    answer = page(rss(DATED), headers=VALIDATED)
    found = diagnose(FEED, answer, parse(answer.body), NOW, stale_after_days=14)
    assert (found.findings, found.ill) == ((), False)
    assert (found.cost.entries, found.cost.conditional) == (1, True)
    assert found.cost.wire_bytes == len(answer.wire_body)
    assert found.newest_at == NOW - timedelta(hours=2)


@pytest.mark.parametrize("error", [Permanent("blocked_address"), Transient("dns_unknown_host")])
def test_a_feed_that_cannot_be_had_is_ill(error):
    found = diagnose(FEED, error, None, NOW, stale_after_days=14)
    assert (found.findings[0].slug, found.ill, found.cost) == (error.reason, True, None)


def test_what_our_guard_refused_names_every_setting_at_once():
    exemption = Exemption(("10.0.0.0/8", "127.0.0.1"), (80, 443, 8080))
    refused = Permanent("blocked_address", exemption=exemption)
    found = diagnose(FEED, refused, None, NOW, stale_after_days=14)
    settings = '[fetch] allow_private = ["10.0.0.0/8", "127.0.0.1"], ports = [80, 443, 8080]'
    assert settings in found.findings[0].advice
    assert "pipeline.toml" in found.findings[0].advice
    assert found.exemption == exemption


@pytest.mark.parametrize(
    ("document", "slug", "severity"),
    [
        (rss(), "empty_feed", Severity.ILL),
        ("", "empty_body", Severity.ILL),
        ("<html>hello</html>", "not_a_feed", Severity.ILL),
        (rss(item(date="Mon, 01 Jul 2019 10:00:00 GMT")), "stale", Severity.ILL),
        (rss(item(date="Tue, 10 Sep 2019 15:00:00 GMT")), "wrong_zone", Severity.WARNING),
        (rss(item()), "no_dates", Severity.NOTE),
        (rss(DATED, item(2, link="")), "no_links", Severity.NOTE),
        (rss(item(link="", date="Tue, 10 Sep 2019 10:00:00 GMT")), "no_links", Severity.ILL),
        (rss(DATED).encode("utf-8").replace(b"Example", b"\xff"), "bad_encoding", Severity.WARNING),
        (rss(DATED).replace("Example", "A & B"), "malformed", Severity.NOTE),
        (rss(DATED, DATED)[:-15], "truncated", Severity.WARNING),
        (rss(DATED, DATED), "entries_dropped", Severity.NOTE),
        ("<sitemapindex><sitemap><loc>/x</loc></sitemap></sitemapindex>", "sitemap_index",
         Severity.WARNING),
        (rss(DATED) + " " * 1_100_000, "large", Severity.NOTE),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(document, slug, severity):
    assert findings(document)[slug].severity is severity


@pytest.mark.parametrize("status", [404, 403, 410, 429, 500])
def test_statuses_are_named(status):
    found = diagnose(FEED, page(status=status), None, NOW, stale_after_days=14)
    assert [finding.slug for finding in found.findings] == [f"http_{status}"]


def test_how_far_the_clock_is_off_is_said():
    dated = [item(n, date="Tue, 10 Sep 2019 15:00:00 GMT") for n in range(3)]
    assert "3.0 hours" in findings(rss(*dated))["wrong_zone"].sentence


def test_a_missing_zone_is_asked_for():
    without = replace(FEED, timezone=None)
    document = rss(item(date="Tue, 10 Sep 2019 10:00:00"))
    assert "zone_missing" in findings(document, feed=without)
    assert "zone_missing" not in findings(document)


def test_redirects_proxies_and_missing_validators_are_told():
    new = "https://new.example/rss"
    assert new in findings(rss(DATED), hops=[(301, new)])["moved"].advice
    assert findings(rss(DATED), hops=[(302, new)])["redirects"].severity is Severity.NOTE
    google = replace(FEED, url="https://news.google.com/rss/search?q=x")
    assert "proxied_links" in findings(rss(DATED), feed=google)
    assert "no_validators" in findings(rss(DATED), headers=())
    assert "wrong_kind" in findings(rss(DATED), feed=replace(FEED, kind=FeedKind.SITEMAP))


HOME = """<html><head><base href="/en/">
<link rel="alternate" type="application/rss+xml" title="All" href="rss">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" hreflang="tr" href="/tr/"><link rel="stylesheet" href="x.rss">
</head><body><a href="/world/feed/">World</a><a href="http://else.example/feed">Else</a>
<a href="/about">About</a></body></html>"""
SITE = "http://site.example/"


def test_declared_feeds_come_first_then_linked_then_robots_then_usual_places():
    robots = "Sitemap: /news-map.xml\nSitemap: /other.xml\n"
    found = find_candidates(HOME.encode(), SITE, robots=robots)
    assert [(c.source, c.url) for c in found[:3]] == [
        ("declared", "http://site.example/en/rss"),
        ("linked", "http://site.example/world/feed/"),
        ("robots", "http://site.example/news-map.xml"),
    ]
    assert {c.source for c in found[3:]} == {"well_known"}
    assert [c.url for c in declared(HOME.encode(), SITE)] == ["http://site.example/en/rss"]


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"<" * 10_000, b"<div>" * 20_000])
def test_pages_that_are_none_have_only_usual_places(body):
    assert {c.source for c in find_candidates(body, SITE)} == {"well_known"}


class FakeFetcher:
    """Answers from a table; everything else is a 404."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    async def get(self, url, _kind, **_conditions):
        self.asked.append(url)
        await asyncio.sleep(0)
        answer = self.answers.get(url, page(status=404, url=url))
        if isinstance(answer, Exception):
            raise answer
        return answer if not isinstance(answer, str) else page(answer, url=url)

    async def aclose(self):
        """Nothing is open."""


class SameProcess:
    """Does a worker's task at once."""

    async def run(self, task, /, **arguments):
        assert task == "parse_feed"
        return parse_feed(**arguments)

    def close(self):
        """Nothing is open."""


class JumpingClock:
    """Does not wait, but the time passes."""

    def __init__(self):
        self.time, self.slept_s = NOW, 0.0

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.slept_s += seconds
        self.time += timedelta(seconds=seconds)


def clinic(answers):
    return Clinic(FakeFetcher(answers), SameProcess(), JumpingClock(), Config())


def test_every_feed_is_checked_once_at_its_hosts_pace():
    feeds = [Feed(f"f{n}", f"http://h{n % 2}.example/{n}", "p") for n in range(6)]
    visit = clinic({feeds[0].url: rss(DATED), feeds[1].url: Transient("deadline")})

    async def check():
        return {d.feed.feed_id: d.ill async for d in visit.check(feeds)}

    assert asyncio.run(check()) == {f"f{n}": n != 0 for n in range(6)}
    assert sorted(visit.fetcher.asked) == sorted(feed.url for feed in feeds)
    assert visit.clock.slept_s > 0


def test_how_old_is_too_old_is_the_operators_setting():
    answer = page(rss(item(date="Wed, 21 Aug 2019 10:00:00 GMT")), headers=VALIDATED)  # 20 days
    for days, found in ((14, ["stale"]), (30, [])):
        said = diagnose(FEED, answer, parse(answer.body), NOW, stale_after_days=days)
        assert [one.slug for one in said.findings] == found
