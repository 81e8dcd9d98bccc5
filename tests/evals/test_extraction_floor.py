"""Extraction quality never sinks below what was once measured (extraction_floor.json).

The pages are not ours to ship: NEWSLINE_CORPORA names the folder that holds them, and the scorer
is the one beside it. Raise a floor when a change pays; lower one only with a reason in the commit.
"""

import asyncio
import gzip
import hashlib
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import htmldate
import pytest

from pipeline.adapters.workers import ProcessWorkers
from pipeline.config import ExtractSettings, ParserSettings
from pipeline.extract.dates import in_own_zone

FLOOR = json.loads((Path(__file__).parent / "extraction_floor.json").read_text("utf-8"))
#: All pages were fetched before.
FETCHED_AT = datetime(2024, 6, 1, tzinfo=UTC)

pytestmark = [pytest.mark.corpora, pytest.mark.slow]


@pytest.fixture(scope="module")
def scorer(corpora):
    spec = importlib.util.spec_from_file_location(
        "score_extraction", corpora.parent / "tools" / "score_extraction.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def truth(corpora, scorer):
    return scorer.load_truth(corpora / "extraction")


@pytest.fixture(scope="module")
def extractions(corpora, truth):
    """Every page's Extraction, made in two worker processes as in production."""
    pages = [(name, item, facts) for name, items in truth.items() for item, facts in items.items()]
    workers = ProcessWorkers(ParserSettings(processes=2), "pipeline.extract.tasks")

    async def extract_all():
        return await asyncio.gather(
            *(
                workers.run(
                    "extract_page",
                    body=read(corpora / "extraction" / name / "html" / f"{item}.html.gz"),
                    url=facts["url"],
                    content_type="text/html; charset=utf-8",
                    fetched_at=FETCHED_AT,
                    settings=ExtractSettings(),
                )
                for name, item, facts in pages
            )
        )

    try:
        found = asyncio.run(extract_all())
    finally:
        workers.close()
    return {item: extraction for (_, item, _), extraction in zip(pages, found, strict=True)}


def read(path):
    return gzip.decompress(path.read_bytes())


def measured(scorer, items, extractions):
    rows = [scorer.page_score(facts["text"], extractions[item].text) for item, facts in items]
    return round(scorer.summarise(rows)["f1"], 4)


def test_the_pages_are_those_that_the_floors_were_measured_on(corpora):
    digest = hashlib.sha256()
    for path in sorted((corpora / "extraction").glob("*/ground-truth.json")):
        digest.update(path.read_bytes())

    assert digest.hexdigest() == FLOOR["corpus_sha256"]


def test_bodies_are_as_good_as_they_were(scorer, truth, extractions):
    sets = {name: list(items.items()) for name, items in truth.items()}
    sets["all"] = [item for items in truth.values() for item in items.items()]

    found = {name: measured(scorer, items, extractions) for name, items in sets.items()}

    assert {name: f1 for name, f1 in found.items() if f1 < FLOOR["body_f1"][name]} == {}, found


def test_titles_dates_and_authors_are_as_good_as_they_were(scorer, truth, extractions):
    pairs = [
        (facts, answer_of(extractions[item]))
        for items in truth.values()
        for item, facts in items.items()
    ]

    found = {name: round(value, 4) for name, (value, _) in scorer.metadata(pairs).items()}

    assert {
        name: floor for name, floor in FLOOR["metadata"].items() if found[name] < floor
    } == {}, found


def test_dates_are_no_worse_than_those_of_htmldate_alone(scorer, truth, extractions, corpora):
    ours, alone = [], []
    for name, items in truth.items():
        for item, facts in items.items():
            body = read(corpora / "extraction" / name / "html" / f"{item}.html.gz")
            date = htmldate.find_date(body, url=facts["url"], original_date=True)
            ours.append((facts, answer_of(extractions[item])))
            alone.append((facts, {"title": None, "authors": [], "date": date}))
    found = [scorer.metadata(pairs)["date_exact"][0] for pairs in (ours, alone)]
    assert found[0] >= found[1], found


def test_no_real_article_is_dropped_or_empty(extractions):
    lost = {item: found.reason for item, found in extractions.items() if found.reason}

    assert lost == {}
    assert all(found.text for found in extractions.values())


def answer_of(found):
    """What the scorer compares: the date is the day that the publisher wrote."""
    claim = found.published_at
    return {
        "title": found.title,
        "authors": list(found.authors),
        "date": in_own_zone(claim).isoformat() if claim else None,
    }
