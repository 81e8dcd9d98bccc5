"""The pipeline's events in a real Elasticsearch: none missing, none twice, articles unharmed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest
from support_index import ROOT, elastic_settings
from support_ledger import NOW, bring_to, commit_step, failed, publish
from support_run import HTML, RSS, Trip, article, feed, rss

from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.events import ElasticEvents
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.ledger import open_ledger
from pipeline.events import EXPORT, deliver_events
from pipeline.index.event import events_of
from pipeline.model import Stage, Status

pytestmark = pytest.mark.elasticsearch

A, B, C = (f"https://herald.example/{name}" for name in "abc")
#: Nobody listens there.
AWAY = "http://127.0.0.1:9"


class Desk:
    """A ledger with something in it, and a collection in the cluster."""

    def __init__(self, folder):
        self.settings = elastic_settings(folder)
        self.names = Names(self.settings.name)
        self.cluster = Cluster(self.settings)
        self.client = self.cluster.client(Role.MAINTAINER)
        self.sink = ElasticEvents(self.cluster)
        self.ours = f"{self.settings.name}-*"
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.ledger.start_run(NOW)
        publish(self.ledger, A)
        bring_to(self.ledger, B, Stage.ENRICH)
        commit_step(self.ledger, Stage.ENRICH, failed(B, Stage.ENRICH, "parser_crash"))

    def set_up(self):
        setup = Setup(self.settings, ROOT / "config", None)
        done = setup.run()
        setup.close()
        return done

    def held(self):
        """event id → event, as dashboards find them."""
        self.client.indices.refresh(index=self.names.events_pattern)
        hits = self.client.search(index=self.names.events, size=1_000).body["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}

    def wanted(self):
        lines = self.ledger.outcomes_after(0, limit=1_000)
        return {one.event_id: dict(one.body) for line in lines for one in events_of(line)}

    def close(self):
        for pattern in (self.names.pattern, self.names.events_pattern):
            for name in self.client.indices.get(index=pattern).body:
                self.client.indices.delete(index=name)
        self.client.options(ignore_status=404).indices.delete_index_template(name=self.ours)
        self.client.options(ignore_status=404).cluster.delete_component_template(name=self.ours)
        self.sink.close()
        self.ledger.close()


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


def test_every_outcome_is_delivered_once(desk):
    desk.set_up()
    delivered = deliver_events(desk.ledger, desk.sink)
    assert (delivered.refused, delivered.waiting, delivered.more) == (0, False, True)
    assert delivered.events == len(desk.wanted()) > 10
    assert desk.held() == desk.wanted()
    kinds = Counter(event["kind"] for event in desk.held().values())
    assert (kinds["freshness"], kinds["poll"]) == (1, 2)
    again = deliver_events(desk.ledger, desk.sink)
    assert (again.events, again.more) == (0, False)


def test_what_is_delivered_again_changes_nothing(desk):
    desk.set_up()
    deliver_events(desk.ledger, desk.sink)
    before = desk.held()
    again = deliver_events(desk.ledger, desk.sink, after=0)
    assert again.events == len(before)
    assert desk.held() == before
    assert desk.ledger.export_position(EXPORT) == again.position


def test_a_delivery_that_was_broken_off_goes_on_where_it_was(desk):
    """What was sent but not noted is sent again; the ids make it one event."""
    desk.set_up()
    lines = desk.ledger.outcomes_after(0, limit=3)
    desk.sink.write([event for line in lines for event in events_of(line)])
    publish(desk.ledger, C)
    assert deliver_events(desk.ledger, desk.sink).waiting is False
    assert desk.held() == desk.wanted()


def test_while_the_cluster_is_away_events_wait_in_the_ledger(desk):
    away = ElasticEvents(Cluster(at_nowhere(desk.settings)))
    delivered = deliver_events(desk.ledger, away)
    away.close()
    assert (delivered.waiting, delivered.position, delivered.more) == (True, 0, False)
    assert AWAY in delivered.why
    desk.set_up()
    deliver_events(desk.ledger, desk.sink)
    assert desk.held() == desk.wanted()


def at_nowhere(settings):
    return settings.model_copy(update={"url": AWAY})


def test_a_cluster_that_is_not_set_up_is_told_from_one_that_takes_them(desk):
    delivered = deliver_events(desk.ledger, desk.sink)
    assert delivered.waiting
    assert desk.names.events_write in delivered.why
    assert desk.ledger.export_position(EXPORT) == 0


def test_an_event_that_is_refused_holds_up_none_of_the_others(desk):
    desk.set_up()
    index = desk.names.events_index(1)
    desk.client.indices.delete(index=index)
    aliases = {desk.names.events: {}, desk.names.events_write: {"is_write_index": True}}
    odd = {"properties": {"reason": {"type": "long"}}}  # so that parser_crash is no value
    desk.client.indices.create(index=index, aliases=aliases, mappings=odd)
    delivered = deliver_events(desk.ledger, desk.sink)
    assert (delivered.refused, delivered.waiting) == (1, False)
    assert len(desk.held()) == len(desk.wanted()) - 1
    assert deliver_events(desk.ledger, desk.sink).more is False


def test_setting_up_twice_changes_nothing_and_articles_and_events_stay_apart(desk):
    made = {one.name for one in desk.set_up() if one.how == "made"}
    assert made == {desk.names.index(1), desk.names.events_index(1)}
    assert [one.name for one in desk.set_up() if one.how == "made"] == []
    assert list(desk.client.indices.get(index=desk.names.pattern).body) == [desk.names.index(1)]


def test_an_operator_can_roll_the_events_over(desk):
    """As docs/operations.md says: both indices answer, the new one is written to."""
    desk.set_up()
    deliver_events(desk.ledger, desk.sink)
    rolled = desk.client.indices.rollover(
        alias=desk.names.events_write, aliases={desk.names.events: {}}
    )
    assert rolled.body["new_index"] == desk.names.events_index(2)
    publish(desk.ledger, C)
    deliver_events(desk.ledger, desk.sink)
    assert desk.held() == desk.wanted()
    assert desk.client.count(index=desk.names.events_index(2)).body["count"] > 0


# ── a run, and the command ────────────────────────────────────────────────────────────────────


@pytest.fixture
def trip(tmp_path, desk):
    """A run over fakes whose events go to the desk's cluster."""
    (tmp_path / "trip").mkdir()
    made = Trip(tmp_path / "trip", feed(), events=desk.sink)
    made.allow_robots("herald.example")
    made.fetcher.on("https://herald.example/feed.xml", rss((A, "Patrols begin")), headers=RSS)
    made.fetcher.on(A, article("Patrols begin"), headers=HTML)
    yield made
    made.close()


def test_a_run_has_delivered_all_of_its_events_when_it_ends(trip, desk):
    desk.set_up()
    run_id = trip.run()
    lines = trip.ledger.outcomes_after(0, limit=1_000)
    assert desk.held() == {e.event_id: dict(e.body) for line in lines for e in events_of(line)}
    found = Counter(event["stage"] for event in desk.held().values() if event["run_id"] == run_id)
    assert found == {"poll": 1, "fetch": 1, "extract": 1, "enrich": 1, "group": 1, "index": 2}


def test_a_run_whose_events_nobody_takes_loses_no_article_and_ends(trip, desk):
    """The cluster is there, but was never set up."""
    trip.run()
    assert trip.where(A).status is Status.INDEXED
    assert trip.balance().balances
    assert trip.ledger.export_position(EXPORT) == 0
    desk.set_up()
    # More than one batch where the run asked in its middle how far the ledger is settled.
    batches = [deliver_events(trip.ledger, desk.sink)]
    while batches[-1].more:
        batches.append(deliver_events(trip.ledger, desk.sink))
    assert not any(batch.waiting for batch in batches)
    assert len(desk.held()) == 7


def run_command(desk, *arguments):
    """Run `newsline index events` over the desk's ledger; return exit code, JSON and errors."""
    folder = Path(desk.ledger.database.url.database).parent
    config = folder / "pipeline.toml"
    name, url = desk.names.name, desk.settings.url
    config.write_text(f'[index]\nkind = "elasticsearch"\nurl = "{url}"\nname = "{name}"\n')
    told = ("--config", str(config), "--data", str(folder), "--json")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "index", "events", *arguments, *told],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, orjson.loads(done.stdout), done.stderr.decode()


def test_the_command_delivers_what_waits_and_all_of_it_when_asked(desk):
    desk.set_up()
    wanted = len(desk.wanted())
    for arguments, delivered in (((), wanted), ((), 0), (("--again",), wanted)):
        code, report, _ = run_command(desk, *arguments)
        assert (code, report["delivered"], report["waiting"]) == (0, delivered, False)
    assert desk.held() == desk.wanted()


def test_the_command_says_what_keeps_it_waiting(desk):
    code, report, errors = run_command(desk)
    assert (code, report["delivered"], report["waiting"]) == (1, 0, True)
    assert desk.names.events_write in errors
