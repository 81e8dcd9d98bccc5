"""Hostile and broken pages: none crashes, hangs or harms another; silent cuts are flagged.

Everything goes through real worker processes with the limits that an operator gets by default.
"""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from pipeline.adapters.workers import ProcessWorkers
from pipeline.config import ExtractSettings, ParserSettings
from pipeline.errors import Permanent
from pipeline.model import Extraction, Result

URL = "https://www.harbour-times.example/world/patrol"
SENTENCE = (
    "The first joint patrol along the border strip ended on Tuesday afternoon, when six vehicles"
    " drove back through the gate that they had left by at dawn, and nobody was hurt."
)
STORY = "".join(f"<p>{SENTENCE} ({number})</p>" for number in range(5))
ARTICLE = f"<article><h1>First patrol ends</h1>{STORY}</article>"
JSON_LD = '<script type="application/ld+json">'


def page(body=ARTICLE, head=""):
    return f"<html><head><title>First patrol ends</title>{head}</head><body>{body}</body></html>"


@pytest.fixture(scope="module")
def workers():
    pool = ProcessWorkers(ParserSettings(processes=2), "pipeline.extract.tasks")
    yield pool
    pool.close()


def extract(workers, body, content_type="text/html"):
    async def run():
        return await workers.run(
            "extract_page",
            body=body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass"),
            url=URL,
            content_type=content_type,
            fetched_at=datetime(2019, 9, 12, tzinfo=UTC),
            settings=ExtractSettings(),
        )

    return asyncio.run(run())


#: The article must survive these, whole: what is around it is odd, not the article.
SURVIVED = {
    "depth 300": page("<div>" * 300 + ARTICLE + "</div>" * 300),
    "700 unclosed b": page("<b>" * 700 + ARTICLE),
    "colspan 9e15": page(ARTICLE + "<table><tr><td colspan='9007199254740993'>x</td></tr></table>"),
    "rowspan 1e6": page(ARTICLE + "<table><tr><td rowspan='1000000'>x</td></tr></table>"),
    "json-ld of wrong types": page(
        head=JSON_LD + '{"@type":["NewsArticle",7],"headline":{},"author":[[1]]}</script>'
    ),
    "json-ld 5 MB": page(head=JSON_LD + '{"a":"' + "x" * 5_000_000 + '"}</script>'),
    "json-ld deep": page(head=JSON_LD + "[" * 200_000 + "</script>"),
    "meta refresh to an internal address": page(
        head='<meta http-equiv="refresh" content="0;url=http://169.254.169.254/">'
    ),
    "base to an internal address": page(head='<base href="http://127.0.0.1/">'),
    "charset lies": page(head='<meta charset="utf-16">'),
    "nul and surrogates": page(ARTICLE.replace("ended", "en\x00ded")) + "\ud800 &#xDFFF; &#0;",
    "mutation xss": page(
        ARTICLE + "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>"
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1&gt;'>"
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>"
    ),
    "entities in a dtd": '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    + page(ARTICLE + "&b;"),
    "external entity": '<!DOCTYPE html SYSTEM "file:///etc/passwd">' + page(),
    "svg title": page("<svg><title>Icon</title></svg>" + ARTICLE),
    "5 MB word": page(ARTICLE + "<div>" + "x" * 5_000_000 + "</div>"),
}

#: Part of these cannot be kept; the flag says so. Or they take too long, and are killed.
CUT = {
    "depth 20,000": page(ARTICLE + "<div>" * 20_000 + "deep"),
    "100,000 p": page(ARTICLE + "<p>x" * 100_000),
    "300,000 br": page(ARTICLE + "<br>" * 300_000),
    "100,000 links": page(ARTICLE + "<a href='/x'>a link</a> " * 100_000),
    "100,000 attributes": page(
        "<div " + " ".join(f"a{number}=1" for number in range(100_000)) + ">" + ARTICLE
    ),
    "12 MB text node": page(ARTICLE + "<div>" + "word " * 2_400_000 + "</div>"),
    "12 MB attribute": page("<div title='" + "x" * 12_000_000 + "'></div>" + ARTICLE),
}

#: No article in these.
DROPPED = {
    "bot wall": ("<title>Just a moment...</title><p>Checking your browser.</p>", "blocked_page"),
    "soft 404": ("<title>Page not found</title><h1>Page not found</h1>", "soft_404"),
    "script shell": ('<div id="root"></div><script src="/a.js"></script>', "js_only"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "not_html"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00", "not_html"),
    "frameset": ("<frameset><frame src='http://127.0.0.1/'></frameset>", "empty_page"),
    "meta refresh only": (
        '<meta http-equiv="refresh" content="0;url=http://127.0.0.1/"><p>Moved</p>',
        "too_short",
    ),
}


@pytest.mark.parametrize("name", SURVIVED)
def test_the_article_survives(workers, name):
    found = extract(workers, SURVIVED[name])

    assert (found.result, found.reason) == (Result.OK, None)
    assert found.text.count("when six vehicles") == 5
    assert found.title == "First patrol ends"
    assert "<" not in found.text.replace("<img src=1>", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", CUT)
def test_what_is_cut_is_flagged_or_the_page_is_killed_in_time(workers, name):
    limits, started_s = ParserSettings(), time.monotonic()

    try:
        found = extract(workers, CUT[name])
    except Permanent as error:
        assert error.reason == "parser_timeout"  # noqa: PT017 - both ends are good
        assert time.monotonic() - started_s < limits.wall_s + 5
        return

    assert "truncated" in found.flags
    assert "when six vehicles" in found.text
    assert time.monotonic() - started_s < limits.wall_s + 5


@pytest.mark.parametrize("name", DROPPED)
def test_no_article_is_dropped_with_its_reason(workers, name):
    body, reason = DROPPED[name]

    assert extract(workers, body).reason == reason


def test_nothing_that_a_page_names_is_believed_or_fetched(workers):
    """Sockets are blocked in workers by nothing but their code: addresses are only text to it."""
    head = (
        '<base href="https://victim.example/"><meta property="og:url" content="http://127.0.0.1/x">'
        '<link rel="canonical" href="https://victim.example/story">'
        '<link rel="amphtml" href="http://169.254.169.254/">'
    )

    found = extract(workers, page(head=head))

    assert found.canonical_url is None
    assert "canonical_elsewhere" in found.flags
    assert found.evidence["canonical_url"].rivals == (
        ("rel=canonical", "https://victim.example/story"),
        ("og:url", "http://127.0.0.1/x"),
    )


def test_dates_that_contradict_each_other_are_kept_and_flagged(workers):
    head = (
        JSON_LD + '{"@type":"NewsArticle","datePublished":"2019-09-10T08:00:00Z"}</script>'
        '<meta property="article:published_time" content="2011-01-01T08:00:00Z">'
    )

    found = extract(workers, page(head=head))

    assert found.published_at.at == datetime(2019, 9, 10, 8, tzinfo=UTC)
    assert found.evidence["published_at"].rivals[0][0] == "article:published_time"
    assert "date_conflict" in found.flags


def test_a_header_that_lies_about_the_encoding_harms_no_letter(workers):
    turkish = page().replace("patrol along", "Şırnak'ta güvenlik ağı along")

    found = extract(workers, turkish, "text/html; charset=iso-8859-1")

    assert "Şırnak'ta güvenlik ağı" in found.text
    assert "encoding_conflict" in found.flags


def test_wishes_not_to_be_indexed_or_mined_are_passed_on(workers):
    head = '<meta name="robots" content="noindex, noai"><meta name="tdm-reservation" content="1">'

    found = extract(workers, page(head=head))

    assert (found.noindex, found.tdm_reserved, found.result) == (True, True, Result.OK)


def test_hidden_text_does_not_replace_the_article(workers):
    hidden = "<div style='display:none'>" + "<p>Buy cheap watches here today.</p>" * 50 + "</div>"

    found = extract(workers, page(ARTICLE + hidden))

    assert "when six vehicles" in found.text
    assert "watches" not in found.text


@pytest.mark.slow
def test_hostile_pages_harm_no_neighbour(workers):
    """One pool, everything at once: each page ends as it does alone, or as killed with a reason."""
    hostile = [body for group in (SURVIVED, CUT) for body in group.values()]
    good = [page()] * 20

    async def run_all():
        calls = [
            workers.run(
                "extract_page",
                body=body.encode("utf-8", "surrogatepass"),
                url=URL,
                content_type="text/html",
                fetched_at=datetime(2019, 9, 12, tzinfo=UTC),
                settings=ExtractSettings(),
            )
            for pair in zip(hostile, good, strict=False)
            for body in pair
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(run_all())

    assert all(isinstance(answer, Extraction | Permanent) for answer in answers)
    assert all(answer.result is Result.OK for answer in answers[1::2])
