"""Which signal wins for each field of a page, and what the others said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.authors import choose_authors, clean_authors
from pipeline.extract.dates import choose_dates, in_own_zone, read_claim, within_window
from pipeline.extract.fields import choose_fields
from pipeline.extract.head import read_head
from pipeline.extract.jsonld import read_story
from pipeline.extract.title import choose_title, without_site
from pipeline.extract.tree import parse
from pipeline.model import DateClaim

URL = "https://www.harbour-times.example/world/patrol"
FETCHED_AT = datetime(2019, 9, 10, 12, tzinfo=UTC)


def read(head="", body=""):
    tree = parse(f"<html><head>{head}</head><body>{body}</body></html>")
    return tree.root, read_head(tree.root, tree.markup), read_story(tree.root)


def json_ld(text):
    return f'<script type="application/ld+json">{text}</script>'


def title_of(head="", body="", sighted=""):
    return choose_title(*read(head, body), sighted)


def dates_of(head="", body="", *, sighted_at=None, timezone=None):
    return choose_dates(
        *read(head, body),
        url=URL,
        fetched_at=FETCHED_AT,
        sighted_at=sighted_at,
        timezone=timezone,
    )


def authors_of(head="", body=""):
    return choose_authors(*read(head, body), URL, [])


def fields_of(head="", url=URL):
    _, found, story = read(head)
    return choose_fields(found, story, url)


class TestTitle:
    def test_the_heading_on_the_page_wins_over_what_search_engines_are_told(self):
        title, evidence = title_of(
            "<title>Syria patrol: all you need to know | Harbour Times</title>"
            '<meta property="og:title" content="Syria patrol: all you need to know">',
            "<h1>Harbour Times</h1><h1>First patrol in Syria ends: what to know</h1>",
        )

        assert title == "First patrol in Syria ends: what to know"
        assert evidence.signal == "h1"
        assert ("og:title", "Syria patrol: all you need to know") in evidence.rivals

    def test_a_heading_about_something_else_is_no_headline(self):
        title, evidence = title_of(
            '<meta property="og:title" content="First joint patrol ends near Tal Abyad">',
            "<h1>Weather and traffic</h1>",
        )

        assert (title, evidence.signal) == ("First joint patrol ends near Tal Abyad", "og:title")

    def test_a_section_label_inside_the_heading_is_taken_off(self):
        head = json_ld('{"@type": "NewsArticle", "headline": "First joint patrol ends"}')

        assert title_of(head, "<h1>World | First joint patrol ends</h1>")[0] == (
            "First joint patrol ends"
        )

    def test_the_title_of_a_drawing_is_no_title(self):
        assert title_of(body="<svg><title>Menu icon</title></svg><p>Text</p>")[0] == ""

    def test_the_feed_helps_when_the_page_says_nothing(self):
        assert title_of(sighted="Patrol ends")[0] == "Patrol ends"

    def test_marks_that_turn_text_around_do_not_reach_the_title(self):
        title, _ = title_of("<title>Patrol \u202eends\u202c\u200b &#7;today</title>")

        assert title == "Patrol ends today"

    @pytest.mark.parametrize(
        ("title", "site", "expected"),
        [
            ("Patrol ends - Harbour Times", "Harbour Times", "Patrol ends"),
            ("Harbour Times | Patrol ends", "Harbour Times", "Patrol ends"),
            ("Patrol ends | World | Harbour Times", "", "Patrol ends"),
            ("Semi-final ends in a draw", "", "Semi-final ends in a draw"),
        ],
    )
    def test_the_name_of_the_site_is_cut_off(self, title, site, expected):
        assert without_site(title, site) == expected


class TestDates:
    def test_json_ld_wins_and_rivals_are_kept(self):
        found = dates_of(
            json_ld('{"@type":"NewsArticle","datePublished":"2019-09-10T11:05:00+03:00",'
                    '"dateModified":"2019-09-10T12:30:00+03:00"}')
            + '<meta property="article:published_time" content="2019-09-09T06:00:00Z">'
        )  # fmt: skip

        assert found.published_at.at == datetime(2019, 9, 10, 8, 5, tzinfo=UTC)
        assert found.published_at.source == "json-ld:datePublished"
        assert found.modified_at.at == datetime(2019, 9, 10, 9, 30, tzinfo=UTC)
        assert found.evidence["published_at"].rivals == (
            ("article:published_time", "2019-09-09T06:00:00Z"),
        )

    def test_signals_days_apart_are_flagged(self):
        found = dates_of(
            json_ld('{"@type":"NewsArticle","datePublished":"2019-09-10T08:00:00Z"}')
            + '<meta property="article:published_time" content="2019-08-01T08:00:00Z">'
        )

        assert "date_conflict" in found.flags

    @pytest.mark.parametrize(
        ("feed_day", "chosen"),
        [
            ("2019-09-10", "article:published_time"),  # two against one
            ("2018-09-09", "json-ld:datePublished"),  # the feed sides with the first
            ("2017-01-01", "json-ld:datePublished"),  # everyone says something else
        ],
    )
    def test_one_signal_yields_to_two_that_agree(self, feed_day, chosen):
        feed = DateClaim(datetime.fromisoformat(f"{feed_day}T08:00:00+00:00"), "second", "pubDate")

        found = dates_of(
            json_ld('{"@type":"NewsArticle","datePublished":"2018-09-10T08:00:00Z"}')
            + '<meta property="article:published_time" content="2019-09-10T08:00:00Z">',
            sighted_at=feed,
        )

        assert found.published_at.source == chosen
        assert found.evidence["published_at"].signal == chosen
        assert len(found.evidence["published_at"].rivals) == (1 if feed_day == "2019-09-10" else 2)
        assert "date_conflict" in found.flags

    def test_nothing_is_modified_long_before_it_is_published(self):
        found = dates_of(
            json_ld('{"@type":"NewsArticle","dateModified":"2018-09-10T08:00:00Z"}')
            + '<meta property="article:published_time" content="2019-09-10T08:00:00Z">'
            + '<meta property="article:modified_time" content="2019-09-10T09:00:00Z">'
        )

        assert found.modified_at.source == "article:modified_time"
        assert "date_conflict" in found.flags

    def test_a_time_without_zone_is_read_where_the_outlet_is(self):
        meta = '<meta property="article:published_time" content="2019-09-10T11:00:00">'

        istanbul = dates_of(meta, timezone="Europe/Istanbul").published_at
        unknown = dates_of(meta, timezone="Nowhere/City").published_at

        assert (istanbul.at.hour, unknown.at.hour) == (8, 11)
        assert istanbul.flags == unknown.flags == ("zone_assumed",)

    def test_a_day_is_midnight_in_the_zone_of_the_outlet(self):
        meta = '<meta property="article:published_time" content="2019-09-10">'

        claim = dates_of(meta, timezone="Europe/Istanbul").published_at

        assert (claim.at, claim.precision) == (datetime(2019, 9, 9, 21, tzinfo=UTC), "day")

    def test_a_time_a_bit_ahead_is_set_to_when_we_fetched_and_flagged(self):
        meta = '<meta property="article:published_time" content="2019-09-10T15:00:00Z">'

        found = dates_of(meta)

        assert (found.published_at.at, found.published_at.flags) == (FETCHED_AT, ("future",))
        assert "date_future" in found.flags

    @pytest.mark.parametrize("raw", ["2099-01-01T00:00:00Z", "1970-01-01", "1989-12-31T23:59:59Z"])
    def test_what_cannot_be_is_refused_and_never_becomes_now(self, raw):
        found = dates_of(f'<meta property="article:published_time" content="{raw}">')

        assert found.published_at is None
        assert "date_refused" in found.flags

    def test_the_feed_is_believed_before_a_search_through_the_text(self):
        sighted = DateClaim(FETCHED_AT - timedelta(hours=4), "second", "pubDate")

        found = dates_of(body="<p>Published 3 March 2018</p>", sighted_at=sighted)

        assert found.published_at == sighted

    def test_the_text_is_searched_when_nothing_else_says_anything(self):
        found = dates_of(body='<article><time datetime="2019-09-08">8 September</time>x</article>')

        assert (found.published_at.source, found.published_at.raw) == ("htmldate", "2019-09-08")

    def test_a_page_without_a_date_has_none(self):
        assert dates_of(body="<p>Copyright 1995 Harbour Times</p>").published_at is None

    @pytest.mark.parametrize(
        ("raw", "at", "precision"),
        [
            ("2019-09-10T11:00:00.123Z", "2019-09-10T11:00:00.123+00:00", "second"),
            ("2019-09-10T11:00+0300", "2019-09-10T08:00:00+00:00", "minute"),
            ("2019-09-10 11:00:00 +03:00", "2019-09-10T08:00:00+00:00", "second"),
            ("2019-09-10 11:00:00 UTC", "2019-09-10T11:00:00+00:00", "second"),
            ("Tue, 10 Sep 2019 11:00:00 +0300", "2019-09-10T08:00:00+00:00", "second"),
            ("20190910", "2019-09-10T00:00:00+00:00", "day"),
        ],
    )
    def test_times_are_read_in_the_spellings_that_sites_use(self, raw, at, precision):
        claim = read_claim(raw, "test", None)

        assert (claim.at, claim.precision) == (datetime.fromisoformat(at), precision)

    @pytest.mark.parametrize(
        "raw", ["", "soon", "2019-13-45", "2019-09-10T11:00+99:99", "0001-01-01"]
    )
    def test_what_is_no_time_or_outside_the_calendar_is_none_or_refused(self, raw):
        claim = read_claim(raw, "test", "Europe/Istanbul")

        assert claim is None or within_window(claim, FETCHED_AT) is None

    def test_the_publishers_own_day_can_be_had_back(self):
        claim = read_claim("2019-09-10T23:30:00-04:00", "test", None)

        assert in_own_zone(claim).isoformat() == "2019-09-10T23:30:00-04:00"

    @given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=20)))
    def test_any_text_is_a_claim_in_the_window_or_none(self, raw, timezone):
        claim = read_claim(raw, "test", timezone)
        kept = within_window(claim, FETCHED_AT) if claim else None

        assert kept is None or datetime(1990, 1, 1, tzinfo=UTC) <= kept.at <= FETCHED_AT + (
            timedelta(minutes=15)
        )


class TestAuthors:
    def test_json_ld_wins_and_its_graph_is_followed(self):
        head = (
            json_ld(
                '{"@graph": [{"@type": "NewsArticle", "headline": "x", "author": {"@id": "#1"}},'
                ' {"@type": "Person", "@id": "#1", "name": "Mina Okur"}]}'
            )
            + '<meta name="author" content="Harbour Times Staff">'
        )

        names, evidence = authors_of(head)

        assert (names, evidence.signal) == (("Mina Okur",), "json-ld:author")

    def test_a_byline_on_the_page_is_found(self):
        names, _ = authors_of(
            body='<article><a rel="author" href="/p/9">By Mina Okur</a></article>'
        )

        assert names == ("Mina Okur",)

    @pytest.mark.parametrize(
        ("claim", "names"),
        [
            ("By Mina Okur and Jon Petersen", ("Mina Okur", "Jon Petersen")),
            ("Von Mina Okur", ("Mina Okur",)),
            ("Mina Okur; Jon Petersen", ("Mina Okur", "Jon Petersen")),
            ("Mina Okur, MINA OKUR", ("Mina Okur",)),
            ("https://harbour-times.example/mina", ()),
            ("mina@harbour-times.example", ()),
            ("@minaokur", ()),
            ("Harbour Times", ()),
            ("Editorial staff", ()),
            ("The Harbour Times Analysis Desk", ()),
            ("National Security Desk", ("National Security Desk",)),
            ("بقلم منى الشامي", ("منى الشامي",)),
        ],
    )
    def test_only_names_of_people_are_left(self, claim, names):
        assert clean_authors([claim], frozenset({"harbour times"})) == names


class TestFields:
    def test_a_canonical_address_on_the_same_site_is_believed(self):
        found = fields_of('<link rel="canonical" href="/world/patrol?utm_source=x">')

        assert found.canonical_url == URL

    @pytest.mark.parametrize(
        "link",
        ["https://victim.example/story", "//victim.example/story", "https://times.example/a"],
    )
    def test_a_canonical_address_elsewhere_is_only_recorded(self, link):
        found = fields_of(f'<link rel="canonical" href="{link}">')

        assert found.canonical_url is None
        assert "canonical_elsewhere" in found.flags
        assert found.evidence["canonical_url"].rivals[0][0] == "rel=canonical"

    def test_a_base_element_does_not_move_the_page(self):
        found = fields_of(
            '<base href="https://victim.example/"><link rel="canonical" href="/world/patrol">'
            '<meta property="og:image" content="/a.jpg">'
        )

        assert found.canonical_url == URL
        assert found.image == "https://www.harbour-times.example/a.jpg"

    @pytest.mark.parametrize(
        "link",
        ["javascript:alert(1)", "data:text/html,x", "http://[", "http://u:p@host/", "ftp://a/b"],
    )
    def test_addresses_of_other_kinds_are_not_passed_on(self, link):
        head = f'<link rel="canonical" href="{link}"><meta property="og:image" content="{link}">'

        found = fields_of(head, url="http://host/x")

        assert found.canonical_url is None
        assert found.image is None

    @pytest.mark.parametrize(
        ("head", "paywalled"),
        [
            (json_ld('{"@type":"NewsArticle","isAccessibleForFree":"False"}'), True),
            (json_ld('{"@type":"NewsArticle","isAccessibleForFree":true}'), False),
            ('<meta property="article:content_tier" content="metered">', True),
            ("<title>Subscribe to read this premium article</title>", None),
        ],
    )
    def test_a_paywall_is_what_the_publishers_markup_says(self, head, paywalled):
        assert fields_of(head).paywalled is paywalled

    @pytest.mark.parametrize(
        ("head", "noindex", "reserved"),
        [
            ('<meta name="robots" content="noindex, follow">', True, False),
            ('<meta name="googlebot" content="NONE">', True, False),
            ('<meta name="robots" content="noai">', False, True),
            ('<meta name="tdm-reservation" content="1">', False, True),
            ('<meta name="robots" content="index, follow">', False, False),
        ],
    )
    def test_wishes_of_the_page_are_read(self, head, noindex, reserved):
        _, found, _ = read(head)

        assert (found.refuses_index(), found.reserves_mining()) == (noindex, reserved)

    def test_keywords_come_from_one_signal_without_repeats(self):
        found = fields_of('<meta name="keywords" content="Syria, patrol,, Syria , Turkey">')

        assert found.keywords == ("Syria", "patrol", "Turkey")


class TestJsonLd:
    @pytest.mark.parametrize(
        "text",
        ["", "{", "[" * 100_000, '{"a":' * 50_000, '"text"', "null", "[1, [2, {}]]",
         '{"@type": 7, "headline": {"a": []}, "author": 3.5, "keywords": {"x": 1}}',
         '{"@type": ["NewsArticle"], "headline": ["", "x"], "author": [[["deep"]]]}',
         '{"@type":"NewsArticle","image":[[]],"publisher":[],"isAccessibleForFree":[]}',
         '{"@type":"NewsArticle","headline":"' + "x" * 5_000_000 + '"}'],
    )  # fmt: skip
    def test_no_block_breaks_the_page(self, text):
        read(json_ld(text))

    def test_broken_blocks_are_flagged_and_others_still_read(self):
        _, _, story = read(json_ld("{") + json_ld('{"@type":"NewsArticle","headline":"Patrol"}'))

        assert (story.headline, story.flags) == ("Patrol", ("json_ld_broken",))

    def test_line_breaks_inside_strings_and_a_final_semicolon_are_forgiven(self):
        _, _, story = read(json_ld('{"@type":"NewsArticle","headline":"Patrol\nends"};'))

        assert story.headline == "Patrol ends"

    def test_the_fullest_of_several_articles_is_the_pages_own(self):
        _, _, story = read(
            json_ld('[{"@type":"NewsArticle","headline":"Other"},'
                    '{"@type":"NewsArticle","headline":"Patrol","author":"Mina Okur"}]')
        )  # fmt: skip

        assert story.headline == "Patrol"
