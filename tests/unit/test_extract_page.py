"""A whole page to a whole article: our own pages, with the furniture that real ones have."""

from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.config import ExtractSettings
from pipeline.extract.page import extract_page, extraction_from_feed
from pipeline.model import DateClaim, Feed, Result
from pipeline.work import Sighting

FETCHED_AT = datetime(2019, 9, 12, 9, tzinfo=UTC)
URL = "https://www.harbour-times.example/world/patrol-ends"
TITLE = "Observers leave the border strip after their first joint patrol"
PARAGRAPHS = (
    (
        "The first joint patrol along the border strip ended on Tuesday afternoon, when six"
        " armoured vehicles drove back through the gate that they had left by at dawn."
    ),
    (
        "Villagers stood at the roadside and counted them. Nobody there could remember so many"
        " foreign soldiers on the road since the crossing was closed in the spring of 2014."
    ),
    (
        "A spokesman for the mission said that further patrols would follow within the week, on"
        " routes that both delegations choose together and that nobody announces beforehand."
    ),
    (
        "Farmers asked above all whether they may go back to the olive groves beyond the railway."
        " That question, an officer answered, is one for the talks that begin on Thursday."
    ),
)
LINKS = "".join(f'<li><a href="/s/{n}">Story number {n} of this week</a></li>' for n in range(12))


def build(
    title=TITLE, paragraphs=PARAGRAPHS, *, head="", before="", after="", lang="en", headings=1
):
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">
<title>{escape(title)} | Harbour Times</title>
<meta property="og:site_name" content="Harbour Times">{head}</head><body>
<header><nav><ul>{LINKS}</ul></nav></header>
<main><article>{f"<h1>{escape(title)}</h1>" * headings}{before}{text}{after}</article></main>
<aside><h2>Most read</h2><ul>{LINKS}</ul></aside>
<footer><p>© 2019 Harbour Times. All rights reserved.</p></footer></body></html>""".encode()


def extract(body, *, content_type="text/html", limits=None, **hints):
    return extract_page(
        body,
        url=URL,
        content_type=content_type,
        fetched_at=FETCHED_AT,
        settings=limits or ExtractSettings(),
        **hints,
    )


def test_the_article_comes_out_whole_and_alone():
    found = extract(build())

    assert (found.result, found.reason) == (Result.OK, None)
    assert found.title == TITLE
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert found.language == "en"
    assert found.text_source == "page"
    assert found.quality["agreement"] > 0.5


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_a_headline_that_stands_several_times_is_in_the_title_once(copies):
    repeated = f"<p>{TITLE}</p>" * copies

    found = extract(build(before=repeated))

    assert found.title == TITLE
    assert found.text.startswith(PARAGRAPHS[0])
    assert TITLE not in found.text
    assert "repeated_title_repaired" in found.flags


@pytest.mark.corpora
def test_the_article_that_started_the_project_is_repaired(corpora):
    lines = next((corpora / "seed").glob("*.txt")).read_text("utf-8").split("\n\n")
    title, body = lines[0], [line for line in lines if line.strip() and line != lines[0]]
    page = build(title, body, before=f"<p>{escape(title)}</p>" * 3)

    found = extract(page)

    assert lines[:3] == [title] * 3
    assert found.title == title
    assert found.text.startswith(body[0][:60])
    assert title not in found.text
    assert len(found.text) > 0.95 * len("\n\n".join(body))


def test_lines_that_belong_to_the_page_are_taken_off_and_real_sentences_stay():
    before = "<p>By Mina Okur</p><p>10 September 2019</p>"
    after = (
        "<p>Read more: <a href='/a'>Why the railway matters</a></p>"
        "<p>“Subscribe to hope,” she said, and closed the gate behind the last of the lorries.</p>"
        "<p><a href='/b'>Border towns brace for winter</a></p>"
        "<p>Sign up for our newsletter to get the latest from the region.</p>"
        "<p>Follow us on Twitter @harbourtimes</p>"
        "<p>Copyright 2019 Harbour Times</p>"
    )

    lines = extract(build(before=before, after=after)).text.split("\n\n")

    quote = "“Subscribe to hope,” she said, and closed the gate behind the last of the lorries."
    assert lines == [*PARAGRAPHS, quote]


def test_text_is_composed_and_free_of_control_characters():
    page = build().replace(
        escape(PARAGRAPHS[0]).encode(),
        escape(PARAGRAPHS[0]).encode() + " A cafe\u0301 \x07stayed\x00 open&#xD800;.".encode(),
    )

    assert "A café stayed open" in extract(page).text
    assert "\x00" not in extract(page).text


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [
        ("tr", "Sınırda ilk ortak devriye tamamlandı",
         ("Sınır hattındaki ilk ortak devriye salı günü öğleden sonra sona erdi ve araçlar"
         " sabah çıktıkları kapıdan geri döndü.")),
        ("ar", "انتهاء أول دورية مشتركة على الحدود",
         ("انتهت أول دورية مشتركة على طول الشريط الحدودي بعد ظهر الثلاثاء، وعادت المدرعات من"
         " البوابة التي خرجت منها عند الفجر، بينما وقف القرويون على جانب الطريق.")),
        ("de", "Erste gemeinsame Patrouille an der Grenze beendet",
         ("Die erste gemeinsame Patrouille am Grenzstreifen ist am Dienstagnachmittag zu Ende"
         " gegangen, die Fahrzeuge kehrten durch das Tor zurück.")),
    ],
)  # fmt: skip
def test_other_languages_are_read_and_recognised_whatever_the_template_says(
    language, title, sentence
):
    paragraphs = tuple(f"{sentence} {number}" for number in range(4))

    found = extract(build(title, paragraphs, lang="en"))

    assert (found.title, found.language) == (title, language)
    assert all(paragraph in found.text for paragraph in paragraphs)
    assert ("html-lang", "en") in found.evidence["language"].rivals


def test_what_the_feed_said_fills_gaps():
    claim = DateClaim(datetime(2019, 9, 10, 14, 2, tzinfo=UTC), "second", "pubDate", "raw")

    found = extract(build(), sighted_at=claim, sighted_title=TITLE, language="en")

    assert found.published_at == claim


def test_every_field_says_where_it_is_from():
    head = (
        '<link rel="canonical" href="/world/patrol-ends">'
        '<meta property="og:image" content="/patrol.jpg">'
        '<meta property="article:section" content="World">'
        '<meta property="article:published_time" content="2019-09-10T14:02:00Z">'
        '<meta name="author" content="Mina Okur">'
    )

    found = extract(build(head=head))

    assert found.canonical_url == URL
    assert found.image == "https://www.harbour-times.example/patrol.jpg"
    assert (found.section, found.authors, found.site_name) == (
        "World",
        ("Mina Okur",),
        "Harbour Times",
    )
    assert {name: item.signal for name, item in found.evidence.items()} == {
        "title": "h1",
        "authors": "meta:author",
        "language": "html-lang",
        "encoding": "utf8",
        "published_at": "article:published_time",
        "canonical_url": "rel=canonical",
        "image": "og:image",
        "section": "article:section",
    }


class TestDropped:
    def test_too_short(self):
        assert extract(build(paragraphs=("A line.",))).reason == "too_short"

    def test_the_minimum_is_the_operators(self):
        limits = ExtractSettings(min_text_chars=10)

        assert extract(build(paragraphs=("A short line of news.",)), limits=limits).reason is None

    def test_wrong_language(self):
        found = extract(build(), limits=ExtractSettings(languages=("tr", "ar")))

        assert (found.result, found.reason) == (Result.DROPPED, "wrong_language")
        assert found.text

    def test_a_section_page_is_no_article(self):
        teasers = "".join(
            f'<div><h3><a href="/s/{n}">Headline number {n} about the talks</a></h3>'
            f"<p>A teaser of one sentence says what number {n} is about, and no more than that.</p>"
            "</div>"
            for n in range(15)
        )
        page = f"<html><head><title>World news</title></head><body>{teasers}</body></html>"

        assert extract(page.encode()).reason == "not_article"

    @pytest.mark.parametrize(
        "page",
        [
            (
                "<title>Just a moment...</title><p>Checking your browser before you access it.</p>"
                '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1"></script>'
            ),
            (
                "<title>harbour-times.example</title><p>Please enable JS, turn off ad blockers</p>"
                '<script src="https://ct.captcha-delivery.com/c.js"></script>'
            ),
            "<title>Access Denied</title><h1>Access Denied</h1><p>You don't have permission.</p>",
            (
                "<title>Before you continue</title><form><p>We use cookies to deliver and"
                " maintain services, and track outages.</p><button>Accept all</button></form>"
            ),
        ],
    )
    def test_a_wall_served_as_a_page(self, page):
        assert extract(f"<html><body>{page}</body></html>".encode()).reason == "blocked_page"

    @pytest.mark.parametrize(
        "title",
        ["Page not found | Harbour Times", "404", "Sayfa bulunamadı", "Seite nicht gefunden"],
    )
    def test_an_error_page_with_status_200(self, title):
        page = f"<title>{title}</title><h1>{title}</h1><p>Try the search, or the front page.</p>"

        assert extract(page.encode()).reason == "soft_404"

    @pytest.mark.parametrize(
        "body",
        [
            '<div id="root"></div><script src="/app.js"></script>',
            (
                "<noscript>You need to enable JavaScript to run this app.</noscript>"
                "<div></div><script>start()</script>"
            ),
        ],
    )
    def test_a_shell_that_scripts_would_fill(self, body):
        page = f"<html><head><title>Harbour Times</title></head><body>{body}</body></html>"

        assert extract(page.encode()).reason == "js_only"

    @pytest.mark.parametrize("page", [b"", b"   ", b"<html><body></body></html>"])
    def test_nothing_at_all(self, page):
        assert extract(page).reason == "empty_page"

    @pytest.mark.parametrize("page", [b"%PDF-1.7 text", b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08"])
    def test_another_kind_of_file(self, page):
        assert extract(page).reason == "not_html"

    @pytest.mark.parametrize(
        "title",
        [
            "Why captchas ask: are you a robot?",
            "Access denied: what refugees hear at the border",
            "Lost letters of a poet not found after all",
            "Error 404 and the people who fix the web",
        ],
    )
    def test_an_article_about_walls_and_errors_is_an_article(self, title):
        repeated = tuple(f"{paragraph} {n}" for n in range(5) for paragraph in PARAGRAPHS)
        head = '<meta property="og:type" content="article">'

        assert extract(build(title, repeated)).reason is None
        assert extract(build(title, head=head)).reason is None


class TestFromFeed:
    FEED = Feed("harbour", "https://www.harbour-times.example/rss", "harbour-times", language="en")

    def sighting(self, **changes):
        facts = {
            "feed": self.FEED, "entry_key": "1", "title": TITLE, "link": URL,
            "summary": PARAGRAPHS[0], "content": "", "published_at": None, "seen_at": FETCHED_AT,
        }  # fmt: skip
        return Sighting(**(facts | changes))

    def test_the_longer_of_content_and_summary_is_taken(self):
        short = extraction_from_feed(self.sighting(), ExtractSettings())
        full = extraction_from_feed(
            self.sighting(content="\n".join((TITLE, *PARAGRAPHS))), ExtractSettings()
        )

        assert (short.text, short.evidence["text"].signal) == (PARAGRAPHS[0], "feed:summary")
        assert (full.text, full.evidence["text"].signal) == (
            "\n\n".join(PARAGRAPHS),
            "feed:content",
        )
        assert short.text_source == full.text_source == "feed"
        assert short.result is full.result is Result.OK

    @pytest.mark.parametrize(
        ("summary", "languages", "reason"),
        [
            ("", (), "empty_page"),
            ("Too short to say anything.", (), "feed_text_too_short"),
            (PARAGRAPHS[0], ("tr",), "wrong_language"),
        ],
    )
    def test_the_rules_for_dropping_hold_with_a_quarter_of_the_length(
        self, summary, languages, reason
    ):
        found = extraction_from_feed(
            self.sighting(summary=summary), ExtractSettings(languages=languages)
        )

        assert (found.result, found.reason) == (Result.DROPPED, reason)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.binary(max_size=600), st.sampled_from((None, "text/html", "text/html; charset=utf-16")))
def test_any_bytes_end_in_an_extraction(body, content_type):
    found = extract(body, content_type=content_type)

    assert (found.result is Result.DROPPED) == (found.reason is not None)


FRAGMENTS = st.sampled_from(
    ["<article>", "</article>", "<p>", "<table><tr><td colspan='9e15'>", "<svg><title>", "</svg>",
     "<script type='application/ld+json'>", '{"@type":"NewsArticle","headline":[{}]}', "</script>",
     "<meta property='og:title' content='", "'>", "<h1>", "<math><mtext>", "<template>", "&#x0;",
     "<select><option>", "<frameset><frame src='x'>", "<noscript>", "<plaintext>", "\x00", "text. "]
)  # fmt: skip


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.lists(FRAGMENTS, max_size=60).map("".join))
def test_any_markup_ends_in_an_extraction(markup):
    found = extract(markup.encode())

    assert "\x00" not in found.text + found.title
