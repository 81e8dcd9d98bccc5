"""`newsline feeds check` in front of the rehearsal world, which lives in 2019."""

import json
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from pipeline.adapters.clock import ScaledClock
from pipeline.cli import feeds as feeds_commands
from pipeline.feeds.catalogue import write_catalogue
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 8, 18, tzinfo=UTC)
SETTINGS = """
[fetch]
allow_private = ["127.0.0.0/8"]
pace_s = 0
[clock]
origin = 2019-09-08T18:00:00Z
"""


@pytest.fixture(scope="module")
def diagnoses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "pipeline.toml").write_text(SETTINGS, "utf-8")
    app = typer.Typer()
    feeds_commands.register(app)
    with WorldServer(ScaledClock(NOW)) as world:
        (folder / "feeds.toml").write_text(write_catalogue(world.feeds()), "utf-8")
        files = ["--feeds", f"{folder}/feeds.toml", "--config", f"{folder}/pipeline.toml"]
        answer = CliRunner().invoke(app, ["feeds", "check", "--json", *files])
    return {one["feed_id"]: one for one in map(json.loads, answer.stdout.splitlines())}


def slugs(diagnosis):
    return {finding["slug"] for finding in diagnosis["findings"]}


def test_the_age_of_entries_is_told_by_the_clock_of_the_settings(diagnoses):
    assert "stale" in slugs(diagnoses["courrier-du-rhone-une"])  # so the script
    assert "stale" not in slugs(diagnoses["bosphorus-courier-latest"])
    assert not diagnoses["bosphorus-courier-latest"]["ill"]


def test_an_index_of_sitemaps_works_and_is_not_called_ill(diagnoses):
    assert slugs(diagnoses["potomac-ledger-sitemap"]) == {"sitemap_index"}
    assert not diagnoses["potomac-ledger-sitemap"]["ill"]


def test_a_feed_that_answers_nothing_is_ill(diagnoses):
    assert slugs(diagnoses["courrier-du-rhone-mobile"]) == {"empty_body"}
    assert diagnoses["courrier-du-rhone-mobile"]["ill"]
