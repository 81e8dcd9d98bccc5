"""Copies and stories: what an article costs in `group` when a stream begins, and when it ends.

    python -m bench.stories [--articles 20000] [--json]

A day of news streams through the ledger (SQLite): articles of the rehearsal world and invented ones
of three outlets, a third of them about events that others report too, a tenth of them copies. What
is pinned is the ratio: the last tenth of the stream must cost about what the second tenth did (in
the first there is little yet to compare with).
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from pipeline.adapters.ledger import open_ledger
from pipeline.adapters.ledger.tables import articles
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.shingles import band_keys, word_runs
from pipeline.enrich.story_terms import story_terms
from pipeline.feeds.decide import first_state
from pipeline.model import ArchivePlace, Enrichment, Entry, Extraction, Feed, Result, Stage, Status
from pipeline.ports import Ledger
from pipeline.rehearsal.articles import load_articles
from pipeline.stages import GROUPED_AT_ONCE, group_one
from pipeline.urls import article_id
from pipeline.work import EntryDecision, Outcome, PageRecord, PollResult, StepResult

START_AT = datetime(2019, 9, 10, tzinfo=UTC)
OUTLETS = ("herald", "gazette", "courier")
BATCH = 250
PLACE = ArchivePlace("segment.warc.gz", 0, 1000, "ab" * 32)


def texts(count: int) -> Iterator[tuple[str, str]]:
    """Yield (title, text): words as rare and as frequent as in news, events that come and go."""
    dice = random.Random(20_190_910)
    letters = "bdfgklmnprstvz"
    words = ["".join(dice.choice(letters) + dice.choice("aeiou") for _ in range(4))
             for _ in range(40_000)]  # fmt: skip
    weights = [1 / (rank + 10) for rank in range(len(words))]
    real = [(one.versions[0].title, "\n\n".join(one.versions[0].paragraphs))
            for one in load_articles()]  # fmt: skip
    recent: list[tuple[str, str]] = list(real)
    for number in range(count):
        drawn = dice.random()
        if number < len(real):
            made = real[number]
        elif drawn < 0.1:  # a copy, with a line of the outlet's own
            title, text = dice.choice(recent)
            made = title, f"{text} {' '.join(dice.choices(words, k=8))}"
        else:
            title = dice.choices(words, weights, k=9)
            if drawn < 0.4:  # more of an event that was told before
                title[:5] = dice.choice(recent)[0].split()[:5]
            made = " ".join(title), " ".join(title + dice.choices(words, weights, k=220))
        recent = [*recent[-199:], made]
        yield made


def outcome(stage: Stage, at: datetime) -> Outcome:
    """Return an outcome that is well."""
    return Outcome(stage, Result.OK, at)


def bring(ledger: Ledger, host: str, made: dict[str, tuple[str, str]], at: datetime) -> None:
    """Discover, fetch, extract and enrich some articles of one outlet."""
    feed = Feed(f"{host}-world", f"https://{host}.example/world.xml", host, language="en")
    state = first_state(feed, at, 0.0)
    known = [one for one in ledger.feed_states() if one.feed.feed_id != feed.feed_id]
    ledger.sync_feeds([*known, state])
    lease = ledger.lease_host(state.host, lease_s=3600)
    assert lease is not None
    urls = {article_id(url): url for url in made}
    decisions = tuple(
        EntryDecision(Entry(id_, None, url, made[url][0], "", "", content_hash=id_), "new", 1, id_,
                      url, state.host)
        for id_, url in urls.items()
    )  # fmt: skip
    ledger.commit_poll(lease, PollResult(state, outcome(Stage.POLL, at), decisions))
    fetched = [
        StepResult(id_, outcome(Stage.FETCH, at), Stage.EXTRACT, at, article_id=id_,
                   page=PageRecord(url, url, 200, (), at, PLACE))
        for id_, url in urls.items()
    ]  # fmt: skip
    assert ledger.commit(lease, fetched) == []
    ledger.release(lease)
    for stage in (Stage.EXTRACT, Stage.ENRICH):
        lease, works = ledger.lease_articles(stage, at, limit=BATCH, lease_s=3600)
        results = [step(stage, work.url_id, *made[work.url], at) for work in works]
        assert ledger.commit(lease, results) == []
        ledger.release(lease)


def step(stage: Stage, url_id: str, title: str, text: str, at: datetime) -> StepResult:
    """Return the result of extract or enrich."""
    if stage is Stage.EXTRACT:
        found = Extraction(Result.OK, None, title, text, "1", "en")
        return StepResult(url_id, outcome(stage, at), Stage.ENRICH, at, extraction=found)
    said = Enrichment("en", 1.0, (), (), fingerprint(text), {"copies": "1"},
                      band_keys(word_runs(text)), story_terms(title, text))  # fmt: skip
    return StepResult(url_id, outcome(stage, at), Stage.GROUP, at, enrichment=said)


def group(ledger: Ledger, at: datetime) -> list[float]:
    """Group what waits, index it, and return the CPU milliseconds of each article."""
    lease, works = ledger.lease_articles(Stage.GROUP, at, limit=BATCH, lease_s=3600)
    taken = []
    for start in range(0, len(works), GROUPED_AT_ONCE):
        some = works[start : start + GROUPED_AT_ONCE]
        begin = time.process_time()
        _, refused = ledger.group(lease, some, partial(group_one, at), at)
        taken += [1000 * (time.process_time() - begin) / len(some)] * len(some)
        assert refused == []
    ledger.release(lease)
    lease, works = ledger.lease_articles(Stage.INDEX, at, limit=10 * BATCH, lease_s=3600)
    results = [
        StepResult(work.url_id, outcome(Stage.INDEX, at), None, None, Status.INDEXED,
                   indexed_version=work.doc_version)
        for work in works
    ]  # fmt: skip
    assert ledger.commit(lease, results) == []
    ledger.release(lease)
    return taken


def rss_mb() -> float:
    """Return the memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def measure(count: int) -> dict[str, float]:
    """Return figure → value."""
    taken: list[float] = []
    memory = []
    with tempfile.TemporaryDirectory(prefix="newsline-bench-") as folder:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.sqlite")
        made = list(texts(count))
        for start in range(0, count, BATCH):
            some = made[start : start + BATCH]
            at = START_AT + timedelta(days=start / count)
            host = OUTLETS[start // BATCH % len(OUTLETS)]
            urls = {f"https://{host}.example/{start + n}": one for n, one in enumerate(some)}
            bring(ledger, host, urls, at)
            taken += group(ledger, at)
            memory.append(rss_mb())
        stories = sa.select(sa.func.count(articles.c.story_id.distinct()))
        groups = sa.select(sa.func.count(articles.c.syndication_id.distinct()))
        with ledger.database.reading() as connection:
            found = [connection.execute(query).scalar_one() for query in (stories, groups)]
        ledger.close()
        size = Path(folder, "ledger.sqlite").stat().st_size
    tenth = max(1, len(taken) // 10)
    first, last = sum(taken[tenth : 2 * tenth]) / tenth, sum(taken[-tenth:]) / tenth
    settled = memory[len(memory) // 5]
    return {
        "articles": len(taken),
        "ms_second_tenth": first,
        "ms_last_tenth": last,
        "times_the_second": last / first,
        "memory_mb": memory[-1],
        "memory_mb_since_a_fifth": memory[-1] - settled,
        "ledger_kb_per_article": size / count / 1000,
        "stories": found[0],
        "syndication_groups": found[1],
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    figures = measure(options.articles)
    if options.json:
        print(json.dumps(figures))
    else:
        for figure, value in figures.items():
            print(f"{figure:>24}  {value:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
