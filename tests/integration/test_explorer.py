"""The explorer's pages, asked as a browser without scripts asks them."""

import pytest
from support_index import article, newsroom
from support_pages import Page
from support_serve import client, make_key

from pipeline.keys import KeyScope
from pipeline.serve.frame import POLICY

#: What titles, texts, names and addresses from outside may hold.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title></textarea><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202etxt.exe\u2066",
    "⟦<b>⟧ ⟦⟦ ⟧",
    '=HYPERLINK("https://evil.example")',
    "&lt;script&gt; &amp;",
    "x" * 30_000,
)


@pytest.fixture
def desk(serving):
    """A server over articles in five languages, two of which tell one story."""
    documents = newsroom()
    story = documents[0]["story_id"]
    documents[3] = documents[3] | {"story_id": story, "syndication_id": "text"}
    documents[0] = documents[0] | {"syndication_id": "text"}
    serving.index.write(documents, [])
    return client(serving)


def read(desk, path, status=200, **query):
    answer = desk.get(path, params=query or None)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Security-Policy"] == POLICY
    page = Page(answer.text)
    assert page.wrong == []
    return page


def test_a_search_shows_stories_with_marks_clocks_outlets_and_copies(desk):
    page = read(desk, "/", q="patrol")
    assert "Looked for: patrol in any inflection." in page.text
    assert "4 articles in 3 stories" in page.text or "articles in" in page.text
    assert "Story: 2 articles at 2 outlets, 1 of them a copy, 1 of them matches" in page.text
    assert "published 2019-09-08 09:00 first seen 2019-09-08 09:00 English" in page.text
    assert "<mark>patrol</mark>" in desk.get("/", params={"q": "patrol"}).text
    assert "/v1/export?q=patrol&format=parquet" in page.links


def test_facets_are_links_that_choose_and_take_off(desk):
    page = read(desk, "/", language="tr")
    assert "?" in page.links  # takes the only filter off
    both = "?language=tr&language=de"
    assert both in page.links
    assert "Language: Turkish" in page.text
    chosen = read(desk, "/" + both)
    assert "?language=de" in chosen.links
    assert "4 articles" in chosen.text


def test_days_can_be_narrowed_without_a_script(desk):
    page = read(desk, "/", q="zone")
    (one,) = {link for link in page.links if "since=2019-09-08&until=2019-09-08" in link}
    narrowed = read(desk, one)
    assert "2019-09-08" in narrowed.text
    assert "All days" in narrowed.text


def test_a_query_that_cannot_be_read_is_answered_with_what_to_write(desk):
    page = read(desk, "/", status=400, q='"open')
    assert 'a quotation mark (") is not closed' in page.text
    page = read(desk, "/", status=400, q="zone", cursor="made-up")
    assert "start again without it" in page.text
    assert "Nothing found" in read(desk, "/", q="nowhere").text


def test_pages_follow_each_other_to_the_end(desk):
    seen, link = [], "/?by=article&sort=newest"
    while link:
        page = read(desk, link)
        seen += [one for one in dict.fromkeys(page.links) if one.startswith("/articles/")]
        link = next((f"/{one}" for one in page.links if "cursor=" in one), None)
    assert sorted(seen) == sorted(f"/articles/{one['article_id']}" for one in newsroom())


def test_an_article_shows_what_was_found_where_and_who_else_tells_it(desk):
    page = read(desk, "/articles/en-patrol")
    assert "First joint patrol enters the safe zone" in page.text
    assert "Recep Tayyip Erdoğan person" in page.text
    assert "Güvenli bölge için ilk devriye" in page.text
    assert "/entity?person=Recep+Tayyip+Erdo%C4%9Fan" in page.links
    assert "The same text elsewhere" in page.text
    assert desk.get("/articles/en-patrol").text.count('class="timeline"') == 1


def test_what_is_not_there_is_said_so(desk):
    assert "This article is not here" in read(desk, "/articles/nobody", status=404).text
    assert "This story is not here" in read(desk, "/stories/nobody", status=404).text
    assert "is known" in read(desk, "/entity", status=404, person="Nobody At All").text
    assert "is known" in read(desk, "/entity", status=404).text


def test_a_story_is_found_by_the_id_of_any_article_that_tells_it(desk):
    answer = desk.get("/stories/tr-bolge")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/stories/en-patrol")
    page = read(desk, "/stories/en-patrol")
    assert "2 articles at 2 outlets, 1 different text, 1 copy." in page.text


def test_an_entity_has_its_company_and_its_days(desk):
    page = read(desk, "/entity", person="Recep Tayyip Erdoğan")
    assert "2 articles name this person in 1 story" in page.text
    assert "U.S. European Command" in page.text
    assert "/?person=Recep+Tayyip+Erdo%C4%9Fan&since=2019-09-08&until=2019-09-08" in page.links


def test_the_map_lists_what_it_shows(desk):
    page = read(desk, "/places", q="zone")
    assert "Places that are named" in page.text
    assert "Syria" in page.text
    assert "/?q=zone&place=Syria" in page.links
    assert "Where it happened" in read(desk, "/places", of="scene", world="1").text
    assert read(desk, "/places", status=400, q="(").text


@pytest.mark.parametrize("words", HOSTILE)
def test_what_comes_from_outside_is_text_on_every_page(serving, words):
    evil = article(
        "evil", f"{words} zone", f"{words} zone.\n\n{words}", outlet=words[:60] or "x",
        people=[words[:60]], places=[words[:50]], topics=[words[:40]], authors=[words[:70]],
        section=words[:30], country="GB",
    )  # fmt: skip
    evil["url"] = "javascript:alert(1)"
    evil["quotes"] = [
        {
            "start": 0,
            "end": 5,
            "text": words[:80],
            "speaker": words[:80],
            "speaker_id": None,
            "speaker_at": None,
            "verb": None,
            "why": words[:9],
        }
    ]
    evil["evidence"] = [
        {
            "field": "title",
            "signal": words[:50],
            "value": words[:200],
            "rivals": [{"signal": words[:50], "value": words[:200]}],
        }
    ]
    evil["flags"] = [words[:40]]
    serving.index.write([evil], [])
    desk = client(serving)
    for path, query in (
        ("/", {"q": "zone"}),
        ("/", {"person": words[:60]}),
        ("/", {"q": words[:200]}),
        ("/articles/evil", {}),
        ("/stories/evil", {}),
        ("/entity", {"person": words[:60]}),
        ("/entity", {"place": words[:50]}),
        ("/places", {}),
    ):
        answer = desk.get(path, params=query or None)
        assert answer.status_code in (200, 400), (path, query)
        page = Page(answer.text)
        assert page.wrong == [], (path, query)
        assert "49{" not in page.text
    text = "".join(Page(desk.get("/articles/evil").text).words)
    assert f"{words} zone.\n\n{words}" in text


def test_what_turns_text_is_shut_in_where_it_stands(serving):
    serving.index.write([article("rtl", "A title", "pay \u202ereversed\u202c now")], [])
    markup = client(serving).get("/articles/rtl").text
    assert markup.count('<bdi class="hidden"') == 2
    assert "U+202E, right-to-left override" in markup


def test_only_who_may_search_sees_anything(serving):
    serving.index.write(newsroom(), [])
    reader, other = make_key(serving, KeyScope.SEARCH), make_key(serving, KeyScope.OPS, name="ops")
    paths = ("/", "/articles/en-patrol", "/stories/en-patrol", "/entity?place=Syria", "/places")
    for path in paths:
        nobody = client(serving).get(path)
        assert (nobody.status_code, nobody.headers["Location"][:12]) == (303, "/login?next=")
        assert client(serving, other).get(path).status_code == 403
        assert client(serving, reader).get(path).status_code == 200
