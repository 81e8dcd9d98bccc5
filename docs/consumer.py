"""Keeps a copy of Newsline's articles in a SQLite file, and the copy up to date.

    python consumer.py http://127.0.0.1:8080 copy.sqlite --filter topic='Safe zone'

An API key with the scope `changes` is read from NEWSLINE_KEY. The lines of one answer and the token
to go on after are kept in one transaction: stop it, or the server, at any moment and start again.
Needs Python 3.11 and nothing else. Copy it and change it.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT_S = 60
LIMIT = 500


def main() -> int:
    """Follow the feed until it is stopped; with --once until nothing is left."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("server", help="e.g. http://127.0.0.1:8080")
    asked.add_argument("copy", help="SQLite file; made when it is not there")
    asked.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE")
    asked.add_argument("--once", action="store_true", help="end when nothing is left")
    asked.add_argument("--every", type=float, default=2.0, help="seconds between looks")
    options = asked.parse_args()
    filters = [tuple(one.split("=", 1)) for one in options.filter]
    copy = open_copy(options.copy, json.dumps(sorted(filters)))
    wait_s = 1.0
    while True:
        try:
            has_more = take_some(copy, options.server, filters)
        except (OSError, HTTPException) as error:
            print(f"{error}; again in {wait_s:.0f} s", file=sys.stderr)
            time.sleep(wait_s)
            wait_s = min(60.0, wait_s * 2)
            continue
        wait_s = 1.0
        if not has_more:
            if options.once:
                return 0
            time.sleep(options.every)


def open_copy(path: str, filters: str) -> sqlite3.Connection:
    """Open the copy; another filter makes another copy, which begins at 0."""
    copy = sqlite3.connect(path, isolation_level=None)
    copy.execute("PRAGMA journal_mode = WAL")
    copy.execute("CREATE TABLE IF NOT EXISTS articles (article_id TEXT PRIMARY KEY, document TEXT)")
    copy.execute("CREATE TABLE IF NOT EXISTS place (token TEXT, filters TEXT)")
    kept = copy.execute("SELECT filters FROM place").fetchone()
    if kept != (filters,):
        begin_anew(copy, filters)
    return copy


def begin_anew(copy: sqlite3.Connection, filters: str) -> None:
    """Empty the copy; the feed tells of every article again."""
    with transaction(copy):
        copy.execute("DELETE FROM articles")
        copy.execute("DELETE FROM place")
        copy.execute("INSERT INTO place VALUES ('0', ?)", (filters,))


def take_some(copy: sqlite3.Connection, server: str, filters: list[tuple[str, ...]]) -> bool:
    """Ask for the next lines and apply them in order; tell whether there are more."""
    token, kept = copy.execute("SELECT token, filters FROM place").fetchone()
    query = urlencode([("after", token), ("limit", LIMIT), *filters])
    try:
        with urlopen(request(f"{server}/v1/changes?{query}"), timeout=TIMEOUT_S) as answer:
            lines = [json.loads(line) for line in answer.read().splitlines()]
            token, has_more = answer.headers["Newsline-Next"], answer.headers["Newsline-More"]
    except HTTPError as error:
        if error.code == HTTPStatus.GONE:
            print(f"{error.read().decode()}: beginning anew", file=sys.stderr)
            begin_anew(copy, kept)
            return True
        raise
    with transaction(copy):
        for line in lines:
            if line["document"] is None:
                copy.execute("DELETE FROM articles WHERE article_id = ?", (line["article_id"],))
            else:
                kept_line = (line["article_id"], json.dumps(line["document"]))
                copy.execute("INSERT OR REPLACE INTO articles VALUES (?, ?)", kept_line)
        copy.execute("UPDATE place SET token = ?", (token,))
    return has_more == "true"


def request(url: str) -> Request:
    """Return a request with our key."""
    key = os.environ.get("NEWSLINE_KEY")
    return Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})


class transaction:  # noqa: N801 - used as a word
    """All or nothing."""

    def __init__(self, copy: sqlite3.Connection) -> None:
        self.copy = copy

    def __enter__(self) -> None:
        self.copy.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self.copy.execute("COMMIT" if kind is None else "ROLLBACK")


if __name__ == "__main__":
    sys.exit(main())
