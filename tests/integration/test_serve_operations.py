"""The ops page of `newsline serve`: who may look, who may act."""

import re

import pytest
from support_ledger import feed
from support_serve import client, fill, make_key, with_settings

from pipeline.keys import KeyScope

FEED = feed().feed_id


@pytest.fixture
def filled(serving):
    return fill(serving)


def poll_now(http):
    """Press the button on a feed's page."""
    page = http.get(f"/ops/feeds/{FEED}").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    given = {"token": token[1] if token else "none"}
    return http.post(
        f"/ops/feeds/{FEED}/poll", data=given, headers={"Sec-Fetch-Site": "same-origin"}
    )


def test_this_machine_looks_and_acts_while_there_is_no_key(filled):
    http = client(filled)
    assert 'href="/ops/"' in http.get("/").text
    overview = http.get("/ops/")
    assert overview.status_code == 200
    assert "script" not in overview.headers["content-security-policy"]
    assert http.get("/ops/ops.css").headers["content-type"].startswith("text/css")
    assert FEED in http.get("/ops/feeds").text
    assert "parser_timeout" in http.get("/ops/dead").text
    assert http.get("/ops/balance").status_code == 200
    done = poll_now(http)
    assert (done.status_code, done.headers["location"]) == (303, f"/ops/feeds/{FEED}?done=poll")
    assert filled.ledger.overrides(limit=1)[0].actor == "this machine"


def test_without_a_session_one_is_led_to_the_login_and_back(filled):
    make_key(filled)
    away = client(filled).get("/ops/feeds?sort=name")
    assert away.status_code == 303
    assert away.headers["location"] == "/login?next=%2Fops%2Ffeeds%3Fsort%3Dname"
    assert client(filled).post(f"/ops/feeds/{FEED}/poll").status_code == 401


def test_the_scope_says_who_looks_and_who_acts(filled):
    reader, watcher = (make_key(filled, scope, name=scope) for scope in (
        KeyScope.SEARCH, KeyScope.OPS))  # fmt: skip
    refused = client(filled, reader).get("/ops/")
    assert (refused.status_code, "'ops'" in refused.text) == (403, True)
    assert 'href="/ops/"' not in client(filled, reader).get("/").text
    assert client(filled, watcher).get("/ops/").status_code == 200
    assert poll_now(client(filled, watcher)).status_code == 403
    assert poll_now(client(filled, make_key(filled, name="chief"))).status_code == 303


def test_a_form_of_another_site_changes_nothing(filled):
    http = client(filled)
    page = http.get(f"/ops/feeds/{FEED}").text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    sent = http.post(
        f"/ops/feeds/{FEED}/pause", data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert sent.status_code == 403
    assert not filled.ledger.feed_states([FEED])[0].paused


def test_who_asks_too_often_is_told_to_wait(filled):
    http = client(with_settings(filled, requests_per_minute=2))
    assert [http.get("/ops/").status_code for _ in range(3)] == [200, 200, 429]
