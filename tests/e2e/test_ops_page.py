"""The ops page inside a real Airflow: its own access checks, and a real browser that looks at it.

Set NEWSLINE_TEST_PICTURES=docs to draw the pictures of the documentation anew.
"""

import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support_browser import Browser
from support_ledger import bring_to, commit_step, decision, failed, feed, poll, publish, state

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.model import Result, Stage
from pipeline.rehearsal.server import WorldServer
from pipeline.work import Outcome, PollResult

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HERALD, COURIER, GAZETTE = (
    feed("herald-world", "herald", title="The Herald: world"),
    feed("courier-latest", "courier", title="Bosphorus Courier: latest"),
    feed("gazette-all", "gazette", title="The Levant Gazette"),
)
CANARY = "<img src=x onerror=\"window.canary=1;alert('canary')\"><script>window.canary=1</script>"
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("airflow"),
]


def url_of(publisher, n):
    return f"https://{publisher}.example/2019/09/article-{n}"


@pytest.fixture
def ledger(airflow, desk_of, postgres_url):
    """Two weeks of three feeds: one well, one failing, one that died now and then."""
    desk = desk_of([HERALD, COURIER, GAZETTE], port=80)
    opened = open_ledger(postgres_url)
    opened.sync_feeds([state(one, interval_s=1_800.0) for one in (HERALD, COURIER, GAZETTE)])
    for days_ago in range(13, 0, -1):
        for of, many in ((HERALD, days_ago % 5 + 1), (COURIER, days_ago % 3)):
            new = [decision(url_of(of.publisher, f"{days_ago}-{n}")) for n in range(many)]
            poll(opened, *new, of=of, at=NOW - days_ago * DAY)
    for n in range(4):
        publish(opened, url_of("herald", n), of=HERALD, at=NOW - (n + 1) * HOUR, text=f"text {n}")
    for n, reason in enumerate(("parser_timeout", "parser_timeout", "parser_memory")):
        link = url_of("gazette", n)
        bring_to(opened, link, Stage.EXTRACT, of=GAZETTE, at=NOW - HOUR)
        dead = failed(link, Stage.EXTRACT, reason, at=NOW - HOUR)
        commit_step(opened, Stage.EXTRACT, dead)
    learn(opened, HERALD, health="ok", overlap=0.8, last_success_at=NOW - HOUR / 4)
    learn(opened, GAZETTE, health="ok", overlap=0.5, last_success_at=NOW - HOUR, gaps=2)
    for hours in (3, 2, 1):
        learn(opened, COURIER, at=NOW - hours * HOUR, reason="http_503", health="failing",
              failures=1.5, last_success_at=NOW - 4 * HOUR)  # fmt: skip
    airflow.use(desk, NOW)
    yield opened
    opened.close()


def learn(ledger, of, *, at=NOW - HOUR / 4, reason=None, **facts):
    """Let a poll teach something about a feed."""
    due = at + timedelta(minutes=30)
    after = state(of, last_poll_at=at, last_reason=reason, next_poll_at=due, interval_s=1_800.0,
                  **facts)  # fmt: skip
    result = Result.RETRY if reason else Result.UNCHANGED
    detail = f"HTTP 503 from {of.url}" if reason else ""
    lease = ledger.lease_host(after.host, lease_s=60)
    ledger.commit_poll(
        lease, PollResult(after, Outcome(Stage.POLL, result, at, reason or "not_modified", detail))
    )
    ledger.release(lease)


# ── without a browser ─────────────────────────────────────────────────────────────────────────


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Visitor:
    """Somebody who asks the server as a program would; the cookie is the browser's way."""

    def __init__(self, airflow, user=None, *, by="bearer"):
        self.url = airflow.stack.site.url
        self.headers = {}
        if user:
            token = airflow.stack.rest(user)._token
            header = {
                "bearer": ("Authorization", f"Bearer {token}"),
                "cookie": ("Cookie", f"_token={token}"),
            }
            self.headers = dict([header[by]])

    def ask(self, path, **form):
        """Return status, text and headers."""
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + path, data, self.headers)  # noqa: S310 - our own
        try:
            answer = urllib.request.build_opener(_NoRedirect).open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers

    def token(self, path):
        return _TOKEN.search(self.ask(path)[1])[1]


PAGES = ("/", "/feeds", "/feeds/herald-world", "/dead", "/where", "/balance", "/ops.css", "/none")


def test_the_anonymous_see_nothing_viewers_read_and_only_operators_act(airflow, ledger):
    nobody, broken = Visitor(airflow), Visitor(airflow)
    broken.headers = {"Authorization": "Bearer made-up"}
    for path in PAGES:
        assert nobody.ask(f"/newsops{path}")[0] == 401, path
        assert broken.ask(f"/newsops{path}")[0] in (401, 403), path
    pause = "/newsops/feeds/herald-world/pause"
    assert nobody.ask(pause, token="x")[0] == 401
    for by in ("bearer", "cookie"):
        viewer = Visitor(airflow, "viewer", by=by)
        status, text, headers = viewer.ask("/newsops/")
        assert (status, "may look, not act" in text) == (200, True)
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert viewer.ask(pause, token="x")[0] == 403
    operator = Visitor(airflow, "operator")
    theirs = operator.token("/newsops/feeds/herald-world")
    assert viewer.ask(pause, token=theirs)[0] == 403
    assert not ledger.feed_states(["herald-world"])[0].paused
    status, _, headers = operator.ask(pause, token=theirs, note="tests")
    assert (status, headers["Location"]) == (303, "/newsops/feeds/herald-world?done=pause")
    assert ledger.feed_states(["herald-world"])[0].paused
    (override,) = ledger.overrides("herald-world", limit=9)
    assert (override.actor, override.note, override.at.date()) == (
        "operator", "pause: tests", NOW.date()
    )  # fmt: skip


def test_the_plugin_is_loaded_once_and_cleanly(airflow):
    errors = airflow.rest.ask("GET", "plugins/importErrors")
    assert errors["import_errors"] == []
    (mine,) = [one for one in airflow.rest.ask("GET", "plugins")["plugins"]
               if one["name"] == "newsline"]  # fmt: skip
    assert [app["url_prefix"] for app in mine["fastapi_apps"]] == ["/newsops"]
    places = {view["name"]: view["destination"] for view in mine["external_views"]}
    assert places == {"Newsline": "nav", "Feed health": "dag"}


def test_airflow_offers_our_connection_types_with_their_forms(airflow):
    found = airflow.rest.ask("GET", "/ui/connections/hook_meta")
    mine = {one["connection_type"]: one for one in found if "news" in one["connection_type"]}
    assert set(mine) == {"newsline", "news_elasticsearch"}
    assert set(mine["newsline"]["extra_fields"]) == {"config", "data"}
    key = mine["news_elasticsearch"]["extra_fields"]["api_key"]
    assert key["schema"]["format"] == "password"


def test_the_test_button_of_a_connection_says_how_it_is(airflow, ledger):
    as_settings_say = {"connection_id": "button", "conn_type": "newsline"}
    well = airflow.rest.ask("POST", "connections/test", as_settings_say)
    feeds = len(ledger.feed_states())
    assert well == {"status": True, "message": f"The ledger answers; feeds in it: {feeds}."}
    nobody = {"connection_id": "button", "conn_type": "news_elasticsearch", "schema": "http",
              "host": "127.0.0.1", "port": 9}  # fmt: skip
    ill = airflow.rest.ask("POST", "connections/test", nobody)
    assert ill["status"] is False
    assert "http://127.0.0.1:9" in ill["message"]


def test_a_task_leads_to_what_its_run_did(airflow, desk_of):
    with WorldServer(ScaledClock(NOW), script=()) as world:
        desk = desk_of(world.feeds()[:1], port=world.port, extra=(
            '[ops]\nkibana_url = "https://kibana.example.org/"\n'))  # fmt: skip
        airflow.use(desk, NOW)
        run = airflow.trigger("news_ingest")
    assert run.state == "success", run.logs
    where = f"dags/news_ingest/dagRuns/{urllib.parse.quote(run.run_id, safe='')}"
    links = airflow.rest.ask("GET", f"{where}/taskInstances/index/links")["extra_links"]
    run_id = run.xcom("plan", "run_id")
    assert links["Feed health"] == f"/newsops/feeds?run={run_id}"
    assert links["Run in the ledger"] == f"/newsops/runs/{run_id}"
    assert links["Kibana"].startswith(
        "https://kibana.example.org/app/dashboards#/view/news-pipeline"
    )
    assert run_id in links["Kibana"]
    viewer = Visitor(airflow, "viewer")
    status, text, _ = viewer.ask(links["Run in the ledger"])
    assert status == 200
    assert re.search(r"<th scope=\"row\">index</th><td><span class=\"badge ok\"", text)
    status, text, _ = viewer.ask("/newsops/balance")
    log = airflow.stack.last_lines("api-server")
    assert (status, "The books balance" in text) == (200, True), log


# ── with a browser ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser_of(airflow, tmp_path_factory):
    """A maker of browsers in which somebody has logged in through Airflow's own form."""
    opened = {}

    def make(user):
        if user not in opened:
            opened[user] = browser = Browser(tmp_path_factory.mktemp(user), height=1_000)
            site = airflow.stack.site
            browser.open(f"{site.url}/auth/login")
            browser.type("input[name=username]", user)
            browser.type("input[name=password]", site.passwords[user])
            browser.click("button[type=submit]")
            browser.find("[data-testid=nav-sidebar]", wait_s=60)
        return opened[user]

    yield make
    for browser in opened.values():
        browser.close()


def enter(browser, airflow, path="/plugin/newsline"):
    """Open the page inside Airflow's user interface."""
    browser.leave_frame()
    browser.open(airflow.stack.site.url + path)
    browser.enter_frame()
    browser.find("main h1", wait_s=30)


def picture(browser, name):
    folder = os.environ.get("NEWSLINE_TEST_PICTURES")
    if folder:
        browser.screenshot(Path(folder) / f"ops-{name}.png")


def complaints(browser):
    """What the browser says of our page; the frame around it is Airflow's business."""
    said = [line for line in browser.complaints() if "newsops" in line]
    meant = ("allow-same-origin for its sandbox", "422 (Unprocessable")  # refused, as it should be
    return [line for line in said if not any(words in line for words in meant)]


def test_a_viewer_finds_what_is_wrong_from_airflows_menu(airflow, ledger, browser_of):
    browser = browser_of("viewer")
    enter(browser, airflow)
    text = browser.text()
    assert "What needs attention first" in text
    assert "1 feed is failing: courier-latest" in text
    assert "3 dead letters wait for a replay" in text
    assert "The books balance" in text
    picture(browser, "overview")
    browser.click(".notices a[href*='state=failing']")
    assert "the server is busy or being mended (503); 3 times running" in browser.text("table")
    browser.click("header a[href$='/feeds']")
    browser.find("table.feeds")
    picture(browser, "feeds")
    browser.click("tbody th a")
    assert "Its last polls" in browser.text()
    assert browser.count("form[method=post]") == 0
    assert complaints(browser) == []


def test_feed_health_is_a_tab_of_every_dag(airflow, ledger, browser_of):
    browser = browser_of("viewer")
    enter(browser, airflow, "/dags/news_ingest/plugin/feed-health")
    assert "courier-latest" in browser.text("table.feeds")


def test_an_operator_pauses_resumes_and_replays(airflow, ledger, browser_of):
    browser = browser_of("operator")
    enter(browser, airflow)
    browser.click("header a[href$='/feeds']")
    browser.click("a[href$='/feeds/courier-latest']")
    browser.find("form[action$='/pause']")
    picture(browser, "feed")
    browser.type("form[action$='/pause'] input[name=note]", "its server wants rest\ue007")  # Enter
    assert "It is paused" in browser.text(".done", wait_s=30)
    (paused,) = ledger.feed_states(["courier-latest"])
    assert (paused.paused, paused.paused_reason) == (True, "operator")
    browser.click("form[action$='/resume'] button")
    browser.find("form[action$='/pause']", wait_s=30)
    browser.type("form[action$='/address'] input[name=url]", "http://10.0.0.1/feed")
    browser.click("form[action$='/address'] button")
    assert "10.0.0.1 is not public" in browser.text(".card.bad", wait_s=30)
    browser.click("header a[href$='/dead']")
    picture(browser, "dead-letters")
    browser.click("form[action$='/replay'] button")
    assert "They are due again" in browser.text(".done", wait_s=30)
    assert [group.reason for group in ledger.dead_groups()] == ["parser_memory"]
    browser.click("tbody tr:first-child td:last-child > a[href*='/where']")
    assert "reading it took more memory" in browser.text("main")
    picture(browser, "where")
    notes = [(one.actor, one.note) for one in ledger.overrides("courier-latest", limit=9)]
    assert notes == [("operator", "resume"), ("operator", "pause: its server wants rest")]
    assert [(one.actor, one.items) for one in ledger.actions(limit=9)] == [("operator", 2)]
    assert complaints(browser) == []


def test_what_feeds_say_never_runs(airflow, ledger, browser_of):
    hostile = feed("herald-world", "herald", title=CANARY)
    ledger.sync_feeds([state(hostile), *ledger.feed_states(["courier-latest", "gazette-all"])])
    links = [f"https://herald.example/{urllib.parse.quote(CANARY)}", "https://herald.example/x"]
    poll(ledger, *(decision(link, title=CANARY) for link in links), of=hostile, at=NOW)
    learn(ledger, hostile, reason=CANARY, health="failing")
    browser = browser_of("operator")
    enter(browser, airflow)
    where = urllib.parse.quote(links[0], safe="")
    for path in (
        "",
        "feeds",
        "feeds/herald-world",
        "dead",
        f"where?url={where}",
        f"feeds?q={where}",
    ):
        browser.script(f"window.location = {json.dumps('/newsops/' + path)}")
        browser.find("main h1")
        assert browser.script("return window.canary === undefined")
        assert not browser.has_dialog()
        assert browser.count("main img, main script") == 0
    assert CANARY[:20] in browser.script("return document.body.innerText") or "canary" in where
    browser.leave_frame()
    assert browser.script("return window.canary === undefined")


def test_the_page_is_readable_on_a_narrow_screen_and_in_the_dark(airflow, ledger, browser_of):
    browser = browser_of("viewer")
    browser.leave_frame()
    browser.open(f"{airflow.stack.site.url}/newsops/feeds")
    browser.resize(420, 900)
    browser.prefer("dark")
    try:
        wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        for path in ("", "feeds", "feeds/courier-latest", "dead", "where"):
            browser.open(f"{airflow.stack.site.url}/newsops/{path}")
            assert browser.script(wide), path
            assert browser.script("return getComputedStyle(document.body).backgroundColor") == (
                "rgb(18, 22, 28)"
            )
        browser.open(f"{airflow.stack.site.url}/newsops/feeds")
        picture(browser, "narrow")
    finally:
        browser.prefer("light")
        browser.resize(1280, 1_000)
