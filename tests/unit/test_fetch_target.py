import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_fakes import reason_of

from pipeline.fetch.target import Target, follow, parse_target
from pipeline.urls import article_id


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a.test", Target("http", "a.test", 80, "/")),
        ("HTTPS://WWW.A.Test:443/b?c=d#e", Target("https", "www.a.test", 443, "/b?c=d")),
        ("http://a.test.:8080/b", Target("http", "a.test", 8080, "/b")),
        ("http://türkiye.test/ş?ğ", Target("http", "xn--trkiye-3ya.test", 80, "/%C5%9F?%C4%9F")),
        ("http://a.test/%2F|{}^", Target("http", "a.test", 80, "/%2F|{}^")),
        ("http://93.184.216.34/", Target("http", "93.184.216.34", 80, "/")),
        ("http://[2606:4700:0::1111]:80/", Target("http", "2606:4700::1111", 80, "/")),
        ("http://under_score.test/", Target("http", "under_score.test", 80, "/")),
    ],
)  # fmt: skip
def test_addresses_are_taken_apart(url, target):
    assert parse_target(url) == target


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://a.test:443/", "a.test"),
        ("https://a.test:80/", "a.test:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_the_host_header_names_the_port_when_it_is_not_the_usual_one(url, authority):
    assert parse_target(url).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "", "a.test", "//a.test/", "http:/a.test", "http://", "http:///a", "http://?a", "http://:80/",
        "file:///etc/passwd", "ftp://a.test/", "javascript:alert(1)", "data:text/html,a", "gopher://a.test/",
        "http://a.example\\@127.0.0.1/", "http://127.0.0.1\\.a.test/", "http://a.test/\\..\\b",
        "http://user@a.test/", "http://user:secret@a.test/", "http://a.test@127.0.0.1/", "http://@a.test/",
        "http://a.test\r\nHost: b.test/", "http://a.test/\x00", "http://a .test/", "\thttp://a.test/",
        "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://a.test%00.b.test/", "http://%61.test/",
        "http://[::1/", "http://::1/", "http://[a.test]/", "http://[v1.x]/", "http://a[b].test/",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.1.1/", "http://1.2.3/", "http://00.00.00.00/", "http://127.0.0.0x1/", "http://0/",
        "http://0x/", "http://a.test.1/", "http://1.1.1.256/", "http://127.0.0.1./",
        "http://127\u30020\u30020\u30021/", "http://127\uff0e0\uff0e0\uff0e1/", "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u2460.0.0.1/", "http://\u0661\u0662\u0667.0.0.1/",
        "http://-a.test/", "http://a..test/", "http://a!.test/", "http://a,b.test/",
        "http://" + "a" * 64 + ".test/",
        "http://a.test:0/", "http://a.test:65536/", "http://a.test:999999/", "http://a.test:8o/",
        "http://a.test:-1/",
        "http://a.test/\ud800", "http://a.test/" + "a" * 2048, "http://a.test/" + "ş" * 400,
        "http://\xad/", "http://xn--\u0000/", "http://a\u2044b.test/", "http://a.test\uff0fb/", "http://a.test\uff20b/",
    ],
)  # fmt: skip
def test_whatever_two_parsers_may_read_in_two_ways_is_refused(url):
    assert reason_of(parse_target, url) == "bad_url"


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for url in (text, f"http://{text}/", f"http://a.test/{text}"):
        assert reason_of(parse_target, url) in {None, "bad_url"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs"])))
def test_what_is_read_is_plain_ascii_that_reads_the_same_again_and_has_an_identity(text):
    url = f"http://a.test/{text}"
    if reason_of(parse_target, url) is None:
        target = parse_target(url)
        assert target.url.isascii()
        assert parse_target(target.url) == target
        assert article_id(target.url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "http://a.test:8080/b"),
        ("b", "http://a.test:8080/x/b"),
        ("?b", "http://a.test:8080/x/y?b"),
        ("//b.test/c", "http://b.test/c"),
        ("https://b.test", "https://b.test/"),
        (" /b c ", "http://a.test:8080/b%20c"),
        ("/ş".encode().decode("latin-1"), "http://a.test:8080/%C5%9F"),
        ("/\xe9", "http://a.test:8080/%C3%A9"),
        ("/b#part", "http://a.test:8080/b"),
        ("../../../b", "http://a.test:8080/b"),
    ],
)
def test_redirects_lead_where_their_author_meant(location, url):
    assert follow(parse_target("http://a.test:8080/x/y"), location).url == url


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "http://b@c.test/",
        "http:\\\\127.0.0.1/",
        "/b\x00",
        "http://[",
        "http://0/",
    ],
)
def test_redirects_that_lead_nowhere_good_are_refused(location):
    assert reason_of(follow, parse_target("http://a.test/"), location) == "bad_redirect"
