"""With eight writers at once, killed at any moment, a follower's copy is what the index holds."""

import multiprocessing
import random
import threading
import time

import orjson
import pytest
from support_change_writers import (
    PLACES,
    WRITERS,
    TableIndex,
    discover,
    doors_over,
    urls,
    work_once,
    write_on,
)
from support_ledger import NOW
from support_serve import client, with_settings

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.ledger import open_ledger
from pipeline.config import Config
from pipeline.serve.api.changes import MORE, NEXT
from pipeline.serve.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KILLS, LINES = 10, 300
#: No line for so long: the writers block each other. (How many come in a time is the machine's.)
STALL_S = 60
#: A follower who has read all waits so long before it asks again.
PAUSE_S = 0.05
FILTERS = ({}, {"place": PLACES[0]})


class Follower:
    """Keeps a copy of what it hears, in the order in which it hears it."""

    def __init__(self, serving, filters):
        self.api, self.filters = client(serving), filters
        self.after, self.copy, self.seqs = "0", {}, []

    def read(self):
        """Read on for one answer; tell whether there is more."""
        answer = self.api.get(
            "/v1/changes", params={"after": self.after, "limit": 7} | self.filters
        )
        assert answer.status_code == 200, answer.text
        for line in map(orjson.loads, answer.content.splitlines()):
            self.seqs.append(line["seq"])
            if line["document"] is None:
                self.copy.pop(line["article_id"], None)
            else:
                self.copy[line["article_id"]] = line["document"]
        self.after = answer.headers[NEXT]
        return answer.headers[MORE] == "true"

    def read_until(self, is_over):
        while not is_over.is_set():
            if not self.read():
                is_over.wait(PAUSE_S)

    def read_all(self):
        while self.read():
            pass


@pytest.fixture
def places(ledger_url, tmp_path):
    """Where ledger and index are."""
    is_sqlite = ledger_url.startswith("sqlite")
    return ledger_url, f"sqlite:///{tmp_path / 'index.sqlite'}" if is_sqlite else ledger_url


def kill_at_random(ledger, places):
    """Run the writers as processes; kill one now and then, and start another in its place."""
    chance, spawn = random.Random(), multiprocessing.get_context("spawn")

    def start(writer):
        process = spawn.Process(target=write_on, args=(*places, writer), daemon=True)
        process.start()
        return process

    running = [start(writer) for writer in range(WRITERS)]
    try:
        for _ in range(KILLS):
            until_lines(ledger, LINES // KILLS)
            victim = chance.randrange(WRITERS)
            running[victim].kill()
            running[victim].join(30)
            running[victim] = start(victim)
    finally:
        for process in running:
            process.kill()
            process.join(30)


def until_lines(ledger, more):
    """Wait for some more lines of the log."""
    there = ledger.lines_after(0, limit=1)[0].last_seq
    wanted, ends_at = there + more, time.monotonic() + STALL_S
    while there < wanted:
        assert time.monotonic() < ends_at, f"the writers do not get on after line {there}"
        time.sleep(0.05)
        before, there = there, ledger.lines_after(0, limit=1)[0].last_seq
        if there > before:
            ends_at = time.monotonic() + STALL_S


def write_in_threads(ledger, places):
    """Run the writers as threads, each with connections of its own."""
    enough = threading.Event()
    threads = [
        threading.Thread(target=write_on, args=(*places, writer, enough.is_set))
        for writer in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        until_lines(ledger, LINES)
    finally:
        enough.set()
        for thread in threads:
            thread.join(60)


def drain(doors):
    """Take all that waits into the index, also what the killed had leased."""
    ends_at, chance = time.monotonic() + 60, random.Random()
    while any(doors.ledger.waiting(stage) for stage in ("extract", "enrich", "group", "index")):
        assert time.monotonic() < ends_at, "something waits for ever"
        if not work_once(doors, chance):
            time.sleep(0.2)
    doors.ledger.number_changes()


def test_the_copy_of_a_follower_is_what_the_index_holds(places, ledger, ledger_url):
    index, reading = TableIndex(places[1]), open_ledger(ledger_url)
    discover(ledger)
    doors = Serving(Config(), ScaledClock(NOW, 1e-9), reading, index, is_local=True)
    serving = with_settings(doors, requests_per_minute=1_000_000)
    followers = [Follower(serving, filters) for filters in FILTERS]
    is_over = threading.Event()
    threads = [threading.Thread(target=one.read_until, args=(is_over,)) for one in followers]
    for thread in threads:
        thread.start()
    try:
        run = write_in_threads if ledger_url.startswith("sqlite") else kill_at_random
        run(ledger, places)
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
    drain(doors_over(ledger, index))
    late = [Follower(serving, filters) for filters in FILTERS]
    for one in (*followers, *late):
        one.read_all()
    held = index.everything()
    assert len(held) > len(urls()) / 2
    there = {key: said for key, said in held.items() if PLACES[0] in said["place"]}
    assert [one.copy for one in (*followers, *late)] == [held, there, held, there]
    for one in followers:
        assert one.seqs == sorted(set(one.seqs))
    reading.close()
    index.close()
