"""The whole trip over the rehearsal world, by the real command, as its user would run it."""

import random
import signal
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from support_trip import PACE_S, Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.oracle import expected
from pipeline.rehearsal.server import WorldServer
from pipeline.urls import canonicalise

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
KILLS = 20
#: Feeds that list other editions of pages which the outlet's main feed lists too. Which edition of
#: an article is read first depends on timing, so two runs may keep different ones.
EDITIONS = {"rheinblatt-mobil", "courrier-du-rhone-mobile"}
#: How long a stopped run may take to end.
STOP_S = 15


@pytest.fixture
def world():
    with WorldServer(ScaledClock(NOW), script=()) as server:
        yield server


@pytest.fixture
def feeds(world):
    return [feed for feed in world.feeds() if feed.feed_id not in EDITIONS]


@pytest.fixture
def desk(world, feeds, tmp_path):
    return Desk(tmp_path / "desk", feeds, port=world.port)


@pytest.mark.slow
def test_a_run_balances_and_a_second_one_does_nothing_again(world, desk):
    first = desk.run(NOW)
    assert first["balance"]["balances"]
    documents, asked = desk.documents(), len(world.requests)
    second = desk.run(NOW)
    assert second["balance"]["balances"]
    assert world.requests[asked:] == []
    assert desk.documents() == documents


@pytest.mark.slow
def test_what_is_indexed_is_what_the_world_published(world, desk):
    """The oracle knows the articles and the promises, and nothing of the pipeline."""
    desk.run(NOW)
    found = {canonicalise(document["url"]): document for document in desk.documents().values()}
    wanted = [
        one
        for one in expected(world.world, NOW, [NOW]).values()
        if one.sure and one.end == "indexed" and not one.urls[0].count("/m/")
    ]
    assert len(wanted) > 20
    for one in wanted:
        document = found[canonicalise(one.urls[0])]
        assert document["title"] == one.title
        missing = [paragraph for paragraph in one.paragraphs if paragraph not in document["text"]]
        assert missing == [], one.id


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_index_ends_the_same(world, feeds, desk, tmp_path):
    undisturbed = Desk(tmp_path / "undisturbed", feeds, port=world.port)
    started = time.monotonic()
    undisturbed.run(NOW)
    whole_s = time.monotonic() - started
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    kills = [0]  # of each desk
    desks = [desk]
    while sum(kills) < KILLS:
        moment = NOW + kills[-1] * timedelta(seconds=30)
        if desks[-1].kill_after(moment, rng.uniform(0.2, whole_s)):
            kills[-1] += 1
            continue
        # It came to its end: the next kills shall hit runs that have something to do.
        desks.append(Desk(tmp_path / f"desk{len(desks)}", feeds, port=world.port))
        kills.append(0)
    for count, one in zip(kills, desks, strict=True):
        summary = one.run(NOW + count * timedelta(seconds=30))
        assert summary["balance"]["balances"], f"seed {seed}"
        assert one.documents() == undisturbed.documents(), f"seed {seed}"


@pytest.mark.slow
def test_a_stopped_run_ends_soon_and_loses_nothing(world, feeds, desk, tmp_path):
    process = desk.start(NOW)
    while not world.requests:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=STOP_S)
    assert process.returncode == 0, errors.decode()[-2000:]
    desk.run(NOW + timedelta(seconds=30))
    undisturbed = Desk(tmp_path / "undisturbed", feeds, port=world.port)
    undisturbed.run(NOW)
    assert desk.documents() == undisturbed.documents()


@pytest.mark.slow
def test_the_balance_of_each_run_can_be_asked_for(world, desk):
    first = desk.run(NOW)
    later = desk.run(NOW + timedelta(hours=3))
    config = ("--config", str(desk.config))
    sheets = [desk.ask("balance", "--run", one["run_id"], *config) for one in (first, later)]
    assert all(sheet["balances"] for sheet in sheets)
    assert sheets[0]["discovered"] == first["balance"]["discovered"]
    assert sheets[0]["scope"] == {"run": first["run_id"]}
    assert sheets[1]["unchanged"] > 0
    assert sheets[1]["discovered"] == sheets[1]["accounted"]


@pytest.mark.slow
def test_hosts_are_asked_politely(world, desk):
    """robots.txt before the first page, an honest name, and never two requests at once."""
    desk.run(NOW)
    articles = {one.urls[0] for one in expected(world.world, NOW, [NOW]).values()}
    paths = {url.split("/", 3)[3] for url in articles}
    knows_robots: set[str] = set()
    for request in world.requests:
        if request.path == "/robots.txt":
            knows_robots.add(request.host)
        elif request.path.lstrip("/") in paths:
            assert request.host in knows_robots
        headers = {name.lower(): value for name, value in request.headers}
        assert "tests@example.org" in headers["user-agent"]
        assert not {"cookie", "referer", "authorization"} & set(headers)
    for host in {request.host for request in world.requests}:
        starts = [one.monotonic_s for one in world.requests if one.host == host]
        gaps = [later - sooner for sooner, later in pairwise(starts)]
        assert min(gaps, default=1.0) >= PACE_S / 2  # seen by a server that may be late itself
        asked = [one for one in world.requests if one.host == host]
        for sooner, later in pairwise(asked):
            assert sooner.ended_s is not None
            assert sooner.ended_s <= later.monotonic_s
