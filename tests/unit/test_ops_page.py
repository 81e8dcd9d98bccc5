"""The ops page: who may see and do what, what it says, and that nothing from outside gets out."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ledger import (
    NOW,
    bring_to,
    commit_step,
    decision,
    failed,
    feed,
    poll,
    publish,
    state,
    where,
)
from support_ops import ROOT, Visitor, mounted

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger, tables
from pipeline.config import Config, FetchSettings
from pipeline.errors import AccessDenied
from pipeline.index.document import build_document
from pipeline.model import Result, Stage, Status
from pipeline.ops.reports import COMPARED, NAMED
from pipeline.ops.web import HEADERS
from pipeline.work import Outcome, PollResult

A, B = "https://herald.example/a", "https://herald.example/b"
PAGES = ("/", "/feeds", "/feeds/herald-world", "/dead", "/where", "/runs/none")
#: What pages, feeds and errors may hold.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}",
    "\u202etxt.exe\u2066",
    "\x1b[31mred\x1b[0m",
    '=HYPERLINK("https://evil.example")',
)


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def filled(ledger):
    """One article in the index, one dead letter, both of herald-world."""
    publish(ledger, A)
    bring_to(ledger, B, Stage.EXTRACT, text="another")
    commit_step(ledger, Stage.EXTRACT, failed(B, Stage.EXTRACT, "parser_timeout"))
    return ledger


@pytest.fixture
def ada(filled):
    return Visitor(mounted(filled))


def feed_of(ledger):
    return ledger.feed_states(["herald-world"])[0]


# ── who gets in ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [*PAGES, "/ops.css", "/nowhere", "/balance"])
def test_nobody_gets_in_unknown(filled, path):
    nobody = Visitor(mounted(filled), name=None)
    answer = nobody.get(path, status=401)
    assert "herald" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "/ops.css", "/nowhere"])
def test_without_a_guard_nothing_is_served(filled, path):
    Visitor(mounted(filled, guard=None)).get(path, status=401)


@pytest.mark.parametrize("action", ["poll", "pause", "resume", "address"])
@pytest.mark.parametrize(("name", "status"), [(None, 401), ("viewer", 403), ("ada", 403)])
def test_an_action_wants_somebody_who_may_and_a_form_of_theirs(filled, name, status, action):
    before = feed_of(filled)
    answer = Visitor(mounted(filled), name).post(f"/feeds/herald-world/{action}", token="x")
    assert answer.status_code == status
    assert feed_of(filled) == before
    assert filled.overrides(limit=9) == []


def test_a_viewer_sees_everything_and_no_form(filled):
    viewer = Visitor(mounted(filled), "viewer")
    for path in PAGES:
        text = viewer.get(path).text
        assert 'method="post"' not in text
        assert "may look, not act" in text


def test_another_methods_of_a_page_are_refused(ada):
    assert ada.post("/feeds").status_code == 405
    assert ada.http.get(f"{ROOT}/dead/replay").status_code == 405


# ── forms ─────────────────────────────────────────────────────────────────────────────────────


def test_poll_now_makes_a_feed_due_and_is_audited(filled, ada):
    answer = ada.post("/feeds/herald-world/poll", token=ada.token())
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{ROOT}/feeds/herald-world?done=poll"
    assert feed_of(filled).next_poll_at == NOW
    (override,) = filled.overrides(limit=9)
    assert (override.actor, override.note, override.at) == ("ada", "poll", NOW)
    assert "It is due now" in ada.get("/feeds/herald-world", done="poll").text


def test_pause_and_resume_keep_the_reason_that_was_given(filled, ada):
    assert ada.post("/feeds/herald-world/pause", token=ada.token(), note="too\nnoisy")
    assert feed_of(filled).paused
    assert "paused" in ada.get("/feeds", state="paused").text
    assert ada.post("/feeds/herald-world/resume", token=ada.token(), note="").status_code == 303
    assert not feed_of(filled).paused
    notes = [override.note for override in filled.overrides(limit=9)]
    assert notes == ["resume", "pause: too noisy"]


def test_a_feed_gets_another_address_and_forgets_what_the_old_one_said(filled, ada):
    new = "https://herald.example/new.xml"
    form = {"token": ada.token(), "url": new, "note": "moved"}
    assert ada.post("/feeds/herald-world/address", **form).status_code == 303
    after = feed_of(filled)
    assert (after.url, after.host, after.etag, after.next_poll_at) == (
        new, "herald.example", None, NOW
    )  # fmt: skip
    assert after.feed.url != new  # the catalogue is the operator's file


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "https://user:pw@herald.example/x",
     "http://127.0.0.1/feed", "http://[::1]/feed", "http://2130706433/", "http://0x7f.1/",
     "https://herald.example:8443/feed", "https://herald.example\\@evil.example/",
     "https://courier.example/courier-news.xml", "https://www.courier.example/courier-news.xml"],
)  # fmt: skip
def test_an_address_that_catalogue_or_guard_refuse_is_refused_in_words(filled, ada, url):
    other = feed("courier-news", "courier")
    filled.sync_feeds([*filled.feed_states(), state(other)])
    before = feed_of(filled)
    answer = ada.post("/feeds/herald-world/address", token=ada.token(), url=url)
    assert answer.status_code == 422
    assert "That did not work" in answer.text
    assert feed_of(filled) == before


def test_an_address_of_ones_own_network_is_taken_where_that_is_allowed(filled):
    config = Config(fetch=FetchSettings(allow_private=("127.0.0.0/8",), ports=(80, 8080)))
    ada = Visitor(mounted(filled, config=config))
    url = "http://127.0.0.1:8080/feed"
    answer = ada.post("/feeds/herald-world/address", token=ada.token(), url=url)
    assert answer.status_code == 303
    assert feed_of(filled).url == url


def test_a_replay_sends_dead_letters_back_to_where_they_died(filled, ada):
    assert "Replay" in ada.get("/dead").text
    answer = ada.post("/dead/replay", token=ada.token("/dead"), reason="parser_timeout")
    assert answer.headers["location"] == f"{ROOT}/dead?done=replay"
    assert where(filled, B).stage is Stage.EXTRACT
    (action,) = filled.actions(limit=9)
    assert (action.actor, action.action, action.items) == ("ada", "replay", 1)
    assert "replay of 1 dead letters: parser_timeout" in ada.get("/").text


def refused(ada, token, headers=None):
    answer = ada.post("/feeds/herald-world/pause", headers=headers, token=token)
    return answer.status_code == 403


def test_a_form_of_somebody_else_is_refused(filled, ada):
    theirs = Visitor(mounted(filled), "boss").token()
    assert refused(ada, theirs)
    assert refused(ada, "")
    assert refused(ada, f"{int(NOW.timestamp())}.{'0' * 64}")


def test_a_form_that_is_too_old_or_from_the_future_is_refused(filled, ada):
    token = ada.token()
    for span in (timedelta(hours=13), -timedelta(hours=1)):
        assert refused(Visitor(mounted(filled, now=NOW + span)), token)
    later = Visitor(mounted(filled, now=NOW + timedelta(hours=11)))
    assert later.post("/feeds/herald-world/pause", token=token).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Origin": "https://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_a_form_that_another_site_sends_is_refused(ada, headers):
    assert refused(ada, ada.token(), headers)


def test_a_form_from_our_own_page_is_taken(filled, ada):
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert not refused(ada, ada.token(), ours)
    assert feed_of(filled).paused


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"token=x", "text/plain"), (b"{}", "application/json"), (b"\xff\xfe=\xff", None),
     (b"a=" + b"x" * 20_000, None), (b"&".join([b"a=1"] * 50), None)],
)  # fmt: skip
def test_what_is_no_form_of_ours_is_refused(ada, body, kind):
    headers = {"Content-Type": kind or "application/x-www-form-urlencoded"}
    answer = ada.http.post(f"{ROOT}/dead/replay", content=body, headers=headers)
    assert answer.status_code == 400


def test_an_action_on_a_feed_that_is_unknown_or_out_is_refused(filled, ada):
    token = ada.token()
    assert ada.post("/feeds/stranger/pause", token=token).status_code == 422
    assert ada.post("/feeds/herald-world/delete", token=token).status_code == 404
    filled.sync_feeds([])
    answer = ada.post("/feeds/herald-world/poll", token=token)
    assert answer.status_code == 422
    assert "not in the catalogue" in answer.text


# ── what it says ──────────────────────────────────────────────────────────────────────────────


def plain(answer):
    """The text of a page, as one reads it."""
    text = re.sub(r"<(style|title)[\s\S]*?</\1>|<[^>]+>", " ", answer.text)
    return " ".join(text.split())


def test_the_overview_says_what_is_wrong_first_and_balances(filled):
    late = NOW + timedelta(hours=2)
    text = plain(Visitor(mounted(filled, now=late)).get("/"))
    assert text.index("Nothing seems to run: 1 feed to be asked") < text.index("1 dead letter")
    assert "2 discovered = 1 indexed + 1 dead" in text
    assert "reading it took longer than one item may take" in text
    assert "100 % of 1 article within the objective of 15 min" in text


def test_books_that_do_not_balance_are_said_to_be_wrong(filled, ada):
    with filled.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM urls WHERE url LIKE '%/a'")
    text = plain(ada.get("/"))
    assert "Wrong The books do not balance: 2 URLs were discovered, 1 are accounted for." in text
    assert "2 discovered ≠ 1 dead" in text


def test_an_empty_ledger_has_pages_too(ledger):
    visitor = Visitor(mounted(ledger))
    text = plain(visitor.get("/"))
    assert "Nothing. Every feed answers" in text
    assert "knows no feed yet" in text
    assert "0 feeds" in plain(visitor.get("/feeds"))
    assert "There is none." in plain(visitor.get("/dead"))
    visitor.get("/feeds/none", status=404)


def test_feeds_are_found_filtered_and_sorted(filled, ada):
    courier = feed("courier-news", "courier", title="The Courier")
    paused = state(courier, paused=True, paused_reason="operator", interval_s=300.0)
    filled.sync_feeds([*filled.feed_states(), paused])

    def shown(**query):
        return re.findall(r'feeds/([a-z-]+)">', ada.get("/feeds", **query).text)

    assert shown() == ["herald-world", "courier-news"]  # new ones before paused ones
    assert shown(order="down") == ["courier-news", "herald-world"]
    assert shown(sort="feed", order="down") == ["herald-world", "courier-news"]
    assert shown(sort="interval") == ["courier-news", "herald-world"]
    assert shown(sort="new", order="down") == ["herald-world", "courier-news"]
    assert shown(state="paused") == ["courier-news"]
    assert shown(q="the COURIER") == ["courier-news"]
    assert shown(q="nothing like it") == []
    assert shown(page="2") == []


def test_a_failing_feed_says_why_in_words(filled, ada):
    before = feed_of(filled)
    ill = replace(before, last_poll_at=NOW, last_reason="http_503", failures=1.5, health="failing")
    for _ in range(2):
        lease = filled.lease_host("herald.example", lease_s=60)
        said = Outcome(Stage.POLL, Result.RETRY, NOW, "http_503", "HTTP 503 from herald.example")
        filled.commit_poll(lease, PollResult(ill, said))
        filled.release(lease)
    text = plain(ada.get("/feeds", state="failing"))
    assert "the server is busy or being mended (503); 2 times running" in text
    assert "HTTP 503 from herald.example" in plain(ada.get("/feeds/herald-world"))
    assert "1 feed is failing: herald-world" in plain(ada.get("/"))


def test_a_url_tells_its_life(filled, ada):
    text = plain(ada.get("/where", url=B + "?utm_source=x"))
    assert "dead reading it took longer" in text
    assert ada.get("/where", status=404, url="https://herald.example/never")
    assert "no web address" in plain(ada.get("/where", status=404, url="javascript:alert(1)"))
    assert ada.get("/where", status=404, url="x\x00y")


def test_the_days_of_a_feed_are_drawn(filled, ada):
    poll(filled, decision("https://herald.example/c"), at=NOW - timedelta(days=3))
    text = ada.get("/feeds/herald-world").text
    assert text.count('<rect class="some"') == 2
    assert text.count('<rect class="none"') == 12
    assert "3 new entries in 14 days" in text


def test_a_run_says_how_its_items_ended(filled, ada):
    run_id = filled.start_run(NOW)
    bring_to(filled, "https://herald.example/c", Stage.EXTRACT, text="a third")
    text = plain(ada.get(f"/runs/{run_id}"))
    assert "fetch ok 1" in text
    assert "Nothing has ended in it" in plain(ada.get("/runs/another"))


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"page": "-1"}, {"page": "9" * 99}, {"page": "²"}, {"sort": "<script>"},
     {"state": "\x00"}, {"q": "\ud800"}, {"q": "x" * 5_000}, {"order": "\u202e"}],
)  # fmt: skip
def test_a_query_that_we_do_not_know_is_as_if_it_were_not_there(ada, query):
    query = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    ada.get("/feeds", **query)


@pytest.mark.parametrize(
    "query",
    [{"after_at": "yesterday", "after_id": "x"}, {"after_at": NOW.isoformat(), "after_id": ""},
     {"after_at": "2019-09-10T08:00:00", "after_id": "x"}, {"stage": "nowhere"},
     {"reason": "\x00"}],
)  # fmt: skip
def test_a_place_among_dead_letters_that_is_none_is_the_beginning(ada, query):
    assert "parser_timeout" in ada.get("/dead", **query).text


def test_a_ledger_that_is_away_is_said_in_words_and_with_503(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.database.close()
    (tmp_path / "ledger.sqlite").unlink()
    (tmp_path / "ledger.sqlite").mkdir()
    text = plain(Visitor(mounted(ledger)).get("/", status=503))
    assert "the ledger cannot be read" in text
    ledger.close()


# ── nothing from outside gets out ─────────────────────────────────────────────────────────────


class Markup(HTMLParser):
    """Everything in a page that could do something."""

    ALLOWED = frozenset(re.findall(r"\S+", """
        html head meta title link body a header nav main section h1 h2 p b strong span small code
        div ol ul li dl dt dd table caption thead tbody tr th td form input select option label
        button details summary time svg rect"""))  # fmt: skip
    ATTRIBUTES = frozenset(re.findall(r"\S+", """
        lang charset name content rel href class id aria-label aria-labelledby aria-current
        aria-sort aria-hidden role title scope colspan data-label datetime method action type
        value maxlength placeholder required inputmode selected open viewbox width height x y
        preserveaspectratio"""))  # fmt: skip

    def __init__(self):
        super().__init__()
        self.wrong = []
        self.words = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALLOWED:
            self.wrong.append(tag)
        for name, value in attrs:
            if name not in self.ATTRIBUTES:
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "action") and not re.match(r"(/newsops|\?|#)", value):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        self.wrong.append(f"comment {data}")


def check_markup(answer):
    markup = Markup()
    markup.feed(answer.text)
    assert markup.wrong == []
    shown = "".join(markup.words)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", shown)


def plant(ledger, text):
    """Put a text everywhere that something from outside can reach."""
    of = feed("herald-world", title=text, notes=text)
    link = "https://herald.example/" + re.sub(r"[^ -~]|[\\\s]", "", text)[:200]
    clean = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    poll(ledger, decision(link, title=clean), decision(None, title=clean or "x"), of=of)
    lease = ledger.lease_host("herald.example", lease_s=60)
    (before,) = ledger.feed_states(["herald-world"])
    ill = replace(before, last_reason=clean or "x", health="failing", paused_reason=clean)
    said = Outcome(Stage.POLL, Result.RETRY, NOW, clean or "x", clean)
    ledger.commit_poll(lease, PollResult(ill, said))
    ledger.release(lease)
    ledger.override_feed(ill, actor=clean, note=clean, now=NOW)
    return link


def look_everywhere(ledger, text, link):
    ada = Visitor(mounted(ledger))
    run_id = re.sub(r"[/\n]", "", text)  # which no route takes
    for path in (*PAGES, f"/runs/x{quote(run_id, safe='')}"):
        check_markup(ada.get(path))
    check_markup(ada.get("/where", url=link))
    check_markup(ada.get("/feeds", q=text[:200].encode("utf-8", "surrogatepass")))
    check_markup(ada.get("/dead", reason=text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(ledger, text):
    look_everywhere(ledger, text, plant(ledger, text))


@settings(max_examples=10, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
                    min_size=1, max_size=80))  # fmt: skip
def test_any_text_stays_text(tmp_path_factory, text):
    ledger = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ops') / 'ledger.sqlite'}")
    try:
        look_everywhere(ledger, text, plant(ledger, text))
    finally:
        ledger.close()


def test_every_answer_forbids_scripts_foreign_content_and_keeping(ada):
    for path in (*PAGES, "/ops.css"):
        headers = ada.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_the_style_sheet_loads_nothing(ada):
    css = ada.get("/ops.css").text
    assert "url(" not in css
    assert "@import" not in css


def luminance(colour):
    """By WCAG 2: 0 black, 1 white."""
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_has_enough_contrast_in_light_and_dark(ada):
    css = ada.get("/ops.css").text
    schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", part))
               for part in css.split("@media (prefers-color-scheme: dark)")[:2]]  # fmt: skip
    on = {
        "ink": ("page", "card", "plain-ground", "well-ground", "bad-ground", "warn-ground"),
        "quiet": ("page", "card"), "link": ("page", "card", "bad-ground", "warn-ground"),
        "well": ("card", "well-ground"), "bad": ("card", "bad-ground"),
        "warn": ("card", "warn-ground"),
    }  # fmt: skip
    poor = []
    for scheme in schemes:
        for text, grounds in on.items():
            for ground in grounds:
                dim, bright = sorted(luminance(scheme[name]) for name in (text, ground))
                if (bright + 0.05) / (dim + 0.05) < 4.5:
                    poor.append((text, ground, scheme[text]))
    assert len(schemes) == 2
    assert poor == []


class Locked:
    """An index that may not be asked with the key in use."""

    def read(self, _):
        raise AccessDenied("this key may not search")


def test_ledger_and_index_are_compared_when_asked(filled, tmp_path):
    index = EmbeddedIndex(tmp_path / "index")
    works = [work for batch in filled.all_indexed() for work in batch]
    ada = Visitor(mounted(filled, index=index))
    assert "Hold it against the index itself" in ada.get("/").text
    text = plain(ada.get("/balance"))
    assert "The books do NOT balance" in text
    assert f"missing from the index {A}" in text
    index.write([build_document(work) for work in works], [])
    assert "The books balance: 2 discovered = 1 indexed + 1 dead" in plain(ada.get("/balance"))
    index.close()
    assert "may not search" in Visitor(mounted(filled, index=Locked())).get("/balance").text
    Visitor(mounted(filled)).get("/balance", status=404)


MANY = 20_000


class Counting:
    """Counts the rows that a ledger's database hands out."""

    def __init__(self, ledger):
        self.rows = 0
        sa.event.listen(ledger.database.engine, "connect", self._watch)
        ledger.database.engine.dispose()  # so that each connection is a new one

    def _watch(self, connection, _record):
        connection.row_factory = self._count

    def _count(self, _cursor, row):
        self.rows += 1
        return row


def fill_with_many(ledger):
    """Let the ledger say of many articles that they were written into the index."""
    poll(ledger, decision(A))
    of = {"publisher": "herald", "feed_id": "herald-world"}
    rows = {
        tables.urls: of | {"url": A, "host": "herald.example", "first_seen_at": NOW, "tries": 0,
                           "revisits": 0, "status": Status.INDEXED},
        tables.articles: {"url": A, "publisher": "herald", "first_seen_at": NOW, "revision_n": 1,
                          "doc_version": 1, "indexed_version": 1},
        tables.sightings: of | {"entry_key": "k", "entry": "{}", "version": 1, "seen_at": NOW},
        tables.changes: {"kind": "upsert", "doc_version": 1, "at": NOW},
    }  # fmt: skip
    with ledger.database.engine.begin() as connection:
        for table, row in rows.items():
            ids = {"url_id", "article_id"} & set(table.c.keys())
            many = [row | dict.fromkeys(ids, f"{number:032x}") for number in range(MANY)]
            connection.execute(sa.insert(table), many)


def test_a_large_ledger_is_compared_without_reading_it(ledger, tmp_path):
    fill_with_many(ledger)
    index = EmbeddedIndex(tmp_path / "index")
    counting = Counting(ledger)
    text = plain(Visitor(mounted(ledger, index=index)).get("/balance"))
    index.close()
    assert "The books do NOT balance: 20,001 discovered" in text
    assert text.count("missing from the index") == NAMED
    assert 2 * COMPARED < counting.rows < 2 * COMPARED + 200  # it looks twice
