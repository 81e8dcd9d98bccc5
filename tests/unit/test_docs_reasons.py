"""Every reason that the code can give stands in the runbook, and the runbook names no other."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

from pipeline.fetch import reasons
from pipeline.ops.words import _WORDS

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "docs" / "operations.md"
#: Not on any article's or feed's way: single steps on files, development, the rehearsal world.
BESIDE = (
    "adapters/mail.py",  # docs/alerts.md has it
    "cli",
    "devairflow",
    "devnode",
    "rehearsal",
    "feeds/opml.py",
)
ERRORS = {"Permanent", "Transient", "failure"}
STATUS = re.compile(r"http_(\d{3}|\dxx)")
#: A table of the runbook whose first column is the reason: its rows.
TABLE = re.compile(r"^\| reason \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)


def raised():
    """Return the reasons that stand as text where the trip raises an error of one item."""
    found = set()
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        if path.relative_to(ROOT / "pipeline").as_posix().startswith(BESIDE):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            slug = node.args[0]
            if node.func.id in ERRORS and isinstance(slug, ast.Constant):
                found.add(slug.value)
    return found


def known():
    return raised() | {*reasons.TRANSIENT, *reasons.PERMANENT, *reasons.DROPPED, *_WORDS}


def told():
    """Return what the first column of the runbook's tables of reasons names: slugs, or `tls_*`."""
    cells = [
        row.split("|")[1]
        for table in TABLE.findall(RUNBOOK.read_text("utf-8"))
        for row in table.splitlines()
    ]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_reason_stands_in_the_runbook():
    names = told()
    assert len(names) > 40
    assert {slug for slug in known() if not any(fnmatch(slug, name) for name in names)} == set()


def test_the_runbook_names_no_reason_that_the_code_does_not_have():
    slugs = known() | {"stale"}  # the health of a feed that answers
    unknown = {
        name
        for name in told()
        if not STATUS.fullmatch(name) and not any(fnmatch(slug, name) for slug in slugs)
    }
    assert unknown == set()


def test_the_ops_page_has_words_for_every_reason():
    assert raised() - set(_WORDS) == set()
