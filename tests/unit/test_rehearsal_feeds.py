"""The feed documents of the rehearsal world, read by parsers that are not ours."""

import io
import json
from datetime import UTC, datetime

import feedparser
import pytest
from lxml import etree
from rehearsal_samples import article, ask, ask_feed, small_world

from pipeline.rehearsal.outlets import OUTLETS

WORLD = small_world()
SPECS = {spec.id: spec for outlet in OUTLETS for spec in outlet.feeds}
XML = [spec.id for spec in SPECS.values() if spec.format in ("rss", "atom", "rdf")]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def parse(answer):
    return feedparser.parse(
        io.BytesIO(answer.body), sanitize_html=False, resolve_relative_uris=False
    )


def titles_of(slug):
    newest_first = (3, 2, 1)
    return [WORLD.sites.articles[f"{slug}-{n}"].versions[0].title for n in newest_first]


@pytest.mark.parametrize("feed_id", XML)
def test_every_xml_feed_lists_all_articles_newest_first(feed_id):
    spec, answer = SPECS[feed_id], ask_feed(WORLD, feed_id)
    # The declaration may lie or be missing, as it does in the wild: decode as it really is.
    text = answer.body.decode(spec.encoding).split("?>", 1)[1].encode()
    parsed = feedparser.parse(io.BytesIO(text), sanitize_html=False)
    assert not parsed.bozo
    slug = WORLD.sites.feeds[feed_id][0].slug
    assert [entry.title for entry in parsed.entries] == titles_of(slug)
    kinds = {"rss": "rss20", "atom": "atom10", "rdf": "rss10"}
    assert parsed.version == kinds[spec.format]


def test_one_feed_is_undeclared_and_one_lies_about_its_encoding():
    undeclared = ask_feed(WORLD, "kuzey-postasi-son-dakika").body
    lying = ask_feed(WORLD, "kuzey-postasi-dunya").body
    assert undeclared.startswith(b'<?xml version="1.0"?>')
    assert lying.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    for body in (undeclared, lying):
        with pytest.raises(UnicodeDecodeError):
            body.decode("utf-8")
        assert "köprüyü" in body.decode("iso-8859-9")


def test_arabic_feed_is_in_its_declared_code_page():
    body = ask_feed(WORLD, "nahr-alakhbar-akhbar").body
    assert b'encoding="windows-1256"' in body
    assert (
        parse(ask_feed(WORLD, "nahr-alakhbar-akhbar")).entries[0].title
        == titles_of("nahr-alakhbar")[0]
    )


@pytest.mark.parametrize(
    ("feed_id", "written"),
    [
        ("kuzey-postasi-son-dakika", "1 Eylül 2019 11:00"),
        ("kuzey-postasi-dunya", "2019-09-01 11:00:00"),
        ("anadolu-ufku-manset", "Sun, 01 Sep 2019 11:00:00 GMT"),  # three hours ahead: a lie
        ("bosphorus-courier-latest", "Sun, 01 Sep 2019 11:00:00 +0300"),
        ("levant-gazette-all", "Sun, 01 Sep 2019 11:00:00 EEST"),
        ("potomac-ledger-top", "Sun, 01 Sep 2019 08:00:00 GMT"),
        ("rheinblatt-aktuell", "2019-09-01T10:00:00+02:00"),
        ("courrier-du-rhone-une", "2019-09-01T10:00:00+02:00"),
    ],
)
def test_dates_are_written_in_each_outlets_manner(feed_id, written):
    assert written in ask_feed(WORLD, feed_id).body.decode(SPECS[feed_id].encoding)


def test_one_feed_gives_no_dates_at_all():
    entries = parse(ask_feed(WORLD, "courrier-du-rhone-mobile")).entries
    assert entries
    assert not any("published" in entry for entry in entries)


def test_the_json_feed_is_version_1_1_with_full_text():
    feed = json.loads(ask_feed(WORLD, "meridian-wire-json").body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["title"] for item in feed["items"]] == titles_of("meridian-wire")
    newest = WORLD.sites.articles["meridian-wire-3"]
    assert feed["items"][0]["content_text"] == "\n\n".join(newest.versions[0].paragraphs)
    published = datetime.fromisoformat(feed["items"][0]["date_published"])
    assert published.astimezone(UTC) == newest.published_at


def test_the_sitemap_index_leads_to_news_sitemaps_by_month():
    world = small_world(
        [article("potomac-ledger", n, published=f"2019-0{7 + n}-09T00:00") for n in (1, 2)]
    )
    index = etree.fromstring(ask_feed(world, "potomac-ledger-sitemap", "2019-09-20T00:00").body)
    addresses = [loc.text for loc in index.iter(f"{SITEMAP}loc")]
    assert [address[-11:-4] for address in addresses] == ["2019-09", "2019-08"]
    month = etree.fromstring(
        ask(world, addresses[1].removeprefix("http://").replace(":8080", "")).body
    )
    assert [title.text for title in month.iter(f"{NEWS}title")] == [
        world.sites.articles["potomac-ledger-1"].versions[0].title
    ]
    assert month.findtext(f".//{SITEMAP}loc").endswith("/potomac-ledger-1/")


def test_guids_are_of_every_kind():
    kinds = {
        feed_id: parse(ask_feed(WORLD, feed_id)).entries[0].get("id")
        for feed_id in XML
        if SPECS[feed_id].format == "rss"
    }
    assert kinds["nahr-alakhbar-akhbar"] is None
    assert kinds["kuzey-postasi-son-dakika"].startswith("kuzey:")
    assert kinds["levant-gazette-all"].endswith("/levant-gazette-3#0")
    assert kinds["anadolu-ufku-manset"].startswith("http://anadolu-ufku.localhost:8080/2019/")
    body = ask_feed(WORLD, "kuzey-postasi-son-dakika").body
    assert b'isPermaLink="false"' in body


def test_a_guid_changes_its_scheme_when_the_outlet_moves_to_https():
    before, after = (
        parse(ask_feed(WORLD, "bosphorus-courier-latest", f"2019-09-{day}T00:00")).entries[0].id
        for day in (14, 15)
    )
    assert (before.split("://")[0], after.split("://")[0]) == ("http", "https")
    assert before.split("://")[1] == after.split("://")[1]


def test_a_guid_counts_the_edits():
    edited = article("levant-gazette", edits=[("2019-09-02T00:00", "Corrected", ("Text.",))])
    world = small_world([edited])
    ends = [
        parse(ask_feed(world, "levant-gazette-all", when)).entries[0].id[-2:]
        for when in ("2019-09-01T23:59", "2019-09-02T00:00")
    ]
    assert ends == ["#0", "#1"]


def test_two_feeds_list_one_article_with_different_tracking():
    latest, world = (
        parse(ask_feed(WORLD, f"bosphorus-courier-{name}")).entries[0].link
        for name in ("latest", "world")
    )
    assert latest.partition("?")[0] == world.partition("?")[0]
    assert latest.partition("?")[2] != world.partition("?")[2]


def test_mobile_and_amp_feeds_list_other_addresses_some_hours_later():
    amp = ask_feed(WORLD, "rheinblatt-mobil").body
    assert b"/amp/world/rheinblatt-3.html" in amp
    mobile = "courrier-du-rhone-mobile"
    assert b"courrier-du-rhone-1.html" not in ask_feed(WORLD, mobile, "2019-09-01T13:59").body
    assert b"/m/world/article/" in ask_feed(WORLD, mobile, "2019-09-01T14:00").body


def test_a_feed_lists_only_its_newest_and_nothing_from_the_future():
    many = [article("rheinblatt", n, published=f"2019-09-{n:02}T08:00") for n in range(1, 29)]
    world = small_world(many)
    ids = [
        entry.link
        for entry in parse(ask_feed(world, "rheinblatt-aktuell", "2019-09-25T08:00")).entries
    ]
    assert len(ids) == SPECS["rheinblatt-aktuell"].size
    assert "rheinblatt-25.html" in ids[0]
    sport = article("bosphorus-courier", 9, section="sport")
    assert sport.id.encode() not in ask_feed(small_world([sport]), "bosphorus-courier-world").body


def test_markup_in_a_title_stays_text_in_every_format():
    odd = "A <b>bold</b> AT&T \"quote\" ]]> 'x'"
    articles = [
        article(slug, standfirst=odd, edits=[("2019-09-02T00:00", odd, (odd,))])
        for slug in ("rheinblatt", "courrier-du-rhone", "meridian-wire", "potomac-ledger")
    ]
    world = small_world(articles)
    atom = parse(ask_feed(world, "rheinblatt-aktuell"))
    assert atom.entries[0].summary == odd
    assert "&lt;b&gt;bold" in atom.entries[0].content[0].value
    rdf = etree.fromstring(ask_feed(world, "courrier-du-rhone-une").body)
    assert odd in [element.text for element in rdf.iter("{http://purl.org/rss/1.0/}title")]
    assert json.loads(ask_feed(world, "meridian-wire-json").body)["items"][0]["title"] == odd
    rss = etree.fromstring(ask_feed(world, "potomac-ledger-top").body)
    assert rss.findtext("channel/item/title") == odd
