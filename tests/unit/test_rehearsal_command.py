"""`newsline rehearse`: what it shows and what it writes, without serving."""

import json

import pytest
import typer
from rehearsal_samples import at, small_world
from typer.testing import CliRunner

from pipeline.cli.rehearse import register, settings_toml
from pipeline.config import load
from pipeline.errors import UsageError
from pipeline.feeds.catalogue import read_catalogue, write_catalogue

app = typer.Typer()
register(app)


@app.callback()
def _root():
    pass


def test_the_script_is_listed_in_order_of_time():
    shown = CliRunner().invoke(app, ["rehearse", "--list", "--json"])
    events = json.loads(shown.output)
    assert shown.exit_code == 0
    assert len(events) >= 14
    assert [event["from"] for event in events] == sorted(event["from"] for event in events)
    table = CliRunner().invoke(app, ["rehearse", "--list"], env={"COLUMNS": "300"})
    assert all(event["name"] and event["does"] in table.output for event in events)


def test_help_teaches_by_an_example():
    shown = CliRunner().invoke(app, ["rehearse", "--help"])
    assert "newsline rehearse --at 2019-09-08T18:00:00Z" in shown.output


@pytest.mark.parametrize("text", ["tomorrow", "2019-09-10T12:00:00"])
def test_a_time_without_zone_is_refused(text, tmp_path):
    shown = CliRunner().invoke(app, ["rehearse", "--at", text, "--dir", str(tmp_path)])
    assert isinstance(shown.exception, UsageError)
    assert list(tmp_path.iterdir()) == []


def test_the_worlds_feeds_are_a_sound_catalogue():
    feeds = small_world().catalogue()
    assert read_catalogue(write_catalogue(feeds), "feeds.toml") == feeds


def test_the_settings_are_accepted_and_meet_the_world(tmp_path):
    path = tmp_path / "pipeline.toml"
    path.write_text(settings_toml(8123, at("2019-09-10T15:00+03:00"), 60.0))
    config = load(path, {})
    assert config.fetch.ports == (8123,)
    assert config.fetch.allow_private == ("127.0.0.0/8",)
    assert (config.clock.origin, config.clock.rate) == (at("2019-09-10T12:00"), 60.0)
