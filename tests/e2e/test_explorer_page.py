"""A real browser as an analyst uses it, over the rehearsal world, on both engines.

Set NEWSLINE_TEST_PICTURES=docs to draw the pictures of the documentation anew.
"""

import csv
import io
import os
import re
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from support_explorer import (
    axe,
    documents_of,
    foreign_requests,
    into_elasticsearch,
    served,
    tell_the_story,
    written,
)
from support_index import EVERY_ENGINE, article

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("explorer"),
]
CANARY = "<img src=x onerror=\"window.canary=1;alert('canary')\"><script>window.canary=1</script>"
TAB, ENTER = "\ue004", "\ue007"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return tell_the_story(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def documents(desk):
    return documents_of(desk)


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def site(request, desk):
    """The explorer over the story of the rehearsal world."""
    config = into_elasticsearch(desk) if request.param == "elasticsearch" else None
    with served(desk.data, config) as url:
        yield url


@pytest.fixture(autouse=True)
def quiet(browser):
    """Nothing is logged by the browser during any test, and nobody else is asked."""
    browser.complaints()
    yield
    assert browser.complaints() == []
    assert not browser.has_dialog()
    at = urlsplit(browser.url)
    assert foreign_requests(browser, f"{at.scheme}://{at.netloc}") == []


def picture(browser, name):
    folder = os.environ.get("NEWSLINE_TEST_PICTURES")
    if folder:
        browser.screenshot(Path(folder) / f"explorer-{name}.png")


def asked(browser):
    return parse_qs(urlsplit(browser.url).query)


def total(browser):
    return int(re.search(r"[\d,]+", browser.text("#results"))[0].replace(",", ""))


def test_an_analyst_searches_chooses_and_narrows_by_dragging(site, browser):
    browser.open(site)
    everything = total(browser)
    browser.type("input[name=q]", f'"safe zone" -football{ENTER}')
    browser.find(".said")
    assert "exactly “safe zone”, and without football in any inflection" in browser.text(".said")
    found = total(browser)
    assert 5 < found < everything
    assert browser.count(".hits mark") > 5
    picture(browser, "search")
    browser.click("a[href*='person=Recep']:not(.about)")
    browser.find(".chips")
    assert "Recep Tayyip Erdoğan" in browser.text(".chips")
    chosen = total(browser)
    assert 0 < chosen < found
    browser.click("a[href*='person=Donald']:not(.about)")
    browser.find(".chips li:nth-child(3)")
    assert chosen <= total(browser) <= found  # either of them
    browser.click(".chips li:first-child a")
    browser.find(".volume")
    before = total(browser)
    browser.drag(".volume", 0.01, 0.5)
    browser.find("figcaption a[href]")
    assert {"since", "until", "q", "person"} <= set(asked(browser))
    assert 0 < total(browser) < before
    narrowed = browser.url
    browser.click("figcaption a")
    browser.find(".volume")
    assert total(browser) == before
    browser.open(narrowed)  # an address that can be passed on
    assert total(browser) < before


def test_without_dragging_a_bar_leads_to_its_days(site, browser):
    browser.open(f"{site}/?q=patrol")
    browser.click(".volume-figure summary")
    browser.click(".volume-figure tbody a")
    browser.find("figcaption a[href]")
    assert asked(browser)["since"] == asked(browser)["until"]
    assert total(browser) == 1


def test_a_story_leads_to_its_articles_and_each_tells_what_says_so(site, documents, browser):
    copied = [one for one in documents if one["syndication_id"] and "Erdoğan" in one["text"]]
    headline = {"q": f'title:"{copied[0]["title"]}"', "sort": "oldest"}
    browser.open(f"{site}/?{urlencode(headline)}")
    browser.click(".story > a")
    browser.find(".timeline")
    words = browser.text("main")
    assert re.search(r"\d articles at \d outlets, \d different texts?, 1 copy\.", words), words
    assert browser.count(".timeline circle.copy") == 1
    assert browser.count(".texts details") == 1
    picture(browser, "story")
    browser.click(".texts > li:first-child > a")
    browser.find(".reader")
    marks = browser.count(".body mark")
    assert marks > 5
    assert "Recep Tayyip Erdoğan" in browser.text("[aria-labelledby=found]")
    assert "published at" in browser.text("[aria-labelledby=provenance]")
    assert "json-ld:datePublished" in browser.text("[aria-labelledby=provenance]")
    assert "sighting" in browser.text("[aria-labelledby=life]")
    picture(browser, "article")
    key = browser.script("return document.querySelector('[aria-labelledby=found] td a').hash")
    browser.click("[aria-labelledby=found] td a")
    assert browser.script("return document.querySelector(':target').localName") == "mark"
    assert browser.url.endswith(key)
    shown = "return getComputedStyle(document.querySelector('.body mark.place'))"
    seen = browser.script(f"{shown}.textDecorationColor")
    browser.click("#show-place")
    assert browser.script(f"{shown}.textDecorationColor") != seen


def test_what_changed_between_two_revisions_can_be_read(site, documents, browser):
    (edited, *_) = [one for one in documents if one["revision"] > 1 and one["language"] == "en"]
    browser.open(f"{site}/articles/{edited['article_id']}#revisions")
    assert browser.count(".diff ins") > 0
    assert "words in" in browser.text(".steps")
    picture(browser, "revisions")


def test_a_person_has_a_page_and_places_have_a_map(site, browser):
    browser.open(f"{site}/entity?person=Recep+Tayyip+Erdo%C4%9Fan")
    assert "President of Turkey" in browser.text("main")
    assert "Q39259" in browser.text("[aria-labelledby=who]")
    assert "رجب طيب أردوغان" in browser.text("[aria-labelledby=who]")
    assert "Donald Trump" in browser.text("[aria-labelledby=together]")
    assert "Recep" not in browser.text("[aria-labelledby=together]")
    picture(browser, "entity")
    browser.open(f"{site}/?q=zone")
    browser.click(".exports a[href^='/places']")
    browser.find(".world circle")
    assert browser.count(".world a[href*='place=Syria']") == 1
    picture(browser, "map")
    browser.click(".counted a[href*='place=Ankara']")
    browser.find("#results")
    assert asked(browser) == {"q": ["zone"], "place": ["Ankara"]}


def test_what_is_found_can_be_taken_along(site, browser):
    browser.open(f"{site}/?q=patrol&sort=oldest")
    found = total(browser)
    link = browser.script("return document.querySelector('.exports a[download]').href")
    assert urlsplit(link).path == "/v1/export"
    with urllib.request.urlopen(link, timeout=60) as answer:  # noqa: S310 - our own
        assert answer.headers["Newsline-Matching"] == str(found)
        rows = list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig"))))
    assert len(rows) == found
    ndjson = link.replace("format=csv", "format=ndjson")
    with urllib.request.urlopen(ndjson, timeout=60) as answer:  # noqa: S310 - our own
        assert len(answer.read().splitlines()) == found


PAGES = (
    "/",
    "/?q=safe+zone&language=en&sort=newest",
    "/?language=ar",
    "/?q=%22",
    "/?q=nothinglikeit",
    "/entity?person=Recep+Tayyip+Erdo%C4%9Fan",
    "/entity?place=Ankara",
    "/places?world=1",
    "/articles/nobody",
    "/alerts",
    "/alerts/new?q=safe+zone&language=en",
    "/login",
)


@pytest.fixture(scope="module")
def pages(documents):
    edited = next(one for one in documents if one["revision"] > 1)
    arabic = next(one for one in documents if one["language"] == "ar")
    ids = [edited["article_id"], arabic["article_id"]]
    return [*PAGES, *(f"/articles/{one}" for one in ids), f"/stories/{arabic['story_id']}"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_checker_finds_nothing_serious(site, pages, browser, scheme):
    browser.prefer(scheme)
    try:
        for path in pages:
            browser.open(site + path)
            assert axe(browser, "serious", "critical") == [], path
    finally:
        browser.prefer("light")
        browser.complaints()  # a refused query and an unknown article are answered as such


def test_it_is_readable_on_a_narrow_screen(site, pages, browser):
    wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    browser.resize(420, 900)
    try:
        for path in pages:
            browser.open(site + path)
            assert browser.script(wide), path
        browser.open(f"{site}/?q=zone")
        picture(browser, "narrow")
    finally:
        browser.resize(1280, 900)
        browser.complaints()


def test_arabic_is_read_from_right_to_left(site, documents, browser):
    found = next(one for one in documents if one["language"] == "ar")
    browser.open(f"{site}/articles/{found['article_id']}")
    for selector in ("h1", ".body p"):
        direction = f"return getComputedStyle(document.querySelector('{selector}')).direction"
        assert browser.script(direction) == "rtl"
    assert browser.script("return document.querySelector('.body').lang") == "ar"


def test_everything_can_be_reached_by_keys(site, browser):
    browser.open(f"{site}/?q=zone")
    focus = "return document.activeElement.textContent.trim() || document.activeElement.name"
    browser.press(TAB)
    assert browser.script(focus) == "Skip to the content"
    browser.press(ENTER)
    browser.press(TAB)
    assert browser.script(focus) == "q"
    reached = set()
    for _ in range(60):
        browser.press(TAB)
        reached.add(browser.script("return document.activeElement.closest('h3, .facet, .exports,"
                                   " summary, select')?.className || document.activeElement"
                                   ".closest('h3, summary, select')?.localName"))  # fmt: skip
    assert {"h3", "summary", "select", "facet", "exports quiet"} <= reached
    assert browser.script("return document.activeElement.closest('svg')") is None


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_what_articles_say_never_runs(engine, browser, tmp_path):
    evil = article(
        "evil", f"{CANARY} \u202ezone", f"{CANARY}\n\n\u202e zone {'w' * 20_000} {CANARY}",
        outlet=CANARY, people=[CANARY], places=[CANARY], topics=[CANARY], authors=[CANARY],
        section=CANARY,
    )  # fmt: skip
    data, config = written(tmp_path, [evil], engine)
    wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    with served(data, config) as url:
        browser.open(f"{url}/?q=zone")
        paths = browser.script(
            "return [...document.links].map(one => one.getAttribute('href'))"
            ".filter(one => !one.startsWith('/v1/') && !one.startsWith('#'))"
        )
        for path in ["/articles/evil", "/places", *dict.fromkeys(paths)]:
            browser.open(url + (path if path.startswith("/") else f"/{path}"))
            assert browser.script("return window.canary === undefined")
            assert not browser.has_dialog()
            assert browser.count("main img, main script, main iframe") == 0
            assert browser.script(wide), path
        browser.open(f"{url}/articles/evil")
        assert CANARY in browser.script("return document.querySelector('.body').textContent")
        assert axe(browser, "serious", "critical") == []
