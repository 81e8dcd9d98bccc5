"""How commands answer: tables for people, JSON for machines, exit codes that mean something.

Exit codes: 0 done; 1 the answer is bad news (books do not balance, a feed is ill, nothing found by
`where`); 2 the command, its input file or the configuration is wrong; 3 the machine refuses (disk
full, database away: start again when that is mended, nothing is lost); 130 interrupted.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Annotated, Any

import orjson
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from pipeline.cli.hints import complete

OK, BAD_NEWS, WRONG_USE, REFUSED = 0, 1, 2, 3

#: Columns of a table that goes to a file or another program: nothing is folded without need.
PIPE_WIDTH = 200

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines, not a table.")]


def console() -> Console:
    """Return the console for tables; made per call so that tests can capture it."""
    sized = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(soft_wrap=False, width=None if sized else PIPE_WIDTH)


def quantity(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 feed, 2,000 feeds, 2 stories."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON value on one line (datetimes as RFC 3339)."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode() + "\n")


def print_lines(values: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line (NDJSON)."""
    for value in values:
        print_json(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are right-aligned, text from outside is never read as markup.

    A table without rows is a line that says so.
    """
    cells = [["" if cell is None else cell for cell in row] for row in rows]
    if not cells:
        sys.stdout.write(f"{_printable(title)}: none\n")
        return
    table = Table(title=_plain(title), title_justify="left")
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(isinstance(row[index], (int, float)) for row in cells)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_plain(cell) for cell in row))
    console().print(table)


def print_columns(title: str, columns: Sequence[Iterable[str]], names: Sequence[str]) -> None:
    """Print lists of different lengths side by side, each under its name."""
    print_table(title, names, zip_longest(*columns, fillvalue=""))


def print_blocks(
    title: str,
    columns: Sequence[str],
    blocks: Iterable[tuple[Sequence[object], Sequence[object]]],
) -> None:
    """Print short values in columns and under each row its long ones, a line each, unbroken.

    For addresses and file names, which nobody can copy out of a folded cell.
    """
    rows = [
        ([_printable(cell) for cell in cells], [_printable(line) for line in lines if line])
        for cells, lines in blocks
    ]
    shown = [list(columns), *(cells for cells, _ in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    sys.stdout.write(f"{_printable(title)}\n")
    for cells, lines in [(list(columns), []), *rows]:
        padded = [cell + " " * (width - cell_len(cell))
                  for cell, width in zip(cells, widths, strict=True)]  # fmt: skip
        sys.stdout.write("  ".join(padded).rstrip() + "\n")
        sys.stdout.writelines(f"    {line}\n" for line in lines)


def _printable(value: object) -> str:
    """Return text from outside without control characters, "" for nothing."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text)


def _plain(cell: object) -> str:
    """Escape rich markup and control characters: cells may hold text from the web."""
    return _printable(cell).replace("[", "\\[")


def complain(message: str) -> None:
    """Print an error for people on standard error, with commands as they have to be typed."""
    sys.stderr.write(f"newsline: {complete(message)}\n")
