"""Canonical URLs: which links are one page, and what is no web address at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.urls import (
    MAX_URL_LENGTH,
    article_id,
    canonicalise,
    clean,
    host_of,
    registrable_domain,
    same_site,
)

PAGE = "https://example.org/news/1"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/news/1",
        "https://www.example.org/news/1",
        "HTTPS://EXAMPLE.org:443/news/1",
        "http://example.org:80/news/1/",
        "https://example.org/news/1#comments",
        "https://example.org/news/1?utm_source=rss&utm_medium=feed",
        "https://example.org/news/1?at_medium=RSS&at_campaign=KARANGA&fbclid=x",
        "https://example.org/news/1?wt_mc=rss.ho.beitrag.rdf",
        "https://example.org./news/1",
        "https://example.org/n%65ws/1",
        " https://example.org/news/1\n",
    ],
)
def test_forms_of_one_page(url):
    assert canonicalise(url) == PAGE
    assert article_id(url) == article_id(PAGE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/x?fl", "https://example.org/x"),
        ("https://example.org/", "https://news.example.org/"),
        ("https://example.org:8080/", "https://example.org/"),
    ],
)
def test_different_pages(one, other):
    assert article_id(one) != article_id(other)


def test_the_order_of_parameters_does_not_matter():
    assert canonicalise("http://x.example/?b=2&a=1") == canonicalise("http://x.example/?a=1&b=2")


def test_what_is_fetched_keeps_scheme_host_and_order():
    given_url = "http://www.example.org/a?b=2&utm_source=x&a=1#top"
    assert clean(given_url) == "http://www.example.org/a?b=2&a=1"


def test_an_address_parameter_without_a_value_stays():
    assert clean("https://www.koreatimes.example/501.html?fl").endswith("?fl")


def test_names_outside_ascii():
    assert clean("https://bücher.example/ü") == "https://xn--bcher-kva.example/ü"
    assert canonicalise("https://bücher.example/ü") == canonicalise(
        "https://xn--bcher-kva.example/%C3%BC"
    )


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "/rel", "javascript:alert(1)", "data:,x", "file:///etc/passwd",
     "ftp://example.org/", "http://user:pw@example.org/", "http://example.org\\@127.0.0.1/",
     "http://example.org/a b", "http://example.org/\r\nX: y", "http://example.org:99999/",
     "http://[::1", "http://", "http:///x", "http://-x.example/", "http://x..example/",
     "http://" + "a" * 64 + ".example/", "http://x.example/" + "a" * MAX_URL_LENGTH],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        clean(url)


def test_domains():
    assert host_of("https://WWW.Example.org:8080/x") == "www.example.org"
    assert registrable_domain("news.example.co.uk") == "example.co.uk"
    assert same_site("https://a.example.org/", "http://www.example.org/x")
    assert not same_site("https://a.example.org/", "https://example.com/")
    assert not same_site("nonsense", "https://example.com/")
    assert not same_site("http://10.20.0.7/", "http://10.99.0.7/")
    assert same_site("http://[::1]:80/", "http://[::1]:81/")


hosts = st.from_regex(
    r"(www\.)?[a-v][a-z0-9]{0,8}\.(example|org|co\.uk)(:8080|:80)?", fullmatch=True
)
paths = st.text(st.sampled_from("abAB01/%.-_~!$&'()*+,;=:@ü/"), max_size=20)
queries = st.text(st.sampled_from("abutm_source=&%2Füx+;?"), max_size=20)
urls = st.builds("{}://{}/{}?{}#{}".format, st.sampled_from(["http", "HTTPS"]), hosts, paths,
                 queries, st.text("ab", max_size=2))  # fmt: skip


def settle(url):
    """Check that doing it twice changes nothing more."""
    cleaned, canonical = clean(url), canonicalise(url)
    assert clean(cleaned) == cleaned
    assert canonicalise(canonical) == canonical
    assert canonicalise(cleaned) == canonical


def test_a_parameter_without_name_and_value_is_none():
    assert canonicalise("http://x.example/?2&=") == canonicalise("http://x.example/?2")


@given(urls)
def test_cleaning_and_canonicalising_twice_change_nothing_more(url):
    try:
        clean(url)
    except ValueError:
        return
    settle(url)


@pytest.mark.parametrize(
    "url",
    ["http://x.example/index.html/", "http://www.www.example/", "http://x.example:443/"],
)
def test_what_is_taken_off_is_taken_off_to_the_end(url):
    settle(url)


@given(st.text(max_size=80))
def test_any_text_is_a_web_address_or_a_value_error(text):
    for use in (clean, canonicalise, article_id):
        try:
            assert use(text)
        except ValueError:
            continue
