"""The change log as followers read it: what each line was about, and what trimming leaves."""

from datetime import timedelta

import sqlalchemy as sa
from support_ledger import NOW

from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.backups import backup, restore
from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.tables import changes
from pipeline.config import RetentionSettings
from pipeline.retention import trim_changes

DAY = timedelta(days=1)
IN, OUT = {"topic": ("safe zone",)}, {"topic": ("NATO",)}
MONTH = RetentionSettings(change_days=30)


def add(ledger, article_id, doc_version, *, kind="upsert", said=None, days_ago=0):
    row = {
        "kind": kind,
        "article_id": article_id,
        "doc_version": doc_version,
        "at": NOW - days_ago * DAY,
        "about": None if said is None else to_json(said),
    }
    ledger.database.write(lambda connection: connection.execute(sa.insert(changes), row))
    ledger.number_changes()


def lines(ledger, seq=0):
    return ledger.lines_after(seq, limit=100)[1]


def state(ledger):
    return ledger.lines_after(0, limit=1)[0]


def listed(ledger):
    return [(one.change.seq, one.change.article_id, one.change.kind) for one in lines(ledger)]


def test_a_line_knows_what_it_is_about_and_what_the_one_before_said(ledger):
    add(ledger, "a", 1, said=IN)
    add(ledger, "b", 1, said=OUT)
    add(ledger, "a", 3, said=OUT)
    add(ledger, "a", 4, kind="retract")
    first, _, second, third = lines(ledger)
    assert (first.about, first.was_listed, first.was_about) == (IN, False, None)
    assert (second.about, second.was_listed, second.was_about) == (OUT, True, IN)
    assert (third.change.kind, third.about, third.was_listed) == ("retract", None, True)
    assert third.was_about == OUT
    assert [one.change.seq for one in lines(ledger, 2)] == [3, 4]
    assert lines(ledger, 3)[0].was_about == OUT  # also of a line that was read before


def test_trimming_leaves_the_newest_old_line_of_each_article_that_is_there(ledger):
    add(ledger, "a", 1, days_ago=90)
    add(ledger, "b", 1, days_ago=80)
    add(ledger, "a", 2, days_ago=70)
    add(ledger, "b", 2, kind="retract", days_ago=60)
    add(ledger, "c", 1, days_ago=50)
    add(ledger, "a", 3, said=IN, days_ago=2)
    assert trim_changes(ledger, MONTH, NOW) == 3
    assert listed(ledger) == [(3, "a", "upsert"), (5, "c", "upsert"), (6, "a", "upsert")]
    assert state(ledger).trimmed_seq == 4
    assert lines(ledger, 5)[0].was_listed  # it still knows that `a` was there
    assert trim_changes(ledger, MONTH, NOW) == 0


def test_an_article_that_was_taken_back_does_not_come_to_life_between_two_batches(ledger):
    for number in range(6):
        add(ledger, f"a{number}", 1, days_ago=90)
    for number in range(6):
        add(ledger, f"a{number}", 2, kind="retract", days_ago=80)
    add(ledger, "z", 1)
    while ledger.trim_changes(NOW - 30 * DAY, limit=5):
        gone = {article_id for _, article_id, kind in listed(ledger) if kind == "retract"}
        there = {article_id for _, article_id, kind in listed(ledger) if kind == "upsert"} - {"z"}
        assert there <= gone
    assert listed(ledger) == [(13, "z", "upsert")]


def test_a_number_is_never_given_twice_even_when_all_lines_are_gone(ledger):
    add(ledger, "a", 1, days_ago=90)
    add(ledger, "a", 2, kind="retract", days_ago=90)
    assert trim_changes(ledger, MONTH, NOW) == 2
    assert state(ledger).last_seq == 2
    add(ledger, "b", 1)
    assert listed(ledger) == [(3, "b", "upsert")]


def test_lines_that_were_never_listed_go_too(ledger):
    add(ledger, "a", 2, days_ago=90)
    add(ledger, "a", 1, days_ago=90)  # superseded
    assert trim_changes(ledger, MONTH, NOW) == 1
    assert listed(ledger) == [(1, "a", "upsert")]


def test_until_it_is_configured_nothing_is_deleted(ledger):
    add(ledger, "a", 1, days_ago=900)
    add(ledger, "a", 2, days_ago=900)
    assert trim_changes(ledger, RetentionSettings(), NOW) == 0
    assert len(lines(ledger)) == 2


def test_a_restored_ledger_has_another_log(ledger, tmp_path):
    add(ledger, "a", 1)
    backup(ledger.database, tmp_path / "backup", progress=lambda *_: None)
    copy = open_ledger(f"sqlite:///{tmp_path / 'restored.sqlite'}")
    restore(copy.database, tmp_path / "backup", progress=lambda *_: None)
    assert listed(copy) == listed(ledger)
    assert state(copy).log_id != state(ledger).log_id
    copy.close()
