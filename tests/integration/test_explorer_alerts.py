"""Saved searches in the explorer."""

import html
import re

import pytest
from support_ledger import NOW
from support_serve import client, fill, make_key

from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.keys import KeyScope

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def filled(serving):
    return fill(serving)


def fields(page, action):
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)[0]
    return dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form.replace("&amp;", "&")))


def test_a_search_is_saved_from_its_page_listed_and_removed(filled):
    http = client(filled)
    page = http.get("/", params={"q": '"safe zone"', "language": "en", "since": "2019-09-01"}).text
    link = html.unescape(re.search(r'href="(/alerts/new[^"]*)"', page)[1])
    assert "since" not in link
    proposed = http.get(link).text
    assert "1 story, 1 article" in proposed
    given = fields(proposed, "/alerts")
    saved = http.post("/alerts", data=given | {"name": "zone"}, headers=OURS)
    assert (saved.status_code, saved.headers["location"]) == (303, "/alerts")
    (one,) = filled.ledger.alerts()
    assert (one.name, one.text, dict(one.filters)) == ("zone", '"safe zone"', {"language": ("en",)})
    listed = http.get("/alerts").text
    assert f"/alerts/{one.alert_id}.atom" in listed
    token = fields(listed, "/alerts/zone/remove")
    assert http.post("/alerts/zone/remove", data=token, headers=OURS).status_code == 303
    assert filled.ledger.alerts() == []


def test_hits_lead_to_articles_and_hostile_ones_are_text(filled):
    filled.ledger.add_alert(SavedSearch("a1", "<b>zone</b>", "zone"), NOW)
    hit = AlertHit("a1", "s1", "shoal-1", "<script>x</script>", "https://a.example", "o", None, ())
    filled.ledger.keep_hits("a1", 99, [hit], NOW)
    page = client(filled).get("/alerts").text
    assert "/articles/shoal-1" in page
    assert "<script>x" not in page
    assert "<b>zone" not in page


def test_what_is_no_search_is_not_saved(filled):
    http = client(filled)
    given = fields(http.get("/alerts/new", params={"q": "zone"}).text, "/alerts")
    assert http.get("/alerts/new", params={"q": '"never closed'}).status_code == 400
    for wrong in (
        {"name": ""}, {"view": "?"}, {"view": "?q=%22never+closed"}, {"webhook": "ftp://x"},
        {"webhook": "mailto:desk@herald.example"},
    ):  # fmt: skip
        assert (
            http.post("/alerts", data=given | {"name": "x"} | wrong, headers=OURS).status_code
            == 400
        )
    assert http.post("/alerts", data=given | {"token": "1.2"}, headers=OURS).status_code == 403
    assert filled.ledger.alerts() == []


def test_who_may_only_search_is_not_offered_it(filled):
    reader = client(filled, make_key(filled, KeyScope.SEARCH))
    page = reader.get("/", params={"q": "zone"}).text
    assert "/alerts/new" not in page
    assert reader.get("/alerts/new", params={"q": "zone"}).status_code == 403
    assert 'href="/alerts"' not in page
    assert reader.get("/alerts").status_code == 403


def test_a_webhook_s_secret_is_told_once_and_a_digest_can_be_chosen(filled):
    http = client(filled)
    given = fields(http.get("/alerts/new", params={"q": "zone"}).text, "/alerts")
    chosen = {"name": "zone", "webhook": "https://desk.example/hook", "every": "86400"}
    saved = http.post("/alerts", data=given | chosen, headers=OURS)
    (one,) = filled.ledger.alerts()
    assert (one.webhook, one.every_s) == ("https://desk.example/hook", 86_400)
    assert one.secret in saved.text
    assert one.secret not in http.get("/alerts").text
