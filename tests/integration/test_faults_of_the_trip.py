"""Crash points of the trip, played by its doors: whatever fails when, a later run makes it good.

Each fault happens once, at its n-th occasion. Then the run is started again until nothing is due,
and the books must balance over the same documents as those of a run that nothing disturbed.
"""

import contextlib

import pytest
from support_run import HTML, RSS, Trip, article, feed, rss

from pipeline.errors import LeaseLost, Transient
from pipeline.model import Stage
from pipeline.ports import IndexResult

HOSTS = ("herald.example", "courier.example")
TITLES = ("Patrols begin", "Talks go on", "A border town waits")
WIRE = "Officers from both armies agree on a map"
_DISK_FULL = OSError(28, "No space left on device")


class Bug(Exception):
    """Something that nobody foresaw."""


def build(folder):
    """Return a trip over one small world: two outlets, copies, a redirect, a lost page."""
    trip = Trip(folder, feed("herald"), feed("courier"))
    trip.allow_robots(*HOSTS)
    for host in HOSTS:
        publish(trip, host)
    return trip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    trip = build(tmp_path_factory.mktemp("undisturbed"))
    trip.run()
    yield trip
    trip.close()


@pytest.fixture
def trip(tmp_path):
    made = build(tmp_path)
    yield made
    made.close()


def publish(trip, host):
    pages = {f"https://{host}/{n}": f"{title}, {host}" for n, title in enumerate(TITLES)}
    for url, title in pages.items():
        trip.fetcher.on(url, article(title), headers=HTML)
    wire, moved, gone = (f"https://{host}/{name}" for name in ("wire", "moved", "gone"))
    trip.fetcher.on(wire, article(WIRE), headers=HTML)
    trip.fetcher.on(moved, status=301, headers=(("Location", f"https://{host}/0"),))
    trip.fetcher.on(gone, status=410)
    first = pages[f"https://{host}/0"]  # whichever link is read first: what is said is the same
    listed = [*pages.items(), (wire, WIRE), (moved, first), (gone, "Gone")]
    trip.fetcher.on(f"https://{host}/feed.xml", rss(*listed), headers=RSS)


def failing(monkeypatch, door, name, at, fault):
    """Let the n-th call of a door's method end in `fault(call, args)`; return the calls' count."""
    call, calls = getattr(door, name), []

    def sync(*args, **kwargs):
        calls.append(args)
        return fault(call, args) if len(calls) == at else call(*args, **kwargs)

    monkeypatch.setattr(door, name, sync)
    return calls


def failing_async(monkeypatch, door, name, at, error):
    call, calls = getattr(door, name), []

    async def awaited(*args, **kwargs):
        calls.append(args)
        if len(calls) == at:
            raise error
        return await call(*args, **kwargs)

    monkeypatch.setattr(door, name, awaited)
    return calls


def raising(error):
    def fault(_call, _args):
        raise error

    return fault


def assert_made_good(trip, undisturbed):
    """Run on until nothing is due and compare with a run that nothing disturbed."""
    for _ in range(3):
        trip.later(minutes=6)
        trip.run()
    sheet = trip.balance()
    assert sheet.balances, sheet.sentence()
    assert sheet.in_flight == 0
    assert sheet.as_dict() | {"alias": 0} == undisturbed.balance().as_dict() | {"alias": 0}
    assert trip.documents() == undisturbed.documents()
    assert len(trip.documents()) == len(HOSTS) * (len(TITLES) + 1)
    log = trip.ledger.changes_after(0, limit=1000)
    assert [change.seq for change in log] == list(range(1, len(log) + 1))
    listed = {change.article_id: change.doc_version for change in log if change.kind == "upsert"}
    assert listed == dict(trip.index.versions())


@pytest.mark.parametrize("at", [1, 2, 5, 9, 14])
def test_a_bug_in_the_fetcher_in_the_middle_of_a_visit(trip, undisturbed, monkeypatch, at):
    with monkeypatch.context() as patch:
        calls = failing_async(patch, trip.fetcher, "get", at, Bug())
        with pytest.raises(Bug):
            trip.run()
    assert len(calls) >= at
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("at", [1, 3, 7, 12, 17])
def test_a_pool_of_workers_that_dies(trip, undisturbed, monkeypatch, at):
    with monkeypatch.context() as patch:
        lost = Transient("parser_unavailable", "the pool broke")
        calls = failing_async(patch, trip.doors.workers, "run", at, lost)
        trip.run()
    assert len(calls) >= at
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("at", [3, 12])
def test_a_bug_in_a_worker(trip, undisturbed, monkeypatch, at):
    with monkeypatch.context() as patch:
        failing_async(patch, trip.doors.workers, "run", at, Bug())
        with pytest.raises(Bug):
            trip.run()
    assert_made_good(trip, undisturbed)


def test_an_index_that_answers_for_half_of_what_it_was_given(trip, undisturbed, monkeypatch):
    def half(call, args):
        answers = call(*args)
        return dict(list(answers.items())[::2])

    with monkeypatch.context() as patch:
        calls = failing(patch, trip.index, "write", 1, half)
        trip.run()
    assert calls
    assert_made_good(trip, undisturbed)


def test_an_index_that_asks_to_be_left_alone(trip, undisturbed, monkeypatch):
    def full(_call, args):
        return {document["article_id"]: (IndexResult.RETRY, "queue full") for document in args[0]}

    with monkeypatch.context() as patch:
        failing(patch, trip.index, "write", 1, full)
        trip.run()
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_an_index_that_breaks_off(trip, undisturbed, monkeypatch, written):
    """Also when all of it was written and only the answer was lost."""

    def broken(call, args):
        if written:
            call(*args)
        raise _DISK_FULL

    with monkeypatch.context() as patch:
        failing(patch, trip.index, "write", 1, broken)
        with pytest.raises(OSError, match="No space"):
            trip.run()
    assert trip.balance().balances  # what the index may or may not hold is in flight
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("name", ["append", "flush"])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_an_archive_without_room(trip, undisturbed, monkeypatch, name, at):
    with monkeypatch.context() as patch:
        failing(patch, trip.archive, name, at, raising(_DISK_FULL))
        with pytest.raises(OSError, match="No space"):
            trip.run()
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("at", [1, 2])
def test_a_poll_whose_lease_was_lost(trip, undisturbed, monkeypatch, at):
    with monkeypatch.context() as patch:
        failing(patch, trip.ledger, "commit_poll", at, raising(LeaseLost("somebody else's")))
        trip.run()
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("at", [1, 4, 9, 13, 14, 15])
def test_results_that_came_too_late(trip, undisturbed, monkeypatch, at):
    """The ledger refuses a batch: nothing of it was written, all of it is still due."""

    def refused(_call, args):
        return [result.url_id for result in args[1]]

    with monkeypatch.context() as patch:
        calls = failing(patch, trip.ledger, "commit", at, refused)
        trip.run()
    assert len(calls) >= at
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("stage", [Stage.FETCH, Stage.EXTRACT, Stage.ENRICH, Stage.INDEX])
@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
def test_a_ledger_that_breaks_off_around_a_commit(trip, undisturbed, monkeypatch, stage, kept):
    commit, broken = trip.ledger.commit, []

    def once(lease, results):
        if not broken and results[0].outcome.stage is stage:
            broken.append(stage)
            if kept:
                commit(lease, results)
            raise Bug
        return commit(lease, results)

    with monkeypatch.context() as patch:
        patch.setattr(trip.ledger, "commit", once)
        with pytest.raises(Bug):
            trip.run()
    assert broken
    assert_made_good(trip, undisturbed)


@pytest.mark.parametrize("at", [1, 5, 11])
def test_a_process_that_leaves_its_leases_behind(trip, undisturbed, monkeypatch, at):
    """Killed: nothing is released. The next process takes the lock, so the dead one's are free."""
    with monkeypatch.context() as patch:
        patch.setattr(trip.ledger, "release", lambda *_, **__: None)
        failing(patch, trip.ledger, "commit", at, raising(Bug()))
        with contextlib.suppress(Bug):
            trip.run()
    trip.ledger.acquire_pipeline_lock()
    assert_made_good(trip, undisturbed)
