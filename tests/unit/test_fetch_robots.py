import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.robots import MAX_ROBOTS_BYTES, decide_robots, verdict
from pipeline.fetch.user_agent import PRODUCT
from pipeline.work import RobotsCopy

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)
ORIGIN = "https://a.test"


def copy_of(text, status=200, at=NOW):
    body = text.encode() if isinstance(text, str) else text
    return RobotsCopy(ORIGIN, status, body, at)


def allowed(text, path, agent="Newsline"):
    return verdict(copy_of(text), ORIGIN + path, agent).allowed


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Allow: /a\nDisallow: /a/b", "/a/b/c", False),
        ("Disallow: /a/b\nAllow: /a", "/a/b", False),
        ("Allow: /a\nDisallow: /a", "/a", True),  # equally long: the milder one
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /*.pdf", "/x/y.pdf?z", False),
        ("Disallow: /*.pdf$", "/x/y.pdf?z", True),
        ("Disallow: /*.pdf$", "/x/y.pdf", False),
        ("Disallow: /a*b*c", "/aXXbYYc", False),
        ("Disallow: /a*b*c", "/aXXcYYb", True),
        ("Disallow: *", "/a", False),
        ("Disallow:", "/a", True),
        ("Disallow: /", "/", False),
        ("Disallow: /A", "/a", True),
        ("Disallow: /a%2Fb", "/a/b", True),
        ("Disallow: /a%2Fb", "/a%2Fb", False),
        ("Disallow: /a%2fb", "/a%2Fb", False),
        ("Disallow: /ş", "/%C5%9F", False),
        ("Disallow: /%C5%9F", "/ş", False),
        ("Disallow: /%7Eann", "/~ann", False),
        ("Disallow: /a?b=", "/a?b=1", False),
        ("Disallow: /a # because", "/a", False),
        ("disALLOW : /a", "/a", False),
        ("Disallow: /a\r\nDisallow: /b", "/b", False),
        ("Disallow: /a\rDisallow: /b", "/b", False),
        ("Nonsense\nDisallow: /a\n: x\n<html>", "/a", False),
    ],
)
def test_paths_match_as_the_rfc_says(rules, path, expected):
    assert allowed(f"User-agent: *\n{rules}\n", path) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-agent: newsline\nDisallow: /", False),
        ("User-agent: NEWSLINE/2.0\nDisallow: /", False),
        ("User-agent: news\nDisallow: /", True),
        ("User-agent: newslinebot\nDisallow: /", True),
        ("User-agent: newsline-images\nDisallow: /", True),
        ("User-agent: the newsline\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Newsline\nAllow: /", True),
        ("User-agent: Newsline\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Newsline\nCrawl-delay: 5", True),
        ("User-agent: Newsline\nDisallow: /x\n\nUser-agent: Newsline\nDisallow: /a", False),
        ("User-agent: other\nUser-agent: Newsline\nDisallow: /a", False),
        ("User-agent: other\n\n\nUser-agent: Newsline\n\n# why\n\nDisallow: /a", False),
        ("User-agent: Newsline\nSitemap: https://a.test/s.xml\nDisallow: /a", False),
        ("User-agent: *\nCrawl-delay: 10\nUser-agent: other\nDisallow: /", True),
        ("Disallow: /a", True),  # belongs to nobody
        ("Sitemap: https://a.test/s.xml", True),
        ("", True),
    ],
)
def test_groups_are_found_by_whole_product_tokens_and_merged(text, expected):
    assert allowed(text, "/a") is expected


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_hides_no_group(mark):
    assert not allowed(mark + b"User-agent: *\nDisallow: /a", "/a")


def test_bytes_that_are_no_utf8_spoil_only_their_line():
    assert not allowed(b"User-agent: *\nDisallow: /\xff\xfe\nDisallow: /a", "/a")


def test_the_first_500_kib_count_and_no_half_line():
    head = "User-agent: *\nDisallow: /first\n"
    filler = "# padding\n" * 60_000
    cut = MAX_ROBOTS_BYTES - len(head)
    text = head + filler[:cut].rpartition("\n")[0] + "\nDisallow: /after-the-cut\n" * 2
    assert not allowed(text, "/first")
    assert allowed(text, "/after-the-cut/x")
    half = ("User-agent: *\nDisallow: /first\n" + "#" * MAX_ROBOTS_BYTES)[: MAX_ROBOTS_BYTES - 12]
    assert allowed(half + "\nDisallow: /", "/a")  # "Disallow: /a-long-path", cut


def test_a_pattern_made_to_backtrack_costs_nothing():
    rules = "\n".join("Disallow: /" + "a*" * 500 + "b" for _ in range(50))
    started_s = time.perf_counter()
    assert allowed(f"User-agent: *\n{rules}", "/" + "a" * 2000)
    assert time.perf_counter() - started_s < 1


@given(st.binary(max_size=300), st.text(st.characters(codec="ascii"), max_size=20))
def test_any_robots_txt_is_read(body, path):
    assert verdict(copy_of(b"User-agent: *\n" + body), f"{ORIGIN}/{path}", PRODUCT).reason in {
        "robots_allowed",
        "robots_disallowed",
    }


@pytest.mark.parametrize("status", [404, 403, 401, 410, 400, 451])
def test_without_a_robots_txt_everything_is_allowed(status):
    ruling = verdict(copy_of("User-agent: *\nDisallow: /", status), f"{ORIGIN}/a", PRODUCT)
    assert (ruling.allowed, ruling.reason) == (True, "no_robots")


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 599])
def test_a_robots_txt_that_cannot_be_had_forbids_for_a_while(status):
    ruling = verdict(copy_of("", status), f"{ORIGIN}/a", PRODUCT)
    assert (ruling.allowed, ruling.temporary, ruling.reason) == (False, True, "robots_unavailable")


def test_no_copy_at_all_forbids_for_a_while():
    ruling = verdict(None, f"{ORIGIN}/a", PRODUCT)
    assert (ruling.allowed, ruling.temporary) == (False, True)


def test_what_is_forbidden_by_a_rule_is_not_temporary():
    ruling = verdict(copy_of("User-agent: *\nDisallow: /"), f"{ORIGIN}/a", PRODUCT)
    assert (ruling.allowed, ruling.temporary, ruling.reason) == (False, False, "robots_disallowed")


@pytest.mark.parametrize(
    ("line", "delay_s"), [("10", 10.0), ("0.5", 0.5), ("soon", None), ("", None), ("-1", None)]
)
def test_crawl_delay_is_passed_on(line, delay_s):
    text = f"User-agent: *\nCrawl-delay: {line}\nDisallow: /a"
    for path in ("/a", "/b"):
        assert verdict(copy_of(text), ORIGIN + path, PRODUCT).crawl_delay_s == delay_s


@pytest.mark.parametrize(
    ("status", "age", "expected"),
    [
        (200, timedelta(hours=23, minutes=59), "use"),
        (200, timedelta(hours=24), "fetch"),
        (404, timedelta(hours=23), "use"),
        (404, timedelta(hours=24), "fetch"),
        (503, timedelta(minutes=29), "use"),
        (503, timedelta(minutes=30), "fetch"),
        (0, timedelta(minutes=30), "fetch"),
    ],
)
def test_a_good_copy_serves_a_day_a_refusal_half_an_hour(status, age, expected):
    assert decide_robots(copy_of("", status, NOW - age), NOW) == expected


def test_without_a_copy_one_is_fetched():
    assert decide_robots(None, NOW) == "fetch"
