"""`newsline demo` with its output in a file: what a reader gets, and what they can do next."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def run_demo(folder):
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "demo", "--data", "the data"],
        capture_output=True, text=True, cwd=folder, timeout=120, check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_the_demo_prints_its_summary_keeps_its_log_and_names_commands_that_work(tmp_path):
    demo = run_demo(tmp_path)
    assert demo.stderr == ""
    assert "The books balance: " in demo.stdout
    assert "its log is the data/demo.log" in demo.stdout
    assert '"event":"polled"' in (tmp_path / "the data" / "demo.log").read_text("utf-8")
    search, balance = demo.stdout.partition("Look further:\n")[2].splitlines()
    for line, answer in ((search, "articles"), (balance, "The books balance: ")):
        done = subprocess.run(
            shlex.split(line), capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True,
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert answer in done.stdout
    assert "Nothing new" not in demo.stdout
    assert "Nothing new: this folder's ledger knows these weeks" in run_demo(tmp_path).stdout
