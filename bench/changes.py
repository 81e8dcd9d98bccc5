"""How many lines of the change feed one follower reads a second, beside a bare query.

    python -m bench.changes [--documents 20000] [--json]

An embedded index of invented articles with a line for each, in a SQLite ledger. Read from the
beginning in answers of 500 lines: over HTTP from a real `newsline serve`, all of it and narrowed to
one language. Baseline: the same lines joined with bodies in one SQLite file, turned into JSON.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
import sqlalchemy as sa

from bench.elastic import build
from bench.search import LANGUAGES, documents, vocabulary
from bench.serve import server
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.records import to_json
from pipeline.adapters.ledger.tables import changes
from pipeline.changes.following import about

AT = datetime(2019, 9, 10, tzinfo=UTC)
LINES = 500


def fill(data: Path, count: int) -> None:
    """Write articles, a numbered line for each, and the baseline's file."""
    chance = random.Random(20190910)
    several = {language: vocabulary(language, chance) for language in LANGUAGES}
    made = [build(one) for one in documents(count, chance, several)[0]]
    index, ledger = EmbeddedIndex(data / "index"), open_ledger(f"sqlite:///{data}/ledger.sqlite")
    plain = sqlite3.connect(data / "plain.sqlite")
    plain.execute("CREATE TABLE lines (seq INTEGER PRIMARY KEY, article_id TEXT)")
    plain.execute("CREATE TABLE bodies (article_id TEXT PRIMARY KEY, body BLOB)")
    for start in range(0, count, LINES):
        some = made[start : start + LINES]
        index.write(some, [])
        rows = [
            {"kind": "upsert", "article_id": one["article_id"], "doc_version": 1, "at": AT,
             "about": to_json(about(one))}
            for one in some
        ]  # fmt: skip
        ledger.database.write(lambda c, rows=rows: c.execute(sa.insert(changes), rows))
        ids = [(one["article_id"],) for one in some]
        plain.executemany("INSERT INTO lines (article_id) VALUES (?)", ids)
        bodies = [(one["article_id"], orjson.dumps(one)) for one in some]
        plain.executemany("INSERT INTO bodies VALUES (?, ?)", bodies)
    ledger.number_changes()
    plain.commit()
    for door in (index, ledger, plain):
        door.close()


def read_plain(path: Path) -> tuple[int, float]:
    """Read every line with its body, as JSON; return how many and the seconds it took."""
    plain = sqlite3.connect(path)
    began_s, count, seq = time.perf_counter(), 0, 0
    query = (
        "SELECT seq, article_id, body FROM lines JOIN bodies USING (article_id)"
        " WHERE seq > ? ORDER BY seq LIMIT ?"
    )
    while rows := plain.execute(query, (seq, LINES)).fetchall():
        for seq, article_id, body in rows:
            orjson.dumps({"seq": seq, "article_id": article_id, "document": orjson.loads(body)})
        count += len(rows)
    took_s = time.perf_counter() - began_s
    plain.close()
    return count, took_s


def read_feed(http: httpx2.Client, **filters: str) -> tuple[int, float]:
    """Follow the feed from its beginning; return how many lines came and the seconds it took."""
    began_s, count, after, more = time.perf_counter(), 0, "0", "true"
    while more == "true":
        asked = {"after": after, "limit": str(LINES), **filters}
        answer = http.get("/v1/changes", params=asked).raise_for_status()
        count += answer.content.count(b"\n")
        after, more = answer.headers["Newsline-Next"], answer.headers["Newsline-More"]
    return count, time.perf_counter() - began_s


def measure(count: int) -> dict[str, Any]:
    """Return figures over so many articles."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        fill(data, count)
        plain, plain_s = read_plain(data / "plain.sqlite")
        with server(data) as http:
            read_feed(http, language="en")
            read, read_s = read_feed(http)
            some, some_s = read_feed(http, language="en")
    assert read == plain == count
    return {
        "lines": count,
        "lines_per_s": read / read_s,
        "plain_select_lines_per_s": plain / plain_s,
        "ratio": (read / read_s) / (plain / plain_s),
        "narrowed_lines": some,
        "narrowed_log_lines_per_s": count / some_s,
    }


def main() -> None:
    """Measure and print figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    layout = 0 if options.json else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(measure(options.documents), option=layout).decode() + "\n")


if __name__ == "__main__":
    main()
