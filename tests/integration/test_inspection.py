"""An inspection from ledger and index to the webhook, and the command for people."""

import asyncio
import json
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest
from support_ledger import decision, poll
from support_run import Trip, article, feed, rss
from typer.testing import CliRunner

from pipeline import inspection
from pipeline.adapters.webhook import post
from pipeline.cli.root import build
from pipeline.config import AlertSettings, Config, FetchSettings
from pipeline.errors import IndexUnavailable, StoreUnavailable, UsageError
from pipeline.messages import Message
from pipeline.quality.findings import FindingKind, Silence
from pipeline.rebuild import rebuild

URL = "https://herald.example/a"
DAY = timedelta(days=1)


@pytest.fixture
def trip(tmp_path):
    made = Trip(tmp_path, feed())
    made.allow_robots("herald.example")
    made.fetcher.on("https://herald.example/feed.xml", rss((URL, "Patrol agreed")))
    made.fetcher.on(URL, article("Patrol agreed"))
    made.run()
    yield made
    made.close()


@pytest.fixture
def webhook():
    """An address that takes what it is sent; `.status` is what it answers."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.taken.append(json.loads(body))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    server.taken, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/hook/secret-part"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def settings(server, **fetch):
    allowed = {"allow_private": ("127.0.0.0/8",), "ports": (server.server_port,)} | fetch
    return Config(fetch=FetchSettings(**allowed), alerts=AlertSettings(webhook=server.url))


def inspect(trip, index=None):
    now = trip.clock.now()
    return inspection.inspect(trip.ledger, index or trip.index, trip.doors.config, now)


def tell(trip, config):
    async def send(url, body):
        await post(url, Message("1", orjson.dumps(body)), config.fetch, trip.clock.now())

    return asyncio.run(inspection.tell(trip.ledger, config, trip.clock.now(), send))


def lose_a_document(trip):
    ((article_id, version),) = trip.index.versions()
    trip.index.write([], [(article_id, version + 1)])
    return article_id


def test_nothing_is_wrong_with_a_run_that_went_well(trip):
    done = inspect(trip)
    assert (done.findings, done.not_looked_for) == ([], {})


def test_a_lost_document_is_found_named_told_once_and_closed_when_it_is_back(trip, webhook):
    article_id = lose_a_document(trip)
    (found,) = inspect(trip).open
    assert found.finding.kind is FindingKind.BALANCE
    assert article_id in found.finding.evidence["missing_from_index"]
    config = settings(webhook)
    assert [one.finding_id for one in tell(trip, config)] == [found.finding_id]
    assert tell(trip, config) == []
    (body,) = webhook.taken
    assert body["findings"][0]["kind"] == "balance"
    assert "do NOT balance" in body["text"]
    trip.later(days=1)
    assert len(tell(trip, config)) == 1


def test_what_is_silenced_is_kept_but_not_told(trip, webhook):
    lose_a_document(trip)
    inspect(trip)
    now = trip.clock.now()
    trip.ledger.silence(Silence("anna", "known", now, now + DAY, kind=FindingKind.BALANCE))
    assert tell(trip, settings(webhook)) == []
    trip.later(days=1)
    assert len(tell(trip, settings(webhook))) == 1


@pytest.mark.parametrize("status", [500, 302])
def test_what_the_webhook_did_not_take_is_told_the_next_time(trip, webhook, status):
    lose_a_document(trip)
    inspect(trip)
    webhook.status = status
    with pytest.raises(StoreUnavailable) as caught:
        tell(trip, settings(webhook))
    assert "secret-part" not in str(caught.value)
    webhook.status = 200
    assert len(tell(trip, settings(webhook))) == 1


def test_the_webhook_passes_the_address_guard_like_every_request(trip, webhook):
    lose_a_document(trip)
    inspect(trip)
    with pytest.raises(StoreUnavailable, match="blocked_address"):
        tell(trip, settings(webhook, allow_private=()))
    assert webhook.taken == []


def test_while_the_index_is_away_the_balance_stays_as_it_was(trip):
    class Away:
        def versions(self):
            raise IndexUnavailable("no connection")

    lose_a_document(trip)
    inspect(trip)
    done = inspect(trip, Away())
    assert [one.finding.kind for one in done.open] == [FindingKind.BALANCE]
    assert done.not_looked_for == {FindingKind.BALANCE: "no connection"}


def test_findings_go_out_as_events_the_same_ones_until_something_changes(trip):
    class Sink(dict):
        def write(self, events):
            self.update({one.event_id: one.body["result"] for one in events})

    sink = Sink()
    article_id = lose_a_document(trip)
    for _ in range(2):
        inspect(trip)
        inspection.announce(trip.ledger, sink, trip.clock.now())
    assert list(sink.values()) == ["critical"]
    assert rebuild(trip.ledger, trip.index).serves
    assert trip.index.find(article_id)
    inspect(trip)
    inspection.announce(trip.ledger, sink, trip.clock.now())
    assert list(sink.values()) == ["critical", "over"]


def test_a_feed_that_falls_silent_is_found(trip):
    for day in range(1, 20):
        links = [f"https://herald.example/{day}/{n}" for n in range(30)]
        poll(
            trip.ledger, *map(decision, links), of=feed(), at=trip.clock.now() - day * DAY - DAY / 2
        )
    kinds = {one.finding.kind for one in inspect(trip).open}
    assert FindingKind.VOLUME in kinds


# ── the command ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def newsline(trip, tmp_path):
    trip.close()
    config = tmp_path / "pipeline.toml"
    origin, origin_at = datetime(2019, 9, 10, 9, tzinfo=UTC), datetime.now(UTC)  # one for all
    config.write_text(f'[clock]\norigin = "{origin}"\norigin_at = "{origin_at}"\n')

    def run(*words):
        options = ["--data", str(tmp_path), "--config", str(config), "--json"]
        return CliRunner().invoke(build(list(words)), [*words, *options])

    return run


def test_the_command_says_what_is_wrong_and_a_silence_makes_it_no_bad_news(newsline, trip):
    assert newsline("quality").exit_code == 0
    with closing(Trip(trip.folder, *trip.feeds)) as again:
        lose_a_document(again)
    found = newsline("quality")
    assert found.exit_code == 1
    (finding,) = json.loads(found.stdout)["findings"]
    assert (finding["kind"], finding["silenced"]) == ("balance", False)
    silenced = newsline("quality", "silence", "known", "--kind", "balance", "--hours", "2")
    number = json.loads(silenced.stdout)["silence_id"]
    assert newsline("quality").exit_code == 0
    assert [one["silence_id"] for one in json.loads(newsline("quality", "silences").stdout)] == [
        number
    ]
    assert json.loads(newsline("quality", "silences", "--end", str(number)).stdout) == []
    assert newsline("quality").exit_code == 1


def test_a_silence_is_about_something(newsline):
    with pytest.raises(UsageError, match="--kind, --feed or --outlet"):
        raise newsline("quality", "silence", "all", "--hours", "2").exception
