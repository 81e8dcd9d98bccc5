"""`newsline archive`, as its users call it."""

import os
import time
from dataclasses import replace

import orjson
import pytest
from support_ledger import NOW, PLACE, bring_to, commit_fetch, decision, fetched, page, poll
from typer.testing import CliRunner

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.ledger import open_ledger
from pipeline.cli.root import build
from pipeline.errors import UsageError
from pipeline.model import Page, Stage

A, B = "https://herald.example/a", "https://herald.example/b"
DAY_S = 86_400


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder with one feed document, kept a hundred days ago."""
    monkeypatch.chdir(tmp_path)
    archive = WarcArchive(tmp_path / "archive")
    place = archive.append(Page(A, A, 200, (), b"<rss/>", b"<rss/>", (), NOW, 0.1, ()))
    archive.close()
    for path in (tmp_path / "archive").iterdir():
        os.utime(path, (time.time() - 100 * DAY_S,) * 2)
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    poll(ledger, decision(A), place=place)
    ledger.close()
    return tmp_path


def call(data, *words):
    words = ["archive", *words, "--data", str(data)]
    done = CliRunner().invoke(build(words), words, catch_exceptions=False)
    return done.exit_code, done.stdout


def ask(data, *words):
    code, out = call(data, *words, "--json")
    return code, orjson.loads(out)


def test_until_it_is_configured_trim_says_that_all_is_kept(data):
    code, out = call(data, "trim")
    assert code == 0
    assert "archive_days is 0" in out
    assert ask(data, "status")[1]["old_segments"] == 0


def test_a_dry_run_counts_and_trim_removes(data, monkeypatch):
    monkeypatch.setenv("NEWSLINE_RETENTION__ARCHIVE_DAYS", "90")
    code, report = ask(data, "status")
    assert code == 0
    assert (report["segments"], report["old_segments"], report["in_use"]) == (1, 1, 0)
    code, said = ask(data, "trim", "--dry-run")
    assert (code, said["dry_run"], said["exchanges_removed"]) == (0, True, 1)
    assert "Would be trimmed" in call(data, "trim", "--dry-run")[1]
    code, done = ask(data, "trim")
    assert (code, done["exchanges_removed"]) == (0, 1)
    assert done["freed_bytes"] == report["size_bytes"]
    assert ask(data, "status")[1]["segments"] == 0


def test_what_is_damaged_is_named_and_left(data, monkeypatch):
    monkeypatch.setenv("NEWSLINE_RETENTION__ARCHIVE_DAYS", "90")
    ledger = open_ledger(f"sqlite:///{data / 'ledger.sqlite'}")
    bring_to(ledger, B, Stage.FETCH)
    place = replace(PLACE, segment="newsline-20190910T080000-0.warc.gz")
    commit_fetch(ledger, replace(fetched(B), page=page(B, place=place)), B)
    ledger.close()
    damaged = data / "archive" / place.segment
    damaged.write_bytes(bytes(place.length * 2))
    os.utime(damaged, (time.time() - 100 * DAY_S,) * 2)
    code, done = ask(data, "trim")
    assert (code, done["damaged"], done["rewritten"]) == (1, [place.segment], 1)
    assert damaged.exists()


def test_what_seems_to_be_another_ledgers_is_named_and_left(data, monkeypatch):
    monkeypatch.setenv("NEWSLINE_RETENTION__ARCHIVE_DAYS", "90")
    theirs = data / "archive" / "newsline-20180101T000000-0.warc.gz"
    theirs.write_bytes(b"theirs")
    os.utime(theirs, (time.time() - 100 * DAY_S,) * 2)
    for how in (["--dry-run"], []):
        code, said = ask(data, "trim", *how)
        assert (code, said["foreign"], said["exchanges_removed"]) == (1, [theirs.name], 1)
    assert theirs.read_bytes() == b"theirs"


def test_files_of_others_in_the_folder_are_left_alone(data, monkeypatch):
    monkeypatch.setenv("NEWSLINE_RETENTION__ARCHIVE_DAYS", "90")
    theirs = data / "archive" / "crawl-of-somebody.warc.gz"
    theirs.write_bytes(b"theirs")
    os.utime(theirs, (time.time() - 100 * DAY_S,) * 2)
    assert ask(data, "status")[1]["segments"] == 1
    assert ask(data, "trim")[1]["old"] == 1
    assert theirs.read_bytes() == b"theirs"


def test_a_folder_without_a_ledger_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no ledger"):
        call(tmp_path / "none", "status")
