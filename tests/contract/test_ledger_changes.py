"""The change log: a reader who follows it misses no line and sees none out of order."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from support_ledger import NOW, publish

from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.tables import changes
from pipeline.model import Stage

WRITERS, LINES = 3, 40
A = "https://herald.example/a"


def add_change(connection, article_id, doc_version, kind="upsert"):
    row = {"kind": kind, "article_id": article_id, "doc_version": doc_version, "at": NOW}
    connection.execute(sa.insert(changes), row)


def listed(ledger):
    return [
        (line.seq, line.article_id, line.doc_version)
        for line in ledger.changes_after(0, limit=10_000)
    ]


def test_lines_get_their_number_only_when_numbered(ledger):
    publish(ledger, A)
    assert ledger.changes_after(0, limit=9) == []
    assert ledger.number_changes() == 1
    assert ledger.number_changes() == 0
    assert [line.seq for line in ledger.changes_after(0, limit=9)] == [1]
    assert ledger.changes_after(1, limit=9) == []


def test_a_version_below_one_already_listed_is_never_listed(ledger):
    for version in (3, 2, 3, 4):
        ledger.database.write(lambda c, v=version: add_change(c, "x", v))
    assert ledger.number_changes() == 2
    ledger.database.write(lambda c: add_change(c, "x", 4))
    assert ledger.number_changes() == 0
    assert listed(ledger) == [(1, "x", 3), (2, "x", 4)]


@pytest.mark.postgres  # SQLite has one writer at a time: nobody inserts while another waits
def test_a_line_that_is_not_committed_is_not_numbered_and_comes_later(postgres_url):
    """The row was inserted first; its transaction ends last."""
    ledger, second = open_ledger(postgres_url), open_ledger(postgres_url)
    with ledger.database.engine.connect() as slow, slow.begin():
        add_change(slow, "slow", 1)
        second.database.write(lambda c: add_change(c, "quick", 1))
        assert second.number_changes() == 1
        assert listed(second) == [(1, "quick", 1)]
    assert second.number_changes() == 1
    assert listed(second) == [(1, "quick", 1), (2, "slow", 1)]
    ledger.close()
    second.close()


def write_lines(ledger_url, worker):
    """Add lines of an article of one's own and of one that all share, numbering as one goes."""
    mine = open_ledger(ledger_url)
    for n in range(1, LINES + 1):
        mine.database.write(lambda c, v=n: add_change(c, f"own-{worker}", v))
        mine.database.write(lambda c, v=n: add_change(c, "shared", v))
        mine.number_changes()
    mine.close()


def follow(ledger_url, done):
    """Read the log from its beginning until the writers are done and nothing is left."""
    mine = open_ledger(ledger_url)
    seen, finished = [], False
    while True:
        finished = done.is_set()
        lines = mine.changes_after(seen[-1].seq if seen else 0, limit=7)
        seen.extend(lines)
        if finished and not lines:
            mine.close()
            return seen


@pytest.mark.timeout(90)
def test_no_line_is_missed_or_reordered_under_concurrent_writers(ledger_url, ledger):
    """Writers number what they wrote, as the index stage does; a reader follows all the while."""
    done = threading.Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(follow, ledger_url, done)
        writers = [pool.submit(write_lines, ledger_url, n) for n in range(WRITERS)]
        for writer in writers:
            writer.result(60)
        done.set()
        seen = reader.result(20)
    assert [line.seq for line in seen] == list(range(1, len(seen) + 1))
    assert [(line.seq, line.article_id, line.doc_version) for line in seen] == listed(ledger)
    versions = defaultdict(list)
    for line in seen:
        versions[line.article_id].append(line.doc_version)
    for worker in range(WRITERS):
        assert versions[f"own-{worker}"] == list(range(1, LINES + 1))
    assert versions["shared"] == sorted(set(versions["shared"]))
    assert versions["shared"][-1] == LINES


def test_the_numbers_go_on_after_a_restart(ledger, ledger_url):
    publish(ledger, A)
    ledger.number_changes()
    again = open_ledger(ledger_url)
    again.database.write(lambda c: add_change(c, "later", 1))
    again.number_changes()
    assert [line.seq for line in again.changes_after(0, limit=9)] == [1, 2]
    again.close()
    assert ledger.next_due_at(Stage.INDEX) is None
