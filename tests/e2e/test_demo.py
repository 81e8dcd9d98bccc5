"""`newsline demo` with its output in a file: what a reader gets, and what they can do next."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


COMMAND = [sys.executable, "-m", "pipeline", "demo", "--data", "the data"]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}


def run_demo(folder):
    return subprocess.run(
        COMMAND, capture_output=True, text=True, cwd=folder, timeout=120, check=True,
        env=ENVIRONMENT,
    )  # fmt: skip


def read_until(words, terminal):
    """Return what a terminal shows until some words stand there."""
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 4096).decode("utf-8", "replace")
    return shown


def test_the_demo_prints_its_summary_keeps_its_log_and_names_commands_that_work(tmp_path):
    demo = run_demo(tmp_path)
    assert demo.stderr == ""
    assert "The books balance: " in demo.stdout
    assert "its log is the data/demo.log" in demo.stdout
    assert '"event":"polled"' in (tmp_path / "the data" / "demo.log").read_text("utf-8")
    search, balance, serve = demo.stdout.partition("Look further:\n")[2].splitlines()
    for line, answer in ((search, "articles"), (balance, "The books balance: ")):
        done = subprocess.run(
            shlex.split(line), capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True,
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert answer in done.stdout
    assert serve.endswith("newsline serve --data 'the data'")
    assert "Nothing new" not in demo.stdout
    assert "Nothing new: this folder's ledger knows these weeks" in run_demo(tmp_path).stdout
    third = subprocess.run(
        [*COMMAND, "--json"], capture_output=True, cwd=tmp_path, timeout=120, check=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    for row in json.loads(third.stdout)["moments"]:
        assert (row["requests"], row["fetched"], row["indexed"]) == (0, 0, 0)


def test_the_columns_of_the_demo_add_up_to_its_balance(tmp_path):
    done = subprocess.run(
        [*COMMAND, "--json"], capture_output=True, cwd=tmp_path, timeout=120, check=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    said = json.loads(done.stdout)
    balance = said["balance"]
    assert balance["balances"]
    for column, term in (("retracted", balance["retracted"]), ("copies", balance["duplicate"])):
        assert sum(row[column] for row in said["moments"]) == term, column


def test_in_a_terminal_the_demo_ends_with_the_explorer(tmp_path):
    ours, its = pty.openpty()
    with subprocess.Popen(
        COMMAND, stdin=its, stdout=its, stderr=its, cwd=tmp_path, env=ENVIRONMENT
    ) as demo:
        shown = read_until("(Ctrl-C ends it)", ours)
        url = re.search(r"http://127\.0\.0\.1:\d+/", shown)[0]
        with urllib.request.urlopen(url, timeout=30) as page:  # noqa: S310 - our own
            assert b"Combined patrols" in page.read()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    os.close(ours)
    os.close(its)
