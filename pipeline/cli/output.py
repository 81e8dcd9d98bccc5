"""How commands answer: tables for people, JSON for machines, exit codes that mean something.

Exit codes: 0 done; 1 the answer is bad news (books do not balance, a feed is ill, nothing found by
`where`); 2 the command, its input file or the configuration is wrong; 130 interrupted.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

OK, BAD_NEWS, WRONG_USE = 0, 1, 2

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines, not a table.")]


def console() -> Console:
    """Return the console for tables; made per call so that tests can capture it."""
    return Console(soft_wrap=False)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON value on one line (datetimes as RFC 3339)."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode() + "\n")


def print_lines(values: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line (NDJSON)."""
    for value in values:
        print_json(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are right-aligned, text from outside is never read as markup."""
    table = Table(title=title, title_justify="left")
    cells = [["" if cell is None else cell for cell in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(isinstance(row[index], (int, float)) for row in cells)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_plain(cell) for cell in row))
    console().print(table)


def print_columns(title: str, columns: Sequence[Iterable[str]], names: Sequence[str]) -> None:
    """Print lists of different lengths side by side, each under its name."""
    print_table(title, names, zip_longest(*columns, fillvalue=""))


def _plain(cell: object) -> str:
    """Escape rich markup and control characters: cells may hold text from the web."""
    text = "".join(char if char.isprintable() else " " for char in str(cell))
    return text.replace("[", "\\[")


def complain(message: str) -> None:
    """Print an error for people on standard error."""
    sys.stderr.write(f"newsline: {message}\n")
