"""The model of what a faithful pipeline ends up with."""

from dataclasses import replace

import pytest
from lxml import html
from rehearsal_samples import article, ask, at, small_world

from pipeline.rehearsal.articles import Version, load_articles
from pipeline.rehearsal.oracle import expected
from pipeline.rehearsal.script import load_script
from pipeline.rehearsal.world import World

NOW = at("2019-10-01T00:00")


def only(world, id_, now=NOW, looks=None):
    return expected(world, now, looks)[id_]


def test_an_article_listed_by_two_feeds_is_one_article_with_its_text():
    plain = article("bosphorus-courier")
    found = expected(small_world([plain]), NOW)
    assert list(found) == [plain.id]
    one = found[plain.id]
    assert (one.end, one.sure, one.others) == ("indexed", True, None)
    assert one.urls == ("http://bosphorus-courier.localhost:8080/bosphorus-courier-1-0901",)
    assert one.paragraphs == plain.versions[0].paragraphs


def test_nothing_is_expected_before_it_is_published():
    assert expected(small_world([article("rheinblatt")]), at("2019-08-31T00:00")) == {}


def test_further_addresses_end_as_alias_or_as_duplicate():
    world = small_world([article("rheinblatt"), article("courrier-du-rhone")])
    amp, mobile = only(world, "rheinblatt-1"), only(world, "courrier-du-rhone-1")
    assert (len(amp.urls), amp.others) == (2, "alias")
    assert (len(mobile.urls), mobile.others) == (2, "duplicate")
    assert "/amp/" not in amp.urls[0]
    assert "/m/" not in mobile.urls[0]


def test_an_edit_shows_from_its_time_on_and_is_sure_within_a_week():
    edits = [("2019-09-02T00:00", "Corrected", ("Text.",))]
    late = [("2019-09-20T00:00", "Much later", ("Text.",))]
    world = small_world([article("rheinblatt", edits=edits), article("levant-gazette", edits=late)])
    assert only(world, "rheinblatt-1", at("2019-09-01T12:00")).title.startswith("rheinblatt 1")
    assert only(world, "rheinblatt-1").title == "Corrected"
    assert only(world, "rheinblatt-1").sure
    assert not only(world, "levant-gazette-1").sure


def test_a_retraction_counts_after_two_answers_a_day_apart():
    world = small_world([article("rheinblatt", retracted_at=at("2019-09-03T00:00"))])
    ends = [only(world, "rheinblatt-1", at(f"2019-09-0{day}T00:00")).end for day in (2, 3, 4)]
    assert ends == ["indexed", "indexed", "retracted"]
    looks = [at("2019-09-02T00:00"), at("2019-09-20T00:00")]
    assert only(world, "rheinblatt-1", looks=looks).end == "indexed"


def test_a_feed_that_fails_at_every_look_brings_nothing():
    down = {"feed": "levant-gazette-all", "does": "status", "status": 503,
            "until": "2019-09-05T00:00:00Z"}  # fmt: skip
    world = small_world([article("levant-gazette")], down)
    assert expected(world, at("2019-09-04T00:00")) == {}
    assert only(world, "levant-gazette-1").listed_at == at("2019-09-05T00:00")


def test_a_stale_feed_shows_what_it_showed():
    frozen = {"feed": "levant-gazette-all", "does": "stale", "from": "2019-09-02T00:00:00Z"}
    later = article("levant-gazette", 2, published="2019-09-03T00:00")
    assert set(expected(small_world([article("levant-gazette"), later], frozen), NOW)) == {
        "levant-gazette-1"
    }


@pytest.mark.parametrize("does", ["truncated", "not_modified"])
def test_what_only_a_doubtful_answer_shows_is_not_sure(does):
    world = small_world([article("levant-gazette")], {"feed": "levant-gazette-all", "does": does})
    assert not only(world, "levant-gazette-1").sure


@pytest.mark.parametrize(
    ("event", "end", "why"),
    [
        ({"does": "status", "status": 500}, "in_flight", "status"),
        ({"does": "status", "status": 404}, "dropped", "not_found"),
        ({"does": "soft_404"}, "dropped", "soft_404"),
        ({"does": "moved", "status": 301, "to": "meridian-wire-1"}, "alias", "moved"),
        ({"does": "moved", "status": 301, "to": "/archive"}, "indexed", None),
        ({"does": "bot_wall", "first": 1}, "indexed", None),
        ({"does": "slow", "delay_s": 1.0}, "indexed", None),
        ({"does": "paywall"}, "indexed", None),
    ],
)
def test_troubles_of_a_page_end_as_they_should(event, end, why):
    short = article("levant-gazette", standfirst="Short.")
    world = small_world([short, article("meridian-wire")], {"article": short.id, **event})
    one = only(world, short.id)
    assert (one.end, one.why) == (end, why)
    if event["does"] == "paywall":
        assert one.paragraphs == short.versions[0].paragraphs[:2]
    if end == "alias":
        assert one.of == "meridian-wire-1"


def test_a_page_that_is_gone_for_good_leaves_the_text_of_a_full_feed():
    world = small_world(
        [article("rheinblatt")], {"article": "rheinblatt-1", "does": "status", "status": 404}
    )
    one = only(world, "rheinblatt-1")
    assert (one.end, one.text_source) == ("indexed", "feed")


def test_an_hour_of_errors_is_forgotten():
    event = {"article": "rheinblatt-1", "does": "status", "status": 500,
             "until": "2019-09-01T09:00:00Z"}  # fmt: skip
    world = small_world([article("rheinblatt")], event)
    assert only(world, "rheinblatt-1", at("2019-09-01T08:30")).end == "in_flight"
    assert only(world, "rheinblatt-1").end == "indexed"


def test_robots_that_cannot_be_had_hold_pages_back():
    event = {"url": "rheinblatt.localhost/robots.txt", "does": "status", "status": 502}
    one = only(small_world([article("rheinblatt")], event), "rheinblatt-1")
    assert (one.end, one.why) == ("in_flight", "robots_unavailable")


def test_the_same_text_twice_at_one_outlet_is_a_duplicate_and_at_two_is_not():
    original = article("meridian-wire")
    text = original.versions[0].paragraphs
    day = at("2019-09-02T00:00")
    copies = [
        replace(article(slug, 2), versions=(Version(day, "T", text),), wire_of=original.id)
        for slug in ("meridian-wire", "levant-gazette")
    ]
    found = expected(small_world([original, *copies]), NOW)
    assert (found["meridian-wire-2"].end, found["meridian-wire-2"].of) == (
        "duplicate",
        original.id,
    )
    assert found["levant-gazette-2"].end == found[original.id].end == "indexed"


def test_listed_links_are_dropped_with_what_they_are():
    link = {"feed": "levant-gazette-all", "path": "/r.pdf", "title": "Report", "serves": "pdf",
            "published_at": "2019-09-01T00:00:00Z"}  # fmt: skip
    one = only(small_world([article("levant-gazette")], links=[link]), "/r.pdf")
    assert (one.end, one.why) == ("dropped", "pdf")


def follow(world, url, now):
    """Ask as a patient client does: through redirects, and again where the first try fails."""
    for _ in range(5):
        host, path = url.removeprefix("http://").split("/", 1)
        answer = ask(world, f"{host.partition(':')[0]}/{path}", now.isoformat(), earlier=9)
        if answer.header("location") is None:
            return answer
        url = answer.header("location")
    raise AssertionError(f"{url} redirects for ever")


@pytest.mark.parametrize("day", ["2019-08-10", "2019-09-12", "2019-10-13", "2019-10-31"])
def test_the_model_agrees_with_what_the_shipped_world_serves(day):
    now = at(f"{day}T12:00")
    world = World(load_articles(), script=load_script(), port=8080)
    found = expected(world, now)
    assert found
    for one in found.values():
        if not one.sure or one.text_source == "feed":
            continue
        answer = follow(world, one.urls[0], now)
        encoding = world.sites.outlets[one.outlet].encoding
        if one.end == "indexed":
            text = " ".join(html.fromstring(answer.body.decode(encoding)).text_content().split())
            assert answer.status == 200, one.id
            assert one.title in text, one.id
            assert all(paragraph in text for paragraph in one.paragraphs), one.id
        elif one.end == "retracted":
            assert answer.status in (404, 410), one.id
        elif one.end == "alias":
            assert answer.status == 200, one.id
        else:
            assert one.end == "dropped", one.id
