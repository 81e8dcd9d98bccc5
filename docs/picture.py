"""Draws docs/demo.svg: what `make demo` prints, as its user sees it. Run by `make picture`."""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 118
SHOWN_FROM = "Topic '"  # the tables of the story and the balance; the moments before are left out


def main() -> None:
    """Run the demo and draw the end of what it prints."""
    command = [sys.executable, "-m", "pipeline", "demo", "--data", "var/picture"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"COLUMNS": str(WIDTH)}
    )
    text = done.stdout[done.stdout.index(SHOWN_FROM) :]
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text(text.rstrip()))
    svg = console.export_svg(title="make demo")
    # No request to anybody else's server when the picture is looked at.
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text(svg, "utf-8")


if __name__ == "__main__":
    main()
