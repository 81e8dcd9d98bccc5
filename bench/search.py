"""How fast the embedded index writes and answers, beside plain tantivy and SQLite FTS5.

    python bench/search.py [--documents 20000] [--json]

One run, one process, invented documents of about 3.4 kB in five languages whose words are as
frequent as in real text (Zipf). The product's figures include what the plain engines leave out:
analysis and stemming per language, versions, validation, four facets, ten highlights.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import tantivy

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.index.bounds import MAX_FACET_SIZE, MAX_SIZE
from pipeline.index.parse_query import MAX_CHARS, MAX_TERMS
from pipeline.index.query import FACETS as ALL_FACETS
from pipeline.index.query import Query

LANGUAGES = ("en", "tr", "ar", "de", "fr")
LETTERS = {"ar": "ابتجحدرسعفقكلمنهوي"}
FACETS = ("person", "topic", "outlet", "language")
BATCH = 500
VOCABULARY = 15_000
WORDS = 480


def vocabulary(language: str, chance: random.Random) -> list[str]:
    """Return invented words, the most frequent ones short."""
    letters = LETTERS.get(language, "abcdefghiklmnoprstuvz")
    return [
        "".join(chance.choices(letters, k=3 + min(7, rank.bit_length() // 2)))
        for rank in range(VOCABULARY)
    ]


def documents(
    count: int, chance: random.Random, words: Mapping[str, list[str]] | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return documents, and the vocabulary of the first language for the queries.

    `words` is language → vocabulary, for those who make documents in several goes.
    """
    words = words or {language: vocabulary(language, chance) for language in LANGUAGES}
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]
    people = [f"Person {number}" for number in range(3_000)]
    made = []
    for number in range(count):
        language = LANGUAGES[number % len(LANGUAGES)]
        text = " ".join(chance.choices(words[language], weights, k=WORDS))
        day = f"2019-{1 + number % 12:02d}-{1 + number % 28:02d}"
        made.append({
            "article_id": f"{chance.getrandbits(128):032x}", "doc_version": 1, "schema_version": 1,
            "url": f"https://outlet.example/{number}", "title": text[:60], "text": text,
            "first_seen_at": f"{day}T08:00:00Z", "day": day, "outlet": f"outlet-{number % 200}",
            "language": language, "text_source": "page", "word_count": WORDS, "noindex": False,
            "tdm_reserved": False, "revision": 1, "versions": {}, "story_id": f"story-{number}",
            "person": sorted({people[min(2_999, int(chance.paretovariate(0.8)))] for _ in "abcd"}),
            "topic": [f"Topic {number % 17}"],
        })  # fmt: skip
    return made, words["en"]


def queries(words: Sequence[str], chance: random.Random, count: int) -> list[list[str]]:
    """Return pairs of words that some documents hold both of."""
    return [
        [words[chance.randrange(5, 300)], words[chance.randrange(5, 300)]] for _ in range(count)
    ]


def widest(words: Sequence[str], made: Sequence[Mapping[str, Any]]) -> Query:
    """Return as dear a query as is allowed: alternatives by prefix, all facets, a long page.

    The first of `words` comes first, so that queries differ.
    """
    starts = sorted({word[:3] for one in made[:20] for word in one["text"].split()})
    text = words[0]
    for start in starts:
        longer = f"{text} OR {start}*"
        if len(longer) > MAX_CHARS or text.count(" OR ") + 2 > MAX_TERMS:
            break
        text = longer
    return Query(text, facets=ALL_FACETS, facet_size=MAX_FACET_SIZE, size=MAX_SIZE)


def timed(ask: Callable[[list[str]], object], asked: Sequence[list[str]]) -> dict[str, float]:
    """Return p50 and p95 of the wall time of a call, in milliseconds."""
    ask(asked[0])
    times = []
    for words in asked:
        start = time.perf_counter()
        ask(words)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {"p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)]}


def product(
    folder: Path, made: Sequence[dict[str, Any]], asked: Sequence[list[str]]
) -> dict[str, Any]:
    """Measure the embedded index as the trip uses it."""
    index = EmbeddedIndex(folder)
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(made), BATCH):
        answers = index.write(made[first : first + BATCH], [])
        assert all(result == "ok" for result, _ in answers.values())
    writing_s, writing_cpu_s = time.perf_counter() - start, time.process_time() - cpu

    def full(words: list[str]) -> None:
        index.search(Query(" ".join(words), facets=FACETS))

    def bare(words: list[str]) -> None:
        index.search(Query(" ".join(words), highlight=False))

    def wide(words: list[str]) -> None:
        index.search(widest(words, made))

    start = time.perf_counter()
    held = sum(1 for _ in index.versions())
    scan_s = time.perf_counter() - start
    assert held == len(made)
    found = index.search(Query(" ".join(asked[0])))
    figures = {
        "docs_per_s": len(made) / writing_s,
        "cpu_us_per_doc": writing_cpu_s / len(made) * 1e6,
        "query_4_facets_10_highlights": timed(full, asked),
        "query_plain": timed(bare, asked),
        "widest_query": timed(wide, asked[:20]),
        "all_documents_4_facets": timed(lambda _: index.search(Query(facets=FACETS)), asked[:20]),
        "versions_scan_s": scan_s,
        "size_mb": float(str(index.describe()["size_bytes"])) / 1e6,
        "hits_of_first_query": found.total,
    }
    index.close()
    return figures


def plain_tantivy(
    folder: Path, made: Sequence[dict[str, Any]], asked: Sequence[list[str]]
) -> dict[str, Any]:
    """Measure tantivy with its default analysis: title and text, stored source, one query."""
    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("title")
    builder.add_text_field("text")
    builder.add_bytes_field("source", stored=True)
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(64 * 1024 * 1024, 1)
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(made), BATCH):
        for document in made[first : first + BATCH]:
            entry = tantivy.Document()
            entry.add_text("title", document["title"])
            entry.add_text("text", document["text"])
            entry.add_bytes("source", orjson.dumps(document))
            writer.add_document(entry)
        writer.commit()
    writing_s, writing_cpu_s = time.perf_counter() - start, time.process_time() - cpu
    index.reload()
    searcher = index.searcher()

    def ask(words: list[str]) -> None:
        query = index.parse_query(" ".join(words), ["title", "text"], conjunction_by_default=True)
        for _, place in searcher.search(query, limit=10).hits:
            orjson.loads(bytes(searcher.doc(place)["source"][0]))

    return {
        "docs_per_s": len(made) / writing_s,
        "cpu_us_per_doc": writing_cpu_s / len(made) * 1e6,
        "query_plain": timed(ask, asked),
    }


def sqlite_fts(
    made: Sequence[dict[str, Any]], folder: Path, asked: Sequence[list[str]]
) -> dict[str, Any]:
    """Measure SQLite FTS5: two columns, ten snippets by rank, no facets."""
    database = sqlite3.connect(folder / "fts.sqlite")
    database.execute("CREATE VIRTUAL TABLE articles USING fts5(title, text)")
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(made), BATCH):
        rows = [(one["title"], one["text"]) for one in made[first : first + BATCH]]
        with database:
            database.executemany("INSERT INTO articles VALUES (?, ?)", rows)
    writing_s, writing_cpu_s = time.perf_counter() - start, time.process_time() - cpu

    def ask(words: list[str]) -> None:
        database.execute(
            "SELECT title, snippet(articles, 1, '«', '»', '…', 20) FROM articles"
            " WHERE articles MATCH ? ORDER BY rank LIMIT 10",
            (" ".join(words),),
        ).fetchall()

    figures = {
        "docs_per_s": len(made) / writing_s,
        "cpu_us_per_doc": writing_cpu_s / len(made) * 1e6,
        "query_10_snippets": timed(ask, asked),
    }
    database.close()
    return figures


def main() -> None:
    """Measure all three and print figures and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    chance = random.Random(20190910)
    made, words = documents(arguments.documents, chance)
    asked = queries(words, chance, arguments.queries)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = product(folder / "index", made, asked)
        engine = plain_tantivy(folder / "plain", made, asked)
        sqlite = sqlite_fts(made, folder, asked)
    full = ours["query_4_facets_10_highlights"]["p95_ms"]
    figures = {
        "documents": len(made),
        "newsline": ours,
        "plain_tantivy": engine,
        "sqlite_fts5": sqlite,
        "ratios": {
            "indexing_cpu_against_plain_tantivy": ours["cpu_us_per_doc"] / engine["cpu_us_per_doc"],
            "docs_per_s_against_plain_tantivy": ours["docs_per_s"] / engine["docs_per_s"],
            "query_p95_against_plain_tantivy": full / engine["query_plain"]["p95_ms"],
            "query_p95_against_sqlite_fts5": full / sqlite["query_10_snippets"]["p95_ms"],
        },
    }
    if arguments.json:
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")
    else:
        sys.stdout.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
