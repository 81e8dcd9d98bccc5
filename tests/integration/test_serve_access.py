"""Who is let into the server, and how everybody else is told."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.testclient import TestClient
from support_serve import client, make_key, with_settings

from pipeline.keys import KeyScope
from pipeline.serve.access import COOKIE, Caller, requires
from pipeline.serve.app import create_app
from pipeline.serve.forms import form_token, guarded_form
from pipeline.serve.frame import MAX_BODY_BYTES

SEARCH = Depends(requires(KeyScope.SEARCH))
probe = APIRouter()


@probe.get("/v1/probe")
def api(caller: Caller = SEARCH):
    return {"caller": caller.name}


@probe.get("/probe")
def page(request: Request, caller: Caller = SEARCH):
    return {"token": form_token(request, caller)}


@probe.post("/probe")
async def act(request: Request, caller: Caller = SEARCH):
    return dict(await guarded_form(request, caller))


@probe.post("/v1/probe")
async def take(request: Request, _: Caller = SEARCH):
    return len(await request.body())


@probe.get("/v1/broken")
def broken(_: Caller = SEARCH):
    raise ZeroDivisionError


def ask(serving, key=None, **headers):
    """A server with four routes more."""
    http = client(serving, key, **headers)
    http.app.include_router(probe)
    return http


# ── without a key ─────────────────────────────────────────────────────────────────────────────


def test_without_any_key_this_machine_is_let_in(serving):
    assert ask(serving).get("/v1/probe").json() == {"caller": "this machine"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"])
def test_this_machine_has_several_names(serving, url):
    assert ask(serving).get(f"{url}/v1/probe").status_code == 200


def test_a_name_that_only_leads_here_is_not_let_in(serving):
    """As a page of another site has, whose name was made to lead to this machine."""
    assert ask(serving).get("http://evil.example:8080/v1/probe").status_code == 401


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_through_a_proxy_nobody_is_let_in_without_a_key(serving, name):
    assert ask(serving, **{name: "198.51.100.7"}).get("/v1/probe").status_code == 401


def test_a_key_closes_the_server_even_when_it_is_revoked(serving):
    make_key(serving)
    assert ask(serving).get("/v1/probe").status_code == 401
    serving.ledger.revoke_key("newsroom", serving.now())
    assert ask(serving).get("/v1/probe").status_code == 401


# ── with a key ────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_let_in_where_its_scope_allows_it_and_its_use_is_noted(serving):
    key = make_key(serving, KeyScope.SEARCH)
    assert ask(serving, key).get("/v1/probe").json() == {"caller": "newsroom"}
    assert serving.ledger.api_keys()[0].last_used_at is not None


def test_a_key_without_the_scope_is_told_which_one_it_lacks(serving):
    answer = ask(serving, make_key(serving, KeyScope.CHANGES)).get("/v1/probe")
    assert (answer.status_code, answer.json()["reason"]) == (403, "missing_scope")
    assert "'search'" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["nl_wrong", "nl_" + "x" * 5_000, "\xe9"])
def test_a_wrong_key_is_refused_also_on_this_machine(serving, key):
    answer = ask(serving).get("/v1/probe", headers={b"Authorization": f"Bearer {key}".encode()})
    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_that_asks_too_often_is_told_when_to_come_back(serving):
    http = ask(with_settings(serving, requests_per_minute=2), make_key(serving))
    assert [http.get("/v1/probe").status_code for _ in range(3)] == [200, 200, 429]
    answer = http.get("/v1/probe")
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert "2 requests a minute" in answer.json()["detail"]


# ── with a browser ────────────────────────────────────────────────────────────────────────────


def log_in(http, key, **fields):
    return http.post("/login", data={"key": key, "next": "/probe?a=b"} | fields)


def test_a_browser_is_sent_to_the_login_and_back(serving):
    http = ask(serving)
    key = make_key(serving)
    sent = http.get("/probe?a=b")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fprobe%3Fa%3Db")
    assert 'value="/probe?a=b"' in http.get(sent.headers["location"]).text
    back = log_in(http, key)
    assert (back.status_code, back.headers["location"]) == (303, "/probe?a=b")
    cookie = back.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert key not in cookie
    assert http.get("/probe").status_code == 200


def test_over_tls_the_cookie_never_goes_without(serving):
    http = TestClient(create_app(serving), base_url="https://news.example", follow_redirects=False)
    assert "Secure" in log_in(http, make_key(serving)).headers["set-cookie"]


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example",
                                    "javascript:alert(1)", "/a\nb", ""])  # fmt: skip
def test_the_login_leads_nowhere_else(serving, wanted):
    back = log_in(ask(serving), make_key(serving), next=wanted)
    assert back.headers["location"] == "/"


def test_a_wrong_key_begins_no_session(serving):
    make_key(serving)
    answer = log_in(ask(serving), "nl_wrong")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "not known" in answer.text


def test_a_session_ends_when_it_is_told_to_and_by_itself(serving):
    http = ask(serving)
    log_in(http, make_key(serving))
    cookie = http.cookies[COOKIE]
    token = http.get("/probe").json()["token"]
    http.post("/logout", data={"token": token})
    assert http.get("/probe", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 303


def test_a_session_of_yesterday_is_over(serving):
    http = ask(serving)
    log_in(http, make_key(serving))
    tomorrow = replace(serving, now=lambda: serving.now() + timedelta(days=1))
    assert ask(tomorrow).get("/probe", headers={"Cookie": f"{COOKIE}={http.cookies[COOKIE]}"}
                             ).status_code == 303  # fmt: skip


# ── forms ─────────────────────────────────────────────────────────────────────────────────────


def test_a_form_is_taken_from_our_own_page_only(serving):
    http = ask(serving)
    log_in(http, make_key(serving))
    token = http.get("/probe").json()["token"]
    assert http.post("/probe", data={"token": token, "a": "b"}).json()["a"] == "b"
    assert http.post("/probe", data={"a": "b"}).status_code == 403
    elsewhere = http.post("/probe", data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_a_form_of_one_session_is_no_form_of_another(serving):
    first, second = ask(serving), ask(serving)
    key = make_key(serving)
    log_in(first, key)
    log_in(second, key)
    token = first.get("/probe").json()["token"]
    assert second.post("/probe", data={"token": token}).status_code == 403


def test_another_site_cannot_let_a_browser_of_this_machine_act(serving):
    answer = ask(serving).post("/v1/probe", headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "forged")


# ── refusals, headers, bounds ─────────────────────────────────────────────────────────────────


def test_programs_get_problem_details_and_people_a_page(serving):
    http = ask(serving)
    problem = http.get("/v1/nothing", headers={"X-Request-Id": "from-a-proxy.1"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404
    assert problem.json()["request_id"] == "from-a-proxy.1"
    people = http.get("/nothing")
    assert people.headers["content-type"].startswith("text/html")
    assert "<h1>Not Found</h1>" in people.text


def test_a_bug_is_answered_without_its_details_and_logged_with_them(serving, caplog):
    answer = ask(serving).get("/v1/broken")
    assert (answer.status_code, answer.json()["reason"]) == (500, "bug")
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


@pytest.mark.parametrize("path", ["/login", "/v1/nothing", "/v1/broken", "/static/plain.css"])
def test_every_answer_forbids_what_is_not_ours(serving, path):
    headers = ask(serving).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_our_plain_pages_hold_no_script_and_no_style(serving):
    for path in ("/login", "/nothing"):
        text = ask(serving).get(path).text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", text)


def test_a_body_has_a_bound_whatever_it_says_of_itself(serving):
    http = ask(serving)
    assert http.post("/v1/probe", content=b"x" * MAX_BODY_BYTES).status_code == 200
    pieces = (b"x" * 1_000 for _ in range(100))
    answer = http.post("/v1/probe", content=pieces)
    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")
