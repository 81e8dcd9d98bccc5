"""`make bench`: run every measurement in turn and print one table (or --json lines).

Exit code 1 when a measurement failed, or a figure misses its bar (_bars.py).
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench._bars import BARS


def flat(figures: dict, above: str = "") -> Iterator[tuple[str, object]]:
    """Yield (dotted name, value) of nested figures."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def main() -> int:
    """Run the measurements named, or all; return 1 if one of them failed or missed a bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="e.g. extract search; default: all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    here = Path(__file__).parent
    every = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    failed = False
    table = Table("measurement", "figure", "value", "bar", title="Newsline bench")
    for name in options.names or every:
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}", "--json"], capture_output=True, check=False
        )
        if done.returncode:
            failed = True
            sys.stderr.write(f"bench.{name} failed:\n{done.stderr.decode()[-2000:]}\n")
            continue
        figures = json.loads(done.stdout)
        found, bars = dict(flat(figures)), BARS.get(name, {})
        missed = [
            figure for figure, bar in bars.items() if not bar.holds(found.get(figure, float("nan")))
        ]
        failed = failed or bool(missed)
        if options.json:
            print(json.dumps({"name": name, "figures": figures, "missed": missed}))
        for figure, value in found.items():
            said = f"{value:.3g}" if isinstance(value, float) else str(value)
            bar = f"{bars[figure]}{' MISSED' if figure in missed else ''}" if figure in bars else ""
            table.add_row(name, figure, said, bar)
    if not options.json:
        Console().print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
