"""A disk that is full: the run ends with a plain message, and goes on when there is room again."""

import os
import resource
import subprocess
import sys

import pytest
from support_ledger import NOW

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.ledger import open_ledger
from pipeline.errors import StoreUnavailable
from pipeline.model import Page
from pipeline.work import RobotsCopy


def page(size):
    body = os.urandom(size)  # so that packing does not help
    return Page("https://a.example/", "https://a.example/", 200, (), body, body, (), NOW, 0.1)


@pytest.fixture
def small_disk():
    """No file may grow beyond 200 kB: what a full disk is to a writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_archive_says_so_and_keeps_what_it_has(tmp_path, small_disk):
    archive = WarcArchive(tmp_path)
    kept = page(50_000)
    place = archive.append(kept)
    archive.flush()
    with pytest.raises(StoreUnavailable, match="archive cannot be written"):
        archive.append(page(500_000))
    assert archive.read(place).body == kept.body
    archive.close()


def fill(ledger):
    for number in range(100):
        copy = RobotsCopy(f"https://h{number}.example", 200, os.urandom(10_000), NOW)
        ledger.save_robots(copy)


def test_the_ledger_says_so_and_keeps_what_it_has(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(path.stat().st_size for path in tmp_path.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, before[1]))
    try:
        with pytest.raises(StoreUnavailable, match="ledger cannot be written"):
            fill(ledger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    ledger.save_robots(RobotsCopy("https://after.example", 200, b"ok", NOW))
    assert ledger.find_robots("https://after.example").body == b"ok"
    ledger.close()


def test_the_command_ends_with_its_own_exit_code(tmp_path):
    code = (
        "from pipeline.cli import root\n"
        "from pipeline.errors import StoreUnavailable\n"
        "def refuse(): raise StoreUnavailable('the ledger cannot be written: disk full')\n"
        "root.build = lambda _: refuse\n"
        "root.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == "newsline: the ledger cannot be written: disk full\n"
