"""No fault on the way of a trimming loses a page: damage, strangers, full disks, kills, rivals."""

import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from support_archive import HOUR, MONTH, A, B, C, Desk, change, filled
from support_ledger import (
    NOW,
    bring_to,
    poll,
    works,
)

from pipeline.adapters import segments as folder_of_segments
from pipeline.adapters.ledger import archived, open_ledger
from pipeline.adapters.ledger.backups import backup, restore
from pipeline.adapters.ledger.care import SqlCare
from pipeline.adapters.ledger.tables import urls
from pipeline.adapters.segments import SegmentFolder
from pipeline.config import RetentionSettings
from pipeline.errors import StoreUnavailable, UsageError
from pipeline.model import Stage
from pipeline.trimming import older, trim_archive
from pipeline.urls import article_id


@pytest.fixture
def desk(ledger, tmp_path):
    made = Desk(ledger, tmp_path / "archive")
    poll(ledger, at=datetime.now(UTC))  # at work as its segments begin
    yield made
    made.archive.close()


def test_a_damaged_segment_is_left_as_it_is_and_the_others_are_trimmed(desk):
    desk.listed(A)
    desk.fetched(A, "page: A")
    desk.archive.close()
    (damaged,) = desk.segments()
    desk.listed(B)
    desk.fetched(B, "page: B")
    desk.archive.close()
    content = bytearray((desk.folder / damaged).read_bytes())
    at = desk.ledger.find_place(article_id(A))
    content[at.offset + 20 : at.offset + 60] = bytes(40)
    (desk.folder / damaged).write_bytes(bytes(content))
    desk.grow_old()
    said = desk.trim(dry_run=True)
    done = desk.trim()
    assert (said.damaged, said.rewritten, said.exchanges_removed) == ([damaged], 1, 1)
    assert (done.damaged, done.rewritten, done.exchanges_removed) == ([damaged], 1, 1)
    assert (desk.folder / damaged).read_bytes() == bytes(content)
    assert desk.archive.read(desk.ledger.find_place(article_id(B))).body == b"page: B"


def test_an_archive_of_which_the_ledger_knows_nothing_is_refused(desk, tmp_path):
    filled(desk)
    desk.grow_old()
    stranger = open_ledger(f"sqlite:///{tmp_path / 'other.sqlite'}")
    try:
        with pytest.raises(UsageError, match="another ledger"):
            trim_archive(stranger, SegmentFolder(desk.folder), MONTH)
    finally:
        stranger.close()


def test_what_an_old_ledger_that_was_restored_never_knew_is_named_and_left(desk, tmp_path):
    desk.listed(A)
    desk.fetched(A, "page: A")
    backup(desk.ledger.database, tmp_path / "backup", progress=lambda *_: None)
    desk.archive.close()
    kept = desk.segments()
    desk.listed(B)
    desk.fetched(B, "page: B, after the backup")
    desk.archive.close()
    lost = [name for name in desk.segments() if name not in kept]
    older_still = rename(desk.folder / lost[0], "20260101T000000")
    desk.grow_old()
    content = older_still.read_bytes()
    restored = open_ledger(f"sqlite:///{tmp_path / 'restored.sqlite'}")
    try:
        restore(restored.database, tmp_path / "backup", progress=lambda *_: None)
        said = trim_archive(restored, SegmentFolder(desk.folder), MONTH, dry_run=True)
        done = trim_archive(restored, SegmentFolder(desk.folder), MONTH)
        assert said.foreign == done.foreign == [older_still.name]
        assert (said.rewritten, done.rewritten) == (1, 1)
        assert older_still.read_bytes() == content
    finally:
        restored.close()


def rename(path, started):
    """Let a segment have begun at another time."""
    return path.rename(path.with_name(f"newsline-{started}-{path.name[-20:]}"))


def test_a_new_ledger_in_an_old_folder_deletes_nothing_of_the_other(desk, tmp_path):
    filled(desk)
    desk.archive.close()
    theirs = rename(desk.folder / desk.segments()[0], "20260101T000000")
    ours = Desk(open_ledger(f"sqlite:///{tmp_path / 'new.sqlite'}"), desk.folder)
    try:
        poll(ours.ledger, at=datetime.now(UTC))
        ours.listed(A)
        ours.grow_old()
        done = ours.trim()
        assert (done.foreign, done.rewritten) == ([theirs.name], 1)
        assert ours.segments() == [theirs.name]
    finally:
        ours.ledger.close()


def test_what_is_no_file_of_ours_is_passed_over(desk, tmp_path):
    filled(desk)
    desk.grow_old()
    elsewhere = tmp_path / "elsewhere.warc.gz"
    elsewhere.write_bytes(b"theirs")
    (desk.folder / "newsline-20190910T080000-folder.warc.gz").mkdir()
    for name, target in (("link", elsewhere), ("gone", tmp_path / "gone")):
        (desk.folder / f"newsline-20190910T080000-{name}.warc.gz").symlink_to(target)
    done = desk.trim(RetentionSettings(archive_days=1))
    assert (done.old, done.rewritten) == (1, 1)
    assert elsewhere.read_bytes() == b"theirs"
    assert len(desk.segments()) == 4


def test_a_full_disk_leaves_no_part_of_a_copy_on_it(desk):
    filled(desk)
    desk.listed(C, text=os.urandom(100_000).hex())
    desk.fetched(C, f"page: {os.urandom(200_000).hex()}")
    desk.grow_old()
    before, kept = desk.segments(), desk.pages()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(StoreUnavailable, match="archive cannot be written"):
            desk.trim()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (desk.segments(), desk.pages()) == (before, kept)


def test_when_the_time_is_up_the_rest_is_left_for_the_next_night(desk):
    filled(desk)
    desk.grow_old()
    done = desk.trim(budget_s=0)
    assert (done.rewritten, done.left) == (0, 1)


def test_what_changed_between_copying_and_naming_is_left_for_the_next_time(desk, monkeypatch):
    kept = filled(desk)
    desk.grow_old()
    copy = SegmentFolder.copy

    def overtaken(self, wanted):
        copied = copy(self, wanted)
        change(desk.ledger, sa.update(urls).where(urls.c.url == B).values(page_id=None))
        return copied

    monkeypatch.setattr(SegmentFolder, "copy", overtaken)
    before = desk.segments()
    assert desk.trim().changed_meanwhile == 1
    assert desk.segments() == before
    assert desk.pages() == kept


def test_a_reader_that_was_given_the_old_place_finds_the_new_one(desk):
    filled(desk)
    (waiting,) = works(desk.ledger, Stage.EXTRACT, NOW + HOUR)
    desk.grow_old()
    with (desk.folder / waiting.page.place.segment).open("rb") as opened_before:
        desk.trim()
        opened_before.seek(waiting.page.place.offset)
        assert len(opened_before.read(waiting.page.place.length)) == waiting.page.place.length
    moved = desk.ledger.find_place(waiting.url_id)
    assert moved != waiting.page.place
    assert desk.archive.read(moved).body == b"page: B, not yet read"


class Steps:
    """Kills the process at the n-th of the steps that a trimming takes."""

    def __init__(self, kill_at):
        self.kill_at = kill_at
        self.taken = 0

    def around(self, module, name):
        """Make what a module does a step: before it and after it."""
        inner = getattr(module, name)

        def stepped(*args, **kwargs):
            self.tick()
            result = inner(*args, **kwargs)
            self.tick()
            return result

        setattr(module, name, stepped)

    def tick(self):
        self.taken += 1
        if self.taken == self.kill_at:
            os._exit(137)


def trim_in_a_child(url, folder, kill_at):
    """Trim in a process that is killed at a step; return how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            steps = Steps(kill_at)
            steps.around(folder_of_segments, "write_whole")
            steps.around(folder_of_segments, "sync_folder")
            steps.around(os, "fsync")
            steps.around(Path, "replace")
            steps.around(Path, "unlink")
            steps.around(SqlCare, "re_place")
            trim_archive(open_ledger(url), SegmentFolder(folder), MONTH)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_at_any_step_it_loses_no_page_and_the_next_time_completes_it(desk, ledger_url):
    kept = filled(desk)
    desk.archive.close()
    desk.listed(C, text="another feed document")
    desk.fetched(C, "page: C")
    kept.append((C, "page: C"))
    desk.grow_old()
    killed = 0
    for kill_at in range(1, 200):
        ended = trim_in_a_child(ledger_url, desk.folder, kill_at)
        assert ended in (0, 137)
        assert desk.pages() == kept, f"after a kill at step {kill_at}"
        if ended == 0:
            break
        killed += 1
        desk.grow_old()
    assert killed > 15
    desk.grow_old()
    desk.trim()
    assert desk.pages() == kept
    assert desk.feed_documents() == []
    (segment,) = desk.segments()
    assert segment.endswith(".warc.gz")


def test_two_that_trim_at_once_do_not_take_the_same_segment(desk):
    filled(desk)
    desk.grow_old()
    segments = SegmentFolder(desk.folder)
    with segments.held(older(segments, MONTH)) as (ours, _):
        assert len(ours) == 1
        assert desk.trim().in_use == 1
    assert desk.trim().rewritten == 1


def test_a_segment_that_was_written_to_since_it_was_listed_is_in_use(desk):
    """Its writer may be just about to tell the ledger."""
    kept = filled(desk)
    for path in desk.folder.iterdir():
        os.utime(path, (time.time() - 90 * 86_400,) * 2)
    segments = SegmentFolder(desk.folder)
    listed = older(segments, MONTH)
    desk.keep("appended now, and the segment was full")
    desk.archive.close()
    with segments.held(listed) as (ours, in_use):
        assert (ours, in_use) == ([], listed)
    assert desk.pages() == kept


@pytest.mark.postgres
def test_the_new_places_are_on_disk_when_files_are_deleted_whatever_the_server_is_set_to(
    postgres_url,
):
    """A power cut must not take back what the old segments were deleted for."""
    hasty = open_ledger(f"{postgres_url}&options=-c%20synchronous_commit%3Doff")
    try:
        assert hasty.database.write(durability) == ("off", "on")
        assert hasty.database.write(setting) == "off"
    finally:
        hasty.close()


def durability(connection):
    before = setting(connection)
    assert archived.re_place(connection, [], [], {})
    return before, setting(connection)


def setting(connection):
    return connection.scalar(sa.text("SHOW synchronous_commit"))


def test_a_url_without_a_page_has_no_place(ledger):
    bring_to(ledger, A, Stage.FETCH)
    assert ledger.find_place(article_id(A)) is None
