"""Runs the real command over a rehearsal world, and reads back what it left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
from support_schema import lasting

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.feeds.catalogue import write_catalogue

PACE_S = 0.02


class Desk:
    """One data folder, one catalogue, one settings file: what an operator has."""

    def __init__(self, folder: Path, feeds, *, port: int, extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.feeds = folder / "feeds.toml"
        self.config = folder / "pipeline.toml"
        self.extra = extra
        self.clock = ""  # more of [clock]
        self.pace_s = PACE_S
        self.port = port
        self.feeds.write_text(write_catalogue(feeds), "utf-8")

    def settle(self, now) -> None:
        """Write the settings for a run at a time."""
        self.config.write_text(
            "[fetch]\n"
            f'contact = "tests@example.org"\nallow_private = ["127.0.0.0/8"]\n'
            f"pace_s = {self.pace_s}\n"
            f"ports = [80, 443, {self.port}]\n"
            f'[clock]\norigin = "{now.isoformat()}"\n{self.clock}'
            "[enrich]\nmodels = []\n"  # loading them is most of what a short run would do
            + self.extra,
            "utf-8",
        )

    def arguments(self, *command: str) -> list[str]:
        """Return the command line for a command on this desk."""
        return [sys.executable, "-m", "pipeline", *command, "--data", str(self.data)]

    def start(self, now) -> subprocess.Popen:
        """Start `newsline run --once` and return the process."""
        self.settle(now)
        return subprocess.Popen(
            self.arguments(
                "run", "--once", "--json", "--feeds", str(self.feeds), "--config", str(self.config)
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )

    def run(self, now, *, timeout_s: float = 120) -> dict:
        """Run once until quiet; return what the command printed."""
        process = self.start(now)
        out, errors = process.communicate(timeout=timeout_s)
        assert process.returncode == 0, errors.decode()[-4000:]
        return orjson.loads(out)

    def kill_after(self, now, seconds: float) -> bool:
        """Start a run and kill it, unless it ended before; tell whether it was killed."""
        process = self.start(now)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)
            return True
        return False

    def ask(self, *command: str) -> dict:
        """Run a command with --json and return its answer, whatever its exit code."""
        done = subprocess.run(
            [*self.arguments(*command), "--json"], capture_output=True, timeout=60, check=False
        )
        assert done.returncode in (0, 1), done.stderr.decode()[-4000:]
        return orjson.loads(done.stdout)

    def documents(self) -> dict[str, dict]:
        """Return what the index holds, by article id, without what only clocks decide."""
        index = EmbeddedIndex(self.data / "index")
        try:
            return {
                article_id: lasting(index.find(article_id)) for article_id, _ in index.versions()
            }
        finally:
            index.close()
