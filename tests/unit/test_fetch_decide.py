"""The table in pipeline/fetch/decide.py, row by row: articles that were never indexed."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.config import RetrySettings
from pipeline.errors import Permanent, Transient
from pipeline.fetch.decide import decide_fetch
from pipeline.fetch.reasons import DROPPED, PERMANENT, TRANSIENT, failure, http_reason
from pipeline.model import ArchivePlace, Hop, Page, Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import DuePage

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)
URL = "https://outlet.test/world/safe-zone"
PLACE = ArchivePlace("s.warc.gz", 0, 100, "sha")
SETTINGS = RetrySettings(max_tries=3, first_delay_s=300, max_delay_s=400)
HTML = (("Content-Type", "text/html"),)


def due(**changes):
    return DuePage(
        **{"url_id": "u", "url": URL, "feed_id": "f", "publisher": "p", "tries": 0, **changes}
    )


def page(status=200, *, headers=HTML, body=b"<html><p>text", final_url=URL, hops=()):
    return Page(URL, final_url, status, tuple(headers), body, body, (), NOW, 0.1, tuple(hops))


def decide(answer, *, feed=False, place=PLACE, **changes):
    return decide_fetch(due(**changes), answer, place, NOW, SETTINGS, has_feed_text=feed)


def ending(result):
    outcome = result.outcome
    return (outcome.result, outcome.reason, result.next_stage, result.status)


def test_a_page_goes_on_to_extract_under_the_identity_of_its_final_address():
    moved = "https://outlet.test/2019/safe-zone?utm_source=x"
    result = decide(page(final_url=moved, hops=[Hop(URL, 301, moved)]))
    assert ending(result) == (Result.OK, None, Stage.EXTRACT, None)
    assert result.next_at == NOW
    assert result.article_id == article_id("https://outlet.test/2019/safe-zone")
    assert (result.page.url, result.page.final_url, result.page.place) == (URL, moved, PLACE)
    assert result.tries == 0


def test_another_domain_is_allowed_and_noted():
    other = "https://other.test/safe-zone"
    result = decide(page(final_url=other, hops=[Hop(URL, 302, other)]))
    assert ending(result) == (Result.OK, None, Stage.EXTRACT, None)
    assert result.outcome.detail == "redirected to other.test"
    same = "https://www.outlet.test/safe-zone"
    assert decide(page(final_url=same)).outcome.detail == ""


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7", "text/html"),
        (b"\x89PNG\r\n\x1a\n", "text/html"),
        (b"\xff\xd8\xff\xe0", ""),
        (b"GIF89a", "image/gif"),
        (b"PK\x03\x04", "application/octet-stream"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b'{"a": 1}', "application/json"),
        (b"body { color: red }", "text/css"),
        (b"just words", "text/plain"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>', "text/html"),
        (b'<?xml version="1.0"?><urlset xmlns="x"><url>', "application/xml"),
        (b"a\x00b\x00c", "text/html"),
    ],
)
def test_what_is_no_html_is_dropped_by_its_bytes(body, content_type):
    result = decide(page(body=body, headers=[("content-type", content_type)]), feed=True)
    assert ending(result) == (Result.DROPPED, "not_html", None, Status.DROPPED)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><p>a", "text/html; charset=utf-8"),
        (b"\xef\xbb\xbf\n <html>", "text/plain"),
        (b"<html>", "application/octet-stream"),
        (b"a few words without any tag", "text/html"),
        (b"a few words without any header", None),
        (b"", "text/html"),
        ("<html><p>a".encode("utf-16"), "text/html"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", "application/xml"),
        (b"<html><body><svg><title>icon</title></svg>", "text/html"),
    ],
)
def test_html_is_known_by_its_bytes_too(body, content_type):
    headers = [] if content_type is None else [("content-type", content_type)]
    assert ending(decide(page(body=body, headers=headers)))[2] is Stage.EXTRACT


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 410, 451, 300, 305])
def test_a_refusal_or_loss_ends_with_the_feeds_text_or_dropped(status):
    reason = f"http_{status}"
    assert ending(decide(page(status))) == (Result.DROPPED, reason, None, Status.DROPPED)
    result = decide(page(status), feed=True)
    assert ending(result) == (Result.OK, reason, Stage.EXTRACT, None)
    assert (result.page, result.article_id) == (None, article_id(URL))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_what_may_pass_is_retried_then_the_feeds_text_is_taken_or_it_is_dead(status):
    reason = http_reason(status)
    for tries, wait_s in ((0, 300), (1, 400)):
        result = decide(page(status), feed=True, tries=tries)
        assert ending(result) == (Result.RETRY, reason, Stage.FETCH, None)
        assert result.next_at == NOW + timedelta(seconds=wait_s)
        assert (result.tries, result.outcome.attempt) == (tries + 1, tries + 1)
    last = decide(page(status), feed=True, tries=2)
    assert ending(last) == (Result.OK, reason, Stage.EXTRACT, None)
    assert last.tries == 0
    assert ending(decide(page(status), tries=2)) == (Result.DEAD, reason, None, Status.DEAD)


@pytest.mark.parametrize("status", [429, 503, 403])
@pytest.mark.parametrize(
    ("value", "wait_s"), [("120", 120), ("Tue, 10 Sep 2019 08:10:00 GMT", 600), ("400000", 172_800)]
)
def test_retry_after_is_obeyed(status, value, wait_s):
    result = decide(page(status, headers=[("retry-after", value)]))
    assert ending(result) == (Result.RETRY, f"http_{status}", Stage.FETCH, None)
    assert result.next_at == NOW + timedelta(seconds=wait_s)


@pytest.mark.parametrize("reason", sorted(TRANSIENT.keys() - {"host_busy"}))
def test_every_transient_reason_is_retried_and_ends_dead_or_with_the_feeds_text(reason):
    assert ending(decide(failure(reason))) == (Result.RETRY, reason, Stage.FETCH, None)
    assert ending(decide(failure(reason), tries=2)) == (Result.DEAD, reason, None, Status.DEAD)
    assert ending(decide(failure(reason), tries=2, feed=True))[2] is Stage.EXTRACT


def test_a_busy_host_is_no_failure_of_the_page():
    for tries in (0, 2, 50):
        result = decide(Transient("host_busy", "b.test"), tries=tries)
        assert ending(result) == (Result.RETRY, "host_busy", Stage.FETCH, None)
        assert (result.tries, result.next_at) == (tries, NOW + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("reason", "result", "status"),
    [
        ("bad_url", Result.DROPPED, Status.DROPPED),
        ("blocked_address", Result.DROPPED, Status.DROPPED),
        ("blocked_port", Result.DROPPED, Status.DROPPED),
        ("bad_redirect", Result.DROPPED, Status.DROPPED),
        ("robots_disallowed", Result.DROPPED, Status.DROPPED),
        ("redirect_loop", Result.DEAD, Status.DEAD),
        ("too_many_redirects", Result.DEAD, Status.DEAD),
        ("too_large", Result.DEAD, Status.DEAD),
        ("bomb", Result.DEAD, Status.DEAD),
        ("too_many_codings", Result.DEAD, Status.DEAD),
        ("headers_too_large", Result.DEAD, Status.DEAD),
    ],
)
def test_permanent_failures_end_at_once(reason, result, status):
    error = failure(reason, "why")
    assert ending(decide(error)) == (result, reason, None, status)
    assert decide(error).outcome.detail == "why"
    with_feed = decide(error, feed=True)
    if reason == "robots_disallowed":
        assert ending(with_feed) == (result, reason, None, status)
    else:
        assert ending(with_feed) == (Result.OK, reason, Stage.EXTRACT, None)


def test_an_address_that_no_identity_can_be_made_of_is_dropped_whatever_the_feed_says():
    result = decide(Permanent("bad_url"), feed=True, url="javascript:alert(1)")
    assert ending(result) == (Result.DROPPED, "bad_url", None, Status.DROPPED)


def test_an_article_address_that_leads_to_the_front_page_is_no_article():
    home = "https://outlet.test/"
    answer = page(final_url=home, hops=[Hop(URL, 302, home)])
    assert ending(decide(answer)) == (Result.DROPPED, "redirected_home", None, Status.DROPPED)
    assert ending(decide(answer, feed=True))[2] is Stage.EXTRACT
    answer = Page(home, home, 200, HTML, b"<p>", b"<p>", (), NOW, 0.1)
    asked_for = decide(answer, url=home)
    assert ending(asked_for)[2] is Stage.EXTRACT


def test_a_304_is_good_only_if_the_page_was_fetched_before():
    assert ending(decide(page(304), place=None)) == (Result.RETRY, "unasked_304", Stage.FETCH, None)
    known = decide(page(304), place=None, etag='"x"', article_id="a" * 32)
    assert ending(known) == (Result.OK, None, Stage.EXTRACT, None)
    assert (known.article_id, known.page) == ("a" * 32, None)


@pytest.mark.parametrize(
    "status", [Status.RETRACTED, Status.ERASED, Status.ALIAS, Status.DUPLICATE]
)
def test_a_replayed_fetch_that_fails_leaves_an_ended_url_where_it_is(status):
    assert decide(page(404), status=status).status is None


def test_every_reason_has_one_side_and_is_a_slug():
    assert not TRANSIENT.keys() & PERMANENT.keys()
    for reason in [*TRANSIENT, *PERMANENT, *DROPPED]:
        assert reason.replace("_", "").isalnum()
        assert reason == reason.lower()
    with pytest.raises(KeyError):
        failure("unheard_of")


@pytest.mark.parametrize(
    ("status", "slug"), [(404, "http_404"), (520, "http_5xx"), (999, "http_9xx")]
)
def test_statuses_have_few_slugs(status, slug):
    assert http_reason(status) == slug
