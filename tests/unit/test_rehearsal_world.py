"""What the rehearsal world answers: its HTTP, its troubles, its clock."""

import gzip
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal_samples import article, ask, ask_feed, ask_page, at, every_outlet, small_world

from pipeline.rehearsal.message import Request
from pipeline.rehearsal.outlets import OUTLETS

FEEDS = [spec.id for outlet in OUTLETS for spec in outlet.feeds]
WORLD = small_world()


def test_there_are_at_least_fourteen_feeds_over_ten_outlets_with_unique_ids_and_addresses():
    feeds = WORLD.catalogue()
    assert len(feeds) >= 14
    assert len({feed.publisher for feed in feeds}) == 10
    assert len({feed.feed_id for feed in feeds}) == len({feed.url for feed in feeds}) == len(feeds)
    assert all(feed.url.startswith(f"http://{feed.publisher}.localhost:8080/") for feed in feeds)


def test_an_unknown_host_is_misdirected():
    assert ask(WORLD, "elsewhere.localhost/").status == 421


@pytest.mark.parametrize("outlet", OUTLETS, ids=lambda outlet: outlet.slug)
def test_home_page_names_the_feeds_and_section_pages_list_the_articles(outlet):
    home = ask(WORLD, outlet.host + "/")
    text = home.body.decode(outlet.encoding)
    listed = [spec.path for spec in outlet.feeds if spec.format != "sitemap_index"]
    assert all(f'href="{path}"' in text for path in listed)
    assert text.count('rel="alternate"') == len(listed)
    newest = WORLD.sites.path(WORLD.sites.articles[f"{outlet.slug}-3"])
    section = ask(WORLD, outlet.host + "/section/world")
    assert newest in text
    assert newest in section.body.decode(outlet.encoding)


@pytest.mark.parametrize(
    ("slug", "status", "says"),
    [
        ("potomac-ledger", 200, b"Disallow: /private/"),
        ("levant-gazette", 200, b"Crawl-delay: 1"),
        ("kuzey-postasi", 404, b"<html"),
        ("rheinblatt", 200, b"Allow: /"),
    ],
)
def test_robots_differ_by_host(slug, status, says):
    answer = ask(WORLD, f"{slug}/robots.txt")
    assert answer.status == status
    assert says in answer.body


def test_what_does_not_exist_is_404_but_one_outlet_says_so_with_200():
    assert ask(WORLD, "rheinblatt/nothing").status == 404
    soft = ask(WORLD, "stadium-tribune/nothing")
    assert soft.status == 200
    assert b"Page not found" in soft.body


def test_an_article_is_404_until_published_and_gone_after_its_retraction():
    taken_back = article("rheinblatt", retracted_at=at("2019-09-05T00:00"), retracted_status=410)
    world = small_world([taken_back, article("rheinblatt", 2)])
    days = ("2019-09-01T07:59", "2019-09-01T08:00", "2019-09-05T00:00")
    assert [ask_page(world, taken_back, day).status for day in days] == [404, 200, 410]
    listed = [taken_back.id.encode() in ask_feed(world, "rheinblatt-mobil", day).body
              for day in ("2019-09-04T00:00", "2019-09-05T00:00")]  # fmt: skip
    assert listed == [True, False]


@pytest.mark.parametrize("feed_id", FEEDS)
def test_feeds_answer_304_to_their_own_validators_when_they_send_any(feed_id):
    first = ask_feed(WORLD, feed_id)
    sent = {
        "if_none_match": first.header("etag"),
        "if_modified_since": first.header("last-modified"),
    }
    held = {name: value for name, value in sent.items() if value}
    again = ask_feed(WORLD, feed_id, **held)
    assert again.status == (304 if held else 200)
    assert again.header("etag") == first.header("etag")
    assert again.body == (b"" if held else first.body)


def test_validators_are_of_every_kind():
    tags = {feed_id: ask_feed(WORLD, feed_id).header("etag") for feed_id in FEEDS}
    assert tags["anadolu-ufku-manset"].startswith('W/"')
    assert tags["rheinblatt-aktuell"].startswith('"')
    assert tags["bosphorus-courier-world"] is None
    assert ask_feed(WORLD, "kuzey-postasi-dunya").header("last-modified")


def test_a_new_article_or_an_edit_changes_the_validators():
    plain = article("rheinblatt")
    edited = article("rheinblatt", edits=[("2019-09-02T08:00", "New headline", ("New text.",) * 4)])
    before = ask_feed(small_world([plain]), "rheinblatt-aktuell")
    after = ask_feed(
        small_world([edited]), "rheinblatt-aktuell", if_none_match=before.header("etag")
    )
    assert after.status == 200
    assert b"New headline" in after.body
    assert before.header("last-modified") == "Sun, 01 Sep 2019 08:00:00 GMT"
    assert after.header("last-modified") == "Mon, 02 Sep 2019 08:00:00 GMT"


def test_gzip_only_when_asked_and_one_server_then_forgets_its_own_etag():
    plain = ask_feed(WORLD, "levant-gazette-all")
    zipped = ask_feed(WORLD, "levant-gazette-all", accept_encoding="br, gzip")
    assert plain.header("content-encoding") is None
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.header("etag").endswith('-gzip"')
    again = ask_feed(WORLD, "levant-gazette-all", if_none_match=zipped.header("etag"))
    assert again.status == 200


def test_a_moving_clock_in_a_feed_changes_bytes_but_no_entry():
    first, second = (
        ask_feed(WORLD, "stadium-tribune-headlines", f"2019-09-10T12:0{minute}")
        for minute in (1, 2)
    )
    assert first.body != second.body
    assert first.body.split(b"<item>")[1:] == second.body.split(b"<item>")[1:]


FEED = "anadolu-ufku-manset"


@pytest.mark.parametrize(
    ("event", "status", "headers", "body"),
    [
        ({"does": "status", "status": 404}, 404, {}, b"<html"),
        ({"does": "status", "status": 410}, 410, {}, b"<html"),
        ({"does": "status", "status": 429, "retry_after_s": 90}, 429, {"retry-after": "90"}, b""),
        ({"does": "status", "status": 503, "retry_after_s": 0}, 503, {"retry-after": "0"}, b""),
        ({"does": "html"}, 200, {"content-type": "text/html; charset=utf-8"}, b"Just a moment"),
        ({"does": "bot_wall"}, 403, {}, b"Just a moment"),
        ({"does": "moved", "status": 301, "to": "/new"}, 301,
         {"location": "http://anadolu-ufku.localhost:8080/new"}, b""),
        ({"does": "moved", "status": 302, "to": "rheinblatt-1"}, 302,
         {"location": "http://rheinblatt.localhost:8080/world/rheinblatt-1.html"}, b""),
    ],
)  # fmt: skip
def test_events_take_the_place_of_the_answer(event, status, headers, body):
    answer = ask_feed(small_world(None, {"feed": FEED, **event}), FEED)
    assert answer.status == status
    assert {name: answer.header(name) for name in headers} == headers
    assert body in answer.body


def test_an_empty_feed_is_200_with_no_body():
    answer = ask_feed(small_world(None, {"feed": FEED, "does": "empty"}), FEED)
    assert (answer.status, answer.body) == (200, b"")


def test_a_moved_feed_is_served_at_its_new_address():
    world = small_world(None, {"feed": FEED, "does": "moved", "status": 301, "to": "/feeds/new"})
    moved = ask(world, "anadolu-ufku/feeds/new")
    assert moved.status == 200
    assert moved.body == ask_feed(WORLD, FEED).body


def test_a_moved_page_is_served_at_its_new_address():
    move = {"article": "rheinblatt-1", "does": "moved", "status": 301, "to": "/old/one"}
    world = small_world(None, move)
    wanted = world.sites.articles["rheinblatt-1"]
    assert ask_page(world, wanted).header("location") == "http://rheinblatt.localhost:8080/old/one"
    assert ask(world, "rheinblatt/old/one").body == ask_page(WORLD, wanted).body


def test_a_truncated_feed_holds_the_beginning_and_no_validators():
    whole = ask_feed(WORLD, FEED)
    cut = ask_feed(small_world(None, {"feed": FEED, "does": "truncated"}), FEED)
    assert whole.body.startswith(cut.body)
    assert len(cut.body) < len(whole.body)
    assert cut.header("etag") is None


def test_a_stale_feed_answers_as_it_did_when_it_froze():
    frozen = small_world(None, {"feed": FEED, "does": "stale", "from": "2019-09-02T12:00:00Z"})
    assert ask_feed(frozen, FEED).body == ask_feed(WORLD, FEED, "2019-09-02T12:00").body


def test_a_lying_server_says_304_to_every_conditional_request_only():
    lying = small_world(None, {"feed": FEED, "does": "not_modified"})
    assert ask_feed(lying, FEED, if_none_match='"anything"').status == 304
    assert ask_feed(lying, FEED).status == 200


def test_slow_and_cut_answers_say_so():
    world = small_world(
        None,
        {"feed": FEED, "does": "slow", "delay_s": 0.5},
        {"feed": "rheinblatt-aktuell", "does": "cut"},
    )
    assert ask_feed(world, FEED).delay_s == 0.5
    assert ask_feed(world, "rheinblatt-aktuell").cut


def test_an_event_on_an_address_hits_nothing_else():
    world = small_world(
        None, {"url": "rheinblatt.localhost/robots.txt", "does": "status", "status": 502}
    )
    assert ask(world, "rheinblatt/robots.txt").status == 502
    assert ask(world, "rheinblatt/").status == 200


def test_an_event_on_an_article_hits_all_its_pages_and_no_other():
    world = small_world(None, {"article": "rheinblatt-1", "does": "status", "status": 500})
    one, two = (world.sites.articles[f"rheinblatt-{n}"] for n in (1, 2))
    assert ask_page(world, one).status == ask_page(world, one, which="amp").status == 500
    assert ask_page(world, two).status == 200


def test_a_bot_wall_for_the_first_request_falls_at_the_second():
    world = small_world(None, {"article": "rheinblatt-1", "does": "bot_wall", "first": 1})
    wanted = world.sites.articles["rheinblatt-1"]
    assert [ask_page(world, wanted, earlier=n).status for n in (0, 1)] == [403, 200]


LINKS = [
    {"feed": "potomac-ledger-top", "path": f"/private/{serves}", "title": f"A {serves}",
     "serves": serves, "published_at": "2019-09-09T00:00:00Z"}
    for serves in ("pdf", "image", "private", "nothing")
]  # fmt: skip


@pytest.mark.parametrize(
    ("serves", "status", "kind", "start"),
    [
        ("pdf", 200, "application/pdf", b"%PDF-"),
        ("image", 200, "image/png", b"\x89PNG"),
        ("private", 200, "text/html; charset=utf-8", b"<!doctype html>"),
        ("nothing", 404, "text/html; charset=utf-8", b""),
    ],
)
def test_feeds_list_links_that_are_no_articles(serves, status, kind, start):
    world = small_world(links=LINKS)
    assert f"/private/{serves}?".encode() in ask_feed(world, "potomac-ledger-top").body
    answer = ask(world, f"potomac-ledger/private/{serves}")
    assert (answer.status, answer.header("content-type")) == (status, kind)
    assert answer.body.startswith(start)


@settings(max_examples=60, deadline=None)
@given(
    host=st.sampled_from([outlet.host for outlet in OUTLETS] + ["nobody.example"]),
    path=st.one_of(
        st.sampled_from([spec.path for outlet in OUTLETS for spec in outlet.feeds]),
        st.text(max_size=30).map("/".__add__),
    ),
    headers=st.dictionaries(
        st.sampled_from(["if-none-match", "if-modified-since", "accept-encoding", "x"]),
        st.text(max_size=40),
    ),
    minutes=st.integers(0, 200_000),
)
def test_every_request_at_every_time_is_answered_the_same_way_twice(host, path, headers, minutes):
    now = at("2019-08-01T00:00") + timedelta(minutes=minutes)
    request = Request(host, path, "", headers)
    first, second = WORLD.answer(request, now), small_world(every_outlet()).answer(request, now)
    assert first == second
    assert 200 <= first.status < 600
