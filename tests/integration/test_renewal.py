"""One enricher run again over articles in the index: what would change is shown, then written."""

import asyncio
from dataclasses import fields

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_index import ROOT
from support_ledger import NOW, publish, works
from typer.testing import CliRunner

from pipeline.app import build
from pipeline.cli.root import build as command_line
from pipeline.config import Config
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.parts import PARTS
from pipeline.errors import UsageError
from pipeline.index.document import build_document
from pipeline.model import Enrichment, Stage
from pipeline.renewal import difference, is_chosen, preview, renew
from pipeline.urls import article_id
from pipeline.work import ReplaySelector

ZONE, HARBOUR = "https://herald.example/zone", "https://herald.example/harbour"
ALL = ReplaySelector(stage=Stage.ENRICH, dead_only=False)


@pytest.fixture
def app(tmp_path):
    """Two articles in the index, enriched by something older: a place each, and nothing else."""
    opened = build(Config(), tmp_path, ROOT / "config")
    publish(opened.ledger, ZONE, text="Turkey and the US agreed on a safe zone in northern Syria.")
    publish(opened.ledger, HARBOUR, text="The harbour was quiet.", at=NOW)
    yield opened
    opened.close()


def held(app):
    return {work.article_id: work for some in app.ledger.all_indexed() for work in some}


def look(app, enricher, selector=ALL):
    doors = app.doors({Stage.ENRICH})
    versions = Enrichers.load(ROOT / "config", doors.places).versions
    return doors, asyncio.run(preview(doors, enricher, selector, versions, lambda _: None))


def test_what_would_change_is_counted_and_nothing_is_written(app):
    before = held(app)
    _, found = look(app, "topics")
    assert (found.in_index, found.stale, found.failed) == (2, 2, 0)
    assert found.changed == [article_id(ZONE)]
    assert found.fields == {"topic": 1, "topics": 1}
    assert found.added["topic", "Safe zone"] == 1
    assert "Safe zone" in found.examples[0]["changes"]["topic"]["added"]
    assert held(app) == before


def test_only_what_changes_is_written_and_only_that_part_of_it(app):
    before, version = held(app), app.ledger.where(ZONE)[0].doc_version
    doors, found = look(app, "topics")
    assert asyncio.run(renew(doors, app.ledger, "topics", found.changed, lambda _: None)) == 1
    waiting = works(app.ledger, Stage.GROUP, app.clock.now())
    assert [work.article_id for work in waiting] == [article_id(ZONE)]
    after = held(app)
    assert after[article_id(HARBOUR)] == before[article_id(HARBOUR)]
    was, now = before[article_id(ZONE)], after[article_id(ZONE)]
    assert app.ledger.where(ZONE)[0].doc_version == version + 1
    assert "Safe zone" in build_document(now)["topic"]
    assert now.enrichment.entities == was.enrichment.entities  # another enricher's
    assert now.enrichment.versions["topics"] == found.version
    _, again = look(app, "topics")
    assert again.changed == []


def test_a_part_of_this_version_is_not_looked_at_again(app):
    doors, found = look(app, "topics")
    asyncio.run(renew(doors, app.ledger, "topics", found.changed, lambda _: None))
    _, again = look(app, "topics")
    assert again.stale == 1  # the one that would not change keeps the version that made it


def call(folder, *more):
    words = ["replay", "--stage", "enrich", "--data", str(folder), *more]
    return CliRunner().invoke(command_line(words), words, catch_exceptions=False)


def test_the_command_shows_first_and_writes_when_told(app, tmp_path):
    app.close()
    shown = call(tmp_path, "--enricher", "topics")
    assert shown.exit_code == 0
    assert "Safe zone (1)" in shown.stdout
    assert "Add --yes" in shown.stdout
    said = orjson.loads(call(tmp_path, "--enricher", "topics", "--json", "--yes").stdout)
    assert (said["changed"], said["written"]) == (1, 1)
    assert said["added"][0] == {"field": "topic", "value": "Safe zone", "articles": 1}
    with pytest.raises(UsageError, match="key_phrases"):
        call(tmp_path, "--enricher", "topic")


def test_every_part_of_an_enrichment_belongs_to_an_enricher():
    made = {part for parts in PARTS.values() for part in parts}
    assert made == {one.name for one in fields(Enrichment)} - {"versions", "failed"}
    assert set(PARTS) == set(Enrichers.load(ROOT / "config").versions)


names = st.lists(st.sampled_from("abcd"), unique=True).map(tuple)


@given(before=names, after=names)
def test_a_difference_says_which_values_come_and_go(before, after):
    found = difference({"topic": before}, {"topic": after}).get("topic")
    if before == after:
        assert found is None
    else:
        assert set(found.added) == set(after) - set(before)
        assert set(found.removed) == set(before) - set(after)


def test_outlet_feed_and_days_choose(app):
    work = held(app)[article_id(ZONE)]
    assert is_chosen(work, ReplaySelector(publisher="herald", feed_id="herald-world"))
    assert not is_chosen(work, ReplaySelector(publisher="courier"))
    assert not is_chosen(work, ReplaySelector(feed_id="other"))
    assert is_chosen(work, ReplaySelector(since=work.first_seen_at))
    assert not is_chosen(work, ReplaySelector(until=work.first_seen_at))
