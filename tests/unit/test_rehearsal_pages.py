"""The pages of the rehearsal world: the article, and everything that gets in its way."""

import json

import pytest
from lxml import html
from rehearsal_samples import article, ask_page, at, every_outlet, small_world

from pipeline.rehearsal.outlets import OUTLETS
from pipeline.rehearsal.pages import WORDS
from pipeline.rehearsal.synthetic import START_AT, synthetic_articles, synthetic_outlets
from pipeline.rehearsal.world import World

WORLD = small_world([*every_outlet(), *(article(o.slug, 4) for o in OUTLETS)])
BY_SLUG = {outlet.slug: outlet for outlet in OUTLETS}


def page(slug, number=1, world=WORLD, which="page", now="2019-09-10T12:00"):
    wanted = world.sites.articles[f"{slug}-{number}"]
    answer = ask_page(world, wanted, now, which)
    parser = html.HTMLParser(encoding=BY_SLUG[slug].encoding)
    return html.fromstring(answer.body, parser=parser), answer


def squeezed(element):
    return " ".join(element.text_content().split())


def statement(tree):
    (script,) = tree.xpath('//script[@type="application/ld+json"]')
    said = json.loads(script.text)
    nodes = said.get("@graph", [said])
    return next(node for node in nodes if node["@type"] == "NewsArticle")


@pytest.mark.parametrize("slug", BY_SLUG)
def test_every_page_holds_headline_and_all_paragraphs_amid_furniture(slug):
    tree, _ = page(slug)
    version = WORLD.sites.articles[f"{slug}-1"].versions[0]
    assert [squeezed(h1) for h1 in tree.iter("h1")] == [version.title]
    text = squeezed(tree)
    assert all(paragraph in text for paragraph in version.paragraphs)
    words = WORDS[BY_SLUG[slug].language]
    for furniture in ("cookies", "read_more", "related", "copyright", "home"):
        assert words[furniture] in text, furniture
    assert tree.findtext("head/title") == f"{version.title} | {BY_SLUG[slug].name}"
    assert tree.xpath('//meta[@property="og:title"]/@content') == [version.title]


def test_furniture_exists_in_all_languages_with_the_same_pieces():
    assert set(WORDS) >= {outlet.language for outlet in OUTLETS}
    assert len({frozenset(words) for words in WORDS.values()}) == 1


def test_one_outlet_shows_its_headline_three_times_before_the_text():
    tree, _ = page("bosphorus-courier")
    title = WORLD.sites.articles["bosphorus-courier-1"].versions[0].title
    in_body = [squeezed(e) for e in tree.iter("h1", "h2", "p") if squeezed(e) == title]
    assert len(in_body) == 3


@pytest.mark.parametrize(
    ("slug", "encoding"), [("kuzey-postasi", "windows-1254"), ("nahr-alakhbar", "windows-1256")]
)
def test_two_outlets_name_their_code_page_only_in_meta(slug, encoding):
    tree, answer = page(slug)
    assert answer.header("content-type") == "text/html"
    assert tree.xpath("//meta/@charset") == [encoding]
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode("utf-8")


def test_canonical_links_are_own_missing_or_a_trap():
    original = article("meridian-wire")
    copy = article("levant-gazette", wire_of=original.id)
    world = small_world([original, copy, article("courrier-du-rhone")])
    own, _ = page("meridian-wire", world=world)
    trap, _ = page("levant-gazette", world=world)
    none, _ = page("courrier-du-rhone", world=world)
    address = world.sites.url(original)
    assert own.xpath('//link[@rel="canonical"]/@href') == [address]
    assert trap.xpath('//link[@rel="canonical"]/@href') == [address]
    assert none.xpath('//link[@rel="canonical"]/@href') == []


def test_json_ld_is_plain_in_a_graph_wrong_or_missing():
    published = WORLD.sites.articles["potomac-ledger-1"].published_at
    said = {slug: statement(page(slug)[0]) for slug in ("potomac-ledger", "anadolu-ufku")}
    assert {at(each["datePublished"]) for each in said.values()} == {published}
    wrong, _ = page("stadium-tribune")
    assert statement(wrong)["datePublished"].startswith("2018-")
    right = wrong.xpath('//meta[@property="article:published_time"]/@content')
    assert at(right[0]) == published
    assert b"ld+json" not in page("nahr-alakhbar")[1].body


def test_a_headline_cannot_break_out_of_json_ld():
    sly = "</script><b>sly</b>"
    world = small_world([article("potomac-ledger", edits=[("2019-09-02T00:00", sly, ("Text.",))])])
    tree, answer = page("potomac-ledger", world=world)
    assert statement(tree)["headline"] == sly
    assert b"<b>sly" not in answer.body


def test_a_paywalled_page_shows_a_teaser_and_says_so():
    world = small_world(None, {"article": "potomac-ledger-1", "does": "paywall"})
    tree, _ = page("potomac-ledger", world=world)
    version = world.sites.articles["potomac-ledger-1"].versions[0]
    shown = [paragraph in squeezed(tree) for paragraph in version.paragraphs]
    assert shown == [True, True, False, False, False, False]
    assert statement(tree)["isAccessibleForFree"] is False
    assert WORDS["en"]["paywall"] in squeezed(tree)


def test_amp_pages_name_the_page_and_mobile_pages_do_not():
    amp, _ = page("rheinblatt", which="amp")
    mobile, _ = page("courrier-du-rhone", which="mobile")
    wanted = WORLD.sites.articles["rheinblatt-1"]
    assert amp.xpath('//link[@rel="canonical"]/@href') == [WORLD.sites.url(wanted)]
    assert mobile.xpath('//link[@rel="canonical"]') == []
    listed, _ = page("rheinblatt")
    assert listed.xpath('//link[@rel="amphtml"]/@href') == [WORLD.sites.url(wanted, "amp")]


def test_a_rendering_clock_changes_bytes_and_not_the_text():
    trees = [page("courrier-du-rhone", now=f"2019-09-10T12:00:0{n}") for n in (1, 2)]
    (first, one), (second, two) = trees
    assert one.body != two.body
    assert squeezed(first) == squeezed(second)


def test_an_edited_page_says_when():
    edited = article("levant-gazette", edits=[("2019-09-03T09:00", "Corrected", ("Text.",) * 3)])
    world = small_world([edited])
    before, _ = page("levant-gazette", world=world, now="2019-09-02T00:00")
    after, _ = page("levant-gazette", world=world)
    assert before.xpath('//meta[@property="article:modified_time"]') == []
    assert at(after.xpath('//meta[@property="article:modified_time"]/@content')[0]) == at(
        "2019-09-03T09:00"
    )
    assert squeezed(next(after.iter("h1"))) == "Corrected"


def test_a_synthetic_world_is_repeatable_distinct_and_of_any_size():
    articles = synthetic_articles(300, seed=7, hosts=20)
    assert articles == synthetic_articles(300, seed=7, hosts=20)
    assert len({each.versions[0].paragraphs for each in articles}) == 300
    assert articles[0] != synthetic_articles(1, seed=8, hosts=20)[0]
    assert synthetic_articles(5, seed=7, hosts=20) == articles[:5]
    world = World(articles, outlets=synthetic_outlets(20, 300), port=8080)
    assert len(world.catalogue()) == 20
    latest = max(each.published_at for each in articles)
    assert articles[0].published_at == START_AT
    listed = [
        len(world.sites.listed(world.sites.feeds[f.feed_id][1], latest)) for f in world.catalogue()
    ]
    assert listed == [15] * 20
    assert ask_page(world, articles[17], latest.isoformat()).status == 200
