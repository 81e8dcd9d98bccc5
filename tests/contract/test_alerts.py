"""Alerts over a ledger and both engines: what they find is what a search finds."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest
from lxml import etree
from support_changes import doors_of, publish, take_back
from support_index import EVERY_ENGINE
from support_ledger import NOW
from support_serve import client, fill, make_key, served, with_settings

from pipeline.adapters.webhook import post
from pipeline.alerts.matching import back_test
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.alerts.telling import message, next_try
from pipeline.config import FetchSettings
from pipeline.deliver import Delivery
from pipeline.errors import IndexUnavailable, Transient
from pipeline.index.query import Query
from pipeline.keys import KeyScope
from pipeline.messages import new_secret
from pipeline.pushing import Push
from pipeline.urls import article_id

A, B, C, D = (f"https://herald.example/{name}" for name in "abcd")
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(params=EVERY_ENGINE)
def opened(request, tmp_path):
    with served(tmp_path, request.param) as doors:
        yield doors


@pytest.fixture
def embedded(tmp_path):
    with served(tmp_path) as doors:
        yield doors


async def nobody(*told):
    raise AssertionError(f"nobody is to be told: {told}")


def delivery(doors, send=nobody, mail=nobody, *, index=None, now=None):
    index, now = index or doors.index, now or doors.clock.now
    push = Push(doors.ledger, index, doors.config.rights, nobody, now)
    return Delivery(doors.ledger, index, now, post=send, mail=mail, push=push)


def match(doors):
    return asyncio.run(delivery(doors).match_all())


def save(doors, name="zone", text='"safe zone"', webhook="", **filters):
    search = SavedSearch(name, name, text, filters, webhook)
    return doors.ledger.add_alert(search, doors.clock.now())


def found(doors, alert_id="zone"):
    return {one.article_id for one in doors.ledger.hits(alert_id, limit=99)}


def test_a_search_tells_of_what_is_indexed_after_it_was_saved(opened):
    doors = doors_of(opened)
    publish(doors, A, "A safe zone was agreed on.")
    save(doors)
    publish(doors, B, "The safe zone grows.")
    publish(doors, C, "Ships left the harbour.")
    done = match(doors)
    assert (done.hits, done.waiting) == (1, False)
    assert found(doors) == {article_id(B)}
    (hit,) = doors.ledger.hits("zone", limit=9)
    assert any("⟦safe" in piece for piece in hit.matched)
    assert match(doors).hits == 0


def test_an_edit_that_brings_the_words_is_told_and_what_left_meanwhile_is_not(opened):
    doors = doors_of(opened)
    save(doors)
    publish(doors, A, "Patrols began.")
    publish(doors, B, "A safe zone was agreed on.")
    take_back(doors, B)
    assert match(doors).hits == 0
    publish(doors, A, "Patrols began in the safe zone.")
    match(doors)
    assert found(doors) == {article_id(A)}


def test_filters_alone_are_told_with_what_matched(opened):
    doors = doors_of(opened)
    save(doors, "kobani", "", place=("Kobani",))
    publish(doors, A, "Shells fell.", place="Kobani")
    publish(doors, B, "Ships left.", place="Mersin")
    match(doors)
    (hit,) = doors.ledger.hits("kobani", limit=9)
    assert (hit.article_id, hit.matched) == (article_id(A), ("place: Kobani",))


def test_what_is_matched_live_is_what_a_search_finds_and_a_back_test_says(opened):
    doors = doors_of(opened)
    searches = [save(doors, str(number), text, **filters) for number, (text, filters) in enumerate([
        ('"safe zone"', {}), ("zone", {}), ("patrol*", {"place": ("Kobani",)}),
        ("zone -harbour", {}), ("", {"place": ("Mersin",)}),
    ])]  # fmt: skip
    texts = ["A safe zone was agreed on.", "The zone of the harbour.", "Patrols in the safe zone.",
             "No zone at all.", "Ships left.", "A patrol."]  # fmt: skip
    for number, text in enumerate(texts):
        place = "Kobani" if number % 2 else "Mersin"
        publish(doors, f"https://herald.example/{number}", text, place=place)
    match(doors)
    today = doors.clock.now().date()
    for search in searches:
        page = doors.index.search(Query(text=search.text, filters=search.filters, size=99))
        assert found(doors, search.alert_id) == {hit.article_id for hit in page.hits}
        tested = back_test(doors.index, search, today - timedelta(days=30), today)
        assert {one.article_id for one in tested.hits} == found(doors, search.alert_id)
        assert tested.stories == len(page.hits)


def test_a_query_can_be_among_some_articles_only(opened):
    doors = doors_of(opened)
    for url in (A, B, C):
        publish(doors, url, "A safe zone was agreed on.")
    some = (article_id(A), article_id(C))
    page = doors.index.search(Query(text="zone", among=some, size=9))
    assert {hit.article_id for hit in page.hits} == set(some)


def test_while_the_index_is_away_nothing_is_lost(embedded):
    doors = doors_of(embedded)
    save(doors)
    publish(doors, A, "A safe zone was agreed on.")

    class Away:
        def __getattr__(self, name):
            raise IndexUnavailable("it is away")

    with pytest.raises(IndexUnavailable):
        asyncio.run(delivery(doors, index=Away()).match_all())
    assert match(doors).hits == 1


# ── telling ───────────────────────────────────────────────────────────────────────────────────


@contextmanager
def receiver(*statuses):
    """A receiver of webhooks on this machine; gives its address and what it was sent."""
    got, left = [], list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if left else 204)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sender(port):
    settings = FetchSettings(allow_private=("127.0.0.0/8",), ports=(port,))

    async def send(url, message):
        await post(url, message, settings, NOW)

    return send


def test_a_webhook_gets_each_story_once_and_again_when_it_did_not_take_it(embedded):
    doors = doors_of(embedded)
    with receiver(503) as (hook, got):
        save(doors, webhook=hook)
        publish(doors, A, "A safe zone was agreed on.")
        match(doors)
        stage = delivery(doors, sender(int(hook.split(":")[2].split("/")[0])))
        told = asyncio.run(stage.tell_all())
        assert (told.failed, told.messages) == (1, 0)
        assert doors.ledger.hits("zone", limit=9)[0].failed_reason == "http_503"
        assert asyncio.run(stage.tell_all()).failed == 0  # it rests
        later = delivery(doors, stage._post, now=lambda: doors.clock.now() + timedelta(minutes=2))
        told = asyncio.run(later.tell_all())
        assert (told.messages, told.hits) == (1, 1)
        assert asyncio.run(later.tell_all()).messages == 0
    first, second = got
    assert first["hits"] == second["hits"]
    (hit,) = first["hits"]
    assert hit["key"] == f"zone.{hit['story_id']}"
    assert (hit["url"], first["kind"]) == (A, "newsline.alert")


def test_an_address_that_is_not_public_is_never_asked(embedded):
    doors = doors_of(embedded)
    with receiver() as (hook, got):
        save(doors, webhook=hook)
        publish(doors, A, "A safe zone was agreed on.")
        match(doors)

        async def guarded(url, message):
            settings = FetchSettings(ports=(int(url.split(":")[2].split("/")[0]),))
            await post(url, message, settings, NOW)

        told = asyncio.run(delivery(doors, guarded).tell_all())
    assert (told.failed, got) == (1, [])


def test_hits_are_tried_less_and_less_often_and_never_given_up(embedded):
    now = doors_of(embedded).clock.now()
    waits = [next_try(now, tries) - now for tries in range(1, 11)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=1), timedelta(days=1))
    assert next_try(now, 1000) - now == timedelta(days=1)


def test_a_receiver_that_fails_harms_no_other(embedded):
    doors = doors_of(embedded)
    save(doors, "bad", webhook="https://bad.example/")
    save(doors, "good", webhook="https://good.example/")
    publish(doors, A, "A safe zone was agreed on.")
    match(doors)
    got = []

    async def send(url, body):
        if "bad" in url:
            raise Transient("connect_timeout", "no answer")
        got.append(body)

    told = asyncio.run(delivery(doors, send).tell_all())
    assert (told.failed, told.messages, len(got)) == (1, 1, 1)


def test_a_message_has_the_same_id_when_the_same_hits_are_told_again():
    search = SavedSearch("a", "n", "t", secret=new_secret())
    hits = [AlertHit("a", story, story, "", "", "", None, ()) for story in ("s1", "s2")]
    first, again = (message(search, hits, NOW + timedelta(hours=late)) for late in (0, 1))
    assert first.message_id == again.message_id != message(search, hits[:1], NOW).message_id
    assert first.secret == search.secret
    assert orjson.loads(first.body)["hits"][1]["key"] == "a.s2"


def test_a_letter_goes_to_the_mailbox_of_a_search_and_again_when_it_did_not_go(embedded):
    doors = doors_of(embedded)
    save(doors, webhook="mailto:desk@herald.example")
    publish(doors, A, "A safe zone was agreed on.")
    match(doors)
    sent, fails = [], [Transient("mail_not_taken", "the server is away")]

    async def mail(letter):
        sent.append(letter)
        if fails:
            raise fails.pop()

    assert asyncio.run(delivery(doors, mail=mail).tell_all()).failed == 1
    later = delivery(doors, mail=mail, now=lambda: doors.clock.now() + timedelta(minutes=2))
    assert asyncio.run(later.tell_all()).messages == 1
    first, again = sent
    assert first["Message-ID"] == again["Message-ID"]
    assert (first["To"], first["Subject"]) == ("desk@herald.example", "zone: 1 story")
    assert A in first.get_content()


def test_no_letters_are_promised_where_there_is_no_server(embedded):
    new = {"name": "zone", "search": {"q": "zone"}, "webhook": "mailto:desk@herald.example"}
    refused = ask(client(embedded), "POST", "/v1/alerts", 400, json=new).json()
    assert "[mail] host" in refused["detail"]


# ── API ───────────────────────────────────────────────────────────────────────────────────────


def ask(api, method, path, status, **more):
    answer = api.request(method, path, **more)
    assert answer.status_code == status, answer.text
    return answer


def test_searches_are_saved_shown_read_as_a_feed_and_removed(embedded):
    doors, api = doors_of(embedded), client(embedded)
    new = {"name": "zone", "search": {"q": '"safe zone"', "language": ["en"]}}
    made = ask(api, "POST", "/v1/alerts", 201, json=new).json()
    assert made["filters"] == {"language": ["en"]}
    assert made["secret"] == ""  # there is no webhook to sign for
    ask(api, "POST", "/v1/alerts", 400, json=new)  # the name is taken
    publish(doors, A, "A <b>safe zone</b> was agreed on.")
    match(doors)
    shown = ask(api, "GET", "/v1/alerts/zone", 200).json()
    assert [one["url"] for one in shown["hits"]] == [A]
    feed = ask(api, "GET", made["feed"], 200)
    assert feed.headers["content-type"].startswith("application/atom+xml")
    (entry,) = etree.fromstring(feed.content).findall("a:entry", ATOM)
    assert entry.find("a:link", ATOM).get("href") == A
    assert entry.find("a:id", ATOM).text == f"urn:newsline:hit:{shown['hits'][0]['key']}"
    assert [one["name"] for one in ask(api, "GET", "/v1/alerts", 200).json()["alerts"]] == ["zone"]
    ask(api, "DELETE", "/v1/alerts/zone", 204)
    ask(api, "DELETE", "/v1/alerts/zone", 404)
    ask(api, "GET", made["feed"], 404)


def test_a_search_that_could_never_be_answered_is_not_saved(embedded):
    api = client(embedded)
    bad = {"name": "bad", "search": {"q": '"never closed'}}
    assert ask(api, "POST", "/v1/alerts", 400, json=bad).json()["reason"] == "bad_request"
    wrong = {"name": "bad", "search": {"q": "x"}, "webhook": "ftp://x"}
    ask(api, "POST", "/v1/alerts", 422, json=wrong)
    assert ask(api, "GET", "/v1/alerts", 200).json() == {"alerts": []}


def test_what_a_search_would_have_caught_is_said_before_it_is_saved(embedded):
    fill(embedded)
    api = client(embedded)
    days = {"q": '"safe zone"', "since": "2019-09-01", "until": "2019-09-30"}
    found = ask(api, "GET", "/v1/backtest", 200, params=days).json()
    assert (found["stories"], found["articles"]) == (1, 1)
    assert found["hits"][0]["article_id"] == "shoal-1"
    none = ask(api, "GET", "/v1/backtest", 200, params=days | {"until": "2019-09-02"}).json()
    assert none["stories"] == 0


def test_the_feed_needs_no_key_and_the_rest_one_with_the_scope(embedded):
    doors = doors_of(embedded)
    reader, owner = (make_key(embedded, scope, name=scope) for scope in (
        KeyScope.SEARCH, KeyScope.ALERTS))  # fmt: skip
    kept = save(doors)
    ask(client(embedded), "GET", "/v1/alerts", 401)
    ask(client(embedded, reader), "GET", "/v1/alerts", 403)
    ask(client(embedded, owner), "GET", "/v1/alerts", 200)
    ask(client(embedded), "GET", f"/alerts/{kept.alert_id}.atom", 200)
    ask(client(embedded), "GET", "/alerts/00000000000000000000000000000000.atom", 404)


def test_who_guesses_addresses_of_feeds_is_told_to_wait(embedded):
    kept = save(doors_of(embedded))
    api = client(with_settings(embedded, requests_per_minute=3))
    guesses = [api.get(f"/alerts/{number:032x}.atom").status_code for number in range(5)]
    assert guesses == [404, 404, 404, 429, 429]
    ask(api, "GET", f"/alerts/{kept.alert_id}.atom", 200)
    assert len(api.app.state.limits._buckets) == 2
