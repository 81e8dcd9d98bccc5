"""The ops page: who may see and do what."""

from datetime import timedelta

import pytest
from support_ledger import NOW, feed, state, where
from support_ops import PAGES, ROOT, B, Visitor, feed_of, mounted

from pipeline.config import Config, FetchSettings
from pipeline.model import Stage
from pipeline.ops.web import HEADERS

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
    token, reason = ada.token("/dead"), "parser_timeout"
    ada.post("/dead/replay", token=token, reason=reason, stage="fetch")
    assert where(filled, B).stage is None  # it died at another stage
    answer = ada.post("/dead/replay", token=token, reason=reason, stage="extract")
    assert answer.headers["location"] == f"{ROOT}/dead?done=replay"
    assert where(filled, B).stage is Stage.EXTRACT
    action, nothing = filled.actions(limit=9)
    assert (action.actor, action.action, action.items) == ("ada", "replay", 1)
    assert nothing.items == 0
    assert "replay of 1 dead letters: extract, parser_timeout" in ada.get("/").text


def test_one_dead_letter_is_sent_back_alone(filled, ada):
    page = ada.get("/dead").text
    assert f'name="url" value="{B}"' in page
    assert ada.post("/dead/replay", token=ada.token("/dead"), url=B).status_code == 303
    assert where(filled, B).stage is Stage.EXTRACT
    (action,) = filled.actions(limit=9)
    assert (action.items, B in action.subject) == (1, True)


@pytest.mark.parametrize(
    "fields",
    [{}, {"reason": "parser_timeout"}, {"reason": "parser_timeout", "stage": "lunch"},
     {"url": "https://never.example/seen"}, {"url": "no address"}],
)  # fmt: skip
def test_a_replay_that_names_nothing_that_there_is_does_nothing(filled, ada, fields):
    assert ada.post("/dead/replay", token=ada.token("/dead"), **fields).status_code == 422
    assert filled.actions(limit=9) == []


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
