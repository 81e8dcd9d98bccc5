"""The rules of the house that a script can check."""

import ast
import statistics
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))
MAX_LINES, MAX_MEDIAN = 400, 150

#: Packages that reach the network, a disk format or a database: only adapters may import them.
DOORS = {
    "httpx2", "httpcore2", "sqlalchemy", "alembic", "tantivy", "warcio", "fastwarc", "pebble",
    "psycopg", "sqlite3", "socket", "elasticsearch", "elastic_transport",
}  # fmt: skip
MAY_OPEN_DOORS = (
    "pipeline/adapters/",
    "pipeline/rehearsal/",
    "pipeline/devnode/",
    "pipeline/devairflow/",
)
NOT_NAMES = {
    "manager",
    "handler",
    "helper",
    "util",
    "utils",
    "common",
    "process",
    "data",
    "base",
    "info",
}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_no_module_is_too_long_and_the_median_is_small():
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}
    assert statistics.median(lengths.values()) <= MAX_MEDIAN


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_adapters_open_doors_to_the_world(path):
    if relative(path).startswith(MAY_OPEN_DOORS):
        return
    opened = {name.split(".")[0] for name in imports(path)} & DOORS
    assert opened == set()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_names_say_what_they_hold(path):
    assert path.stem not in NOT_NAMES


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_feedparser_and_trafilatura_never_fetch_by_themselves(path):
    """Both would bypass the address guard."""
    text = path.read_text("utf-8")
    assert "fetch_url" not in text
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "feedparser.parse":
            given = ast.unparse(call.args[0])
            assert given.startswith("io.BytesIO(") or f"    {given} = io.BytesIO(" in text


def test_requirement_locks_carry_hashes_and_no_address():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text("utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned)


def test_every_dependency_has_its_line_in_decisions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        named += extra
    names = {name.split("[")[0].split(">")[0].split("=")[0].strip() for name in named} - {
        "newsline"
    }
    decisions = (ROOT / "DECISIONS.md").read_text("utf-8")
    assert {name for name in names if f"`{name}`" not in decisions} == set()
