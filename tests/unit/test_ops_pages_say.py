"""The ops page: what it says, and how it holds the ledger against the index."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support_ledger import (
    NOW,
    bring_to,
    decision,
    feed,
    poll,
    state,
)
from support_ops import A, B, Visitor, feed_of, mounted

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger, tables
from pipeline.errors import AccessDenied
from pipeline.index.document import build_document
from pipeline.model import Result, Stage, Status
from pipeline.ops.reports import COMPARED, NAMED
from pipeline.work import Outcome, PollResult


def plain(answer):
    """The text of a page, as one reads it."""
    text = re.sub(r"<(style|title)[\s\S]*?</\1>|<[^>]+>", " ", answer.text)
    return " ".join(text.split())


def test_the_overview_says_what_is_wrong_first_and_balances(filled):
    late = NOW + timedelta(hours=2)
    text = plain(Visitor(mounted(filled, now=late)).get("/"))
    assert text.index("Nothing seems to run: 1 feed to be asked") < text.index("1 dead letter")
    assert "2 discovered = 1 indexed + 1 dead" in text
    assert "reading it took longer than one item may take" in text
    assert "100 % of 1 article within the objective of 15 min" in text


def test_books_that_do_not_balance_are_said_to_be_wrong(filled, ada):
    with filled.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM urls WHERE url LIKE '%/a'")
    text = plain(ada.get("/"))
    assert "Wrong The books do not balance: 2 URLs were discovered, 1 are accounted for." in text
    assert "2 discovered ≠ 1 dead" in text


def test_an_empty_ledger_has_pages_too(ledger):
    visitor = Visitor(mounted(ledger))
    text = plain(visitor.get("/"))
    assert "Nothing. Every feed answers" in text
    assert "knows no feed yet" in text
    assert "0 feeds" in plain(visitor.get("/feeds"))
    assert "There is none." in plain(visitor.get("/dead"))
    visitor.get("/feeds/none", status=404)


def test_feeds_are_found_filtered_and_sorted(filled, ada):
    courier = feed("courier-news", "courier", title="The Courier")
    paused = state(courier, paused=True, paused_reason="operator", interval_s=300.0)
    filled.sync_feeds([*filled.feed_states(), paused])

    def shown(**query):
        return re.findall(r'feeds/([a-z-]+)">', ada.get("/feeds", **query).text)

    assert shown() == ["herald-world", "courier-news"]  # new ones before paused ones
    assert shown(order="down") == ["courier-news", "herald-world"]
    assert shown(sort="feed", order="down") == ["herald-world", "courier-news"]
    assert shown(sort="interval") == ["courier-news", "herald-world"]
    assert shown(sort="new", order="down") == ["herald-world", "courier-news"]
    assert shown(state="paused") == ["courier-news"]
    assert shown(q="the COURIER") == ["courier-news"]
    assert shown(q="nothing like it") == []
    assert shown(page="2") == []
    run = filled.start_run(NOW)
    filled.join_run(run)
    poll(filled, decision(A), of=courier, at=NOW)
    assert shown(run=run) == ["courier-news"]
    assert shown(run="another") == []
    assert f"feeds?run={run}" in ada.get(f"/runs/{run}").text


def test_a_failing_feed_says_why_in_words(filled, ada):
    before = feed_of(filled)
    ill = replace(before, last_poll_at=NOW, last_reason="http_503", failures=1.5, health="failing")
    for _ in range(2):
        lease = filled.lease_host("herald.example", lease_s=60)
        said = Outcome(Stage.POLL, Result.RETRY, NOW, "http_503", "HTTP 503 from herald.example")
        filled.commit_poll(lease, PollResult(ill, said))
        filled.release(lease)
    text = plain(ada.get("/feeds", state="failing"))
    assert "the server is busy or being mended (503); 2 times running" in text
    assert "HTTP 503 from herald.example" in plain(ada.get("/feeds/herald-world"))
    assert "1 feed is failing: herald-world" in plain(ada.get("/"))


def test_a_url_tells_its_life(filled, ada):
    text = plain(ada.get("/where", url=B + "?utm_source=x"))
    assert "dead reading it took longer" in text
    assert ada.get("/where", status=404, url="https://herald.example/never")
    assert "no web address" in plain(ada.get("/where", status=404, url="javascript:alert(1)"))
    assert ada.get("/where", status=404, url="x\x00y")


def test_the_days_of_a_feed_are_drawn(filled, ada):
    poll(filled, decision("https://herald.example/c"), at=NOW - timedelta(days=3))
    text = ada.get("/feeds/herald-world").text
    assert text.count('<rect class="some"') == 2
    assert text.count('<rect class="none"') == 12
    assert "3 new entries in 14 days" in text


def test_a_run_says_how_its_items_ended(filled, ada):
    run_id = filled.start_run(NOW)
    bring_to(filled, "https://herald.example/c", Stage.EXTRACT, text="a third")
    text = plain(ada.get(f"/runs/{run_id}"))
    assert "fetch ok 1" in text
    assert "Nothing has ended in it" in plain(ada.get("/runs/another"))


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"page": "-1"}, {"page": "9" * 99}, {"page": "²"}, {"sort": "<script>"},
     {"state": "\x00"}, {"q": "\ud800"}, {"q": "x" * 5_000}, {"order": "\u202e"}],
)  # fmt: skip
def test_a_query_that_we_do_not_know_is_as_if_it_were_not_there(ada, query):
    query = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    ada.get("/feeds", **query)


@pytest.mark.parametrize(
    "query",
    [{"after_at": "yesterday", "after_id": "x"}, {"after_at": NOW.isoformat(), "after_id": ""},
     {"after_at": "2019-09-10T08:00:00", "after_id": "x"}, {"stage": "nowhere"},
     {"reason": "\x00"}],
)  # fmt: skip
def test_a_place_among_dead_letters_that_is_none_is_the_beginning(ada, query):
    assert "parser_timeout" in ada.get("/dead", **query).text


def test_a_ledger_that_is_away_is_said_in_words_and_with_503(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.database.close()
    (tmp_path / "ledger.sqlite").unlink()
    (tmp_path / "ledger.sqlite").mkdir()
    text = plain(Visitor(mounted(ledger)).get("/", status=503))
    assert "the ledger cannot be read" in text
    ledger.close()


class Locked:
    """An index that may not be asked with the key in use."""

    def read(self, _):
        raise AccessDenied("this key may not search")


def test_ledger_and_index_are_compared_when_asked(filled, tmp_path):
    index = EmbeddedIndex(tmp_path / "index")
    works = [work for batch in filled.all_indexed() for work in batch]
    ada = Visitor(mounted(filled, index=index))
    assert "Hold it against the index itself" in ada.get("/").text
    text = plain(ada.get("/balance"))
    assert "The books do NOT balance" in text
    assert f"missing from the index {A}" in text
    index.write([build_document(work) for work in works], [])
    assert "The books balance: 2 discovered = 1 indexed + 1 dead" in plain(ada.get("/balance"))
    index.close()
    assert "may not search" in Visitor(mounted(filled, index=Locked())).get("/balance").text
    Visitor(mounted(filled)).get("/balance", status=404)


MANY = 20_000


class Counting:
    """Counts the rows that a ledger's database hands out."""

    def __init__(self, ledger):
        self.rows = 0
        sa.event.listen(ledger.database.engine, "connect", self._watch)
        ledger.database.engine.dispose()  # so that each connection is a new one

    def _watch(self, connection, _record):
        connection.row_factory = self._count

    def _count(self, _cursor, row):
        self.rows += 1
        return row


def fill_with_many(ledger):
    """Let the ledger say of many articles that they were written into the index."""
    poll(ledger, decision(A))
    of = {"publisher": "herald", "feed_id": "herald-world"}
    rows = {
        tables.urls: of | {"url": A, "host": "herald.example", "first_seen_at": NOW, "tries": 0,
                           "revisits": 0, "status": Status.INDEXED},
        tables.articles: {"url": A, "publisher": "herald", "first_seen_at": NOW, "revision_n": 1,
                          "doc_version": 1, "indexed_version": 1},
        tables.sightings: of | {"entry_key": "k", "entry": "{}", "version": 1, "seen_at": NOW},
        tables.changes: {"kind": "upsert", "doc_version": 1, "at": NOW},
    }  # fmt: skip
    with ledger.database.engine.begin() as connection:
        for table, row in rows.items():
            ids = {"url_id", "article_id"} & set(table.c.keys())
            many = [row | dict.fromkeys(ids, f"{number:032x}") for number in range(MANY)]
            connection.execute(sa.insert(table), many)


def test_a_large_ledger_is_compared_without_reading_it(ledger, tmp_path):
    fill_with_many(ledger)
    index = EmbeddedIndex(tmp_path / "index")
    counting = Counting(ledger)
    text = plain(Visitor(mounted(ledger, index=index)).get("/balance"))
    index.close()
    assert "The books do NOT balance: 20,001 discovered" in text
    assert text.count("missing from the index") == NAMED
    assert 2 * COMPARED < counting.rows < 2 * COMPARED + 200  # it looks twice
