"""The script of events: what it may say, and what is refused."""

import pytest
from pydantic import ValidationError
from rehearsal_samples import article, at, script, small_world

from pipeline.errors import ConfigError
from pipeline.rehearsal.articles import load_articles
from pipeline.rehearsal.script import Does, load_script
from pipeline.rehearsal.world import World


def test_an_event_lasts_from_its_beginning_until_just_before_its_end():
    event = {"does": "empty", "feed": "f", "from": "2019-09-01T00:00:00Z"}
    whole = script(event | {"until": "2019-09-02T02:00:00+02:00"})
    active = [
        bool(whole.active({"f"}, at(when), 0))
        for when in ("2019-08-31T23:59:59", "2019-09-01", "2019-09-01T23:59:59", "2019-09-02")
    ]
    assert active == [False, True, True, False]


def test_an_event_for_the_first_requests_ends_after_them():
    wall = script({"does": "bot_wall", "article": "a", "first": 2})
    counts = [len(wall.active({"a"}, at("2019-05-01"), earlier)) for earlier in (0, 1, 2)]
    assert counts == [1, 1, 0]


@pytest.mark.parametrize(
    "event",
    [
        {"does": "empty"},
        {"does": "empty", "feed": "f", "article": "a"},
        {"does": "moved", "feed": "f"},
        {"does": "moved", "feed": "f", "to": "/x", "status": 304},
        {"does": "slow", "feed": "f", "to": "/x"},
        {"does": "paywall", "feed": "f"},
        {"does": "explode", "feed": "f"},
        {"does": "empty", "feed": "f", "until": "2018-01-01T00:00:00Z"},
        {"does": "empty", "feed": "f", "from": "2019-01-01T00:00:00"},
    ],
)
def test_an_event_that_makes_no_sense_is_refused(event):
    with pytest.raises(ValidationError):
        script(event)


def test_an_event_for_something_that_does_not_exist_is_a_fault():
    with pytest.raises(ConfigError) as caught:
        small_world(
            [article("rheinblatt")],
            {"does": "empty", "feed": "no-feed"},
            {"does": "empty", "article": "no-article"},
            {"does": "moved", "article": "rheinblatt-1", "to": "nowhere", "status": 301},
            links=[{"feed": "lost", "path": "/x", "title": "X", "serves": "pdf",
                    "published_at": "2019-09-01T00:00:00Z"}],
        )  # fmt: skip
    assert sorted(fault.problem for fault in caught.value.faults) == [
        "there is no article 'no-article'",
        "there is no article 'nowhere'",
        "there is no feed 'lost'",
        "there is no feed 'no-feed'",
    ]


def test_a_script_file_with_faults_names_them_all(tmp_path):
    path = tmp_path / "script.toml"
    path.write_text('[[event]]\nname = "Wrong Name"\ndoes = "nothing"\n[[link]]\nfeed = "f"\n')
    with pytest.raises(ConfigError) as caught:
        load_script(path)
    assert {"event.0.name", "event.0.does", "link.0.path"} <= {f.key for f in caught.value.faults}
    with pytest.raises(ConfigError, match="cannot be read"):
        load_script(tmp_path / "none.toml")


def test_the_script_that_ships_fits_the_world_and_shows_every_kind_of_trouble_once():
    shipped = load_script()
    World(load_articles(), script=shipped)
    assert {event.does for event in shipped.events} == set(Does)
    assert {link.serves for link in shipped.links} == {"pdf", "image", "private", "nothing"}
    statuses = {event.status for event in shipped.events if event.does is Does.STATUS}
    assert {404, 410, 429, 500, 503} <= statuses
    assert {301, 302} <= {event.status for event in shipped.events if event.does is Does.MOVED}
