"""The compiled gazetteer: made once, whole or not at all, shared by processes."""

import asyncio
import pickle
import sqlite3
import sys
from pathlib import Path

import pytest

from pipeline.adapters.places import opening
from pipeline.adapters.places.compile_places import compile_places, version
from pipeline.adapters.places.opening import open_places
from pipeline.adapters.places.place_file import PlaceFile
from pipeline.adapters.workers import ProcessWorkers
from pipeline.config import ParserSettings
from pipeline.enrich.places.listed import NoPlaces


@pytest.fixture(scope="session")
def listed():
    return open_places()


def test_places_are_found_by_any_of_their_names(listed):
    for key in ("aleppo", "halep", "alep", "حلب"):
        assert 170063 in {place.geonames for place in listed.named(key)}
    assert [place.by_name for place in listed.named("halep")] == [False]
    assert listed.named("xyzzy") == ()


def test_the_greatest_of_a_name_has_it_for_itself(listed):
    paris, texas, *_ = (one for one in listed.named("paris") if one.by_name and one.kind == "city")
    assert (paris.name, paris.country) == ("Paris", "FR")
    assert texas.name == "Paris, Texas"


def test_divisions_have_codes_people_and_a_point(listed):
    maryland = listed.region("US.MD")
    assert (maryland.name, maryland.kind, maryland.country) == ("Maryland", "region", "US")
    assert maryland.population > 4_000_000
    lat, lon = maryland.location
    assert 38 < lat < 40
    assert -79 < lon < -75
    assert listed.region("US.XX") is None


def test_countries_have_no_point(listed):
    (country,) = (one for one in listed.named("france") if one.kind == "country")
    assert (country.country, country.region, country.location) == ("FR", "", None)


def test_the_first_word_says_how_long_names_get(listed):
    assert listed.longest("aleppo") >= 1
    assert listed.longest("new") >= 3
    assert listed.longest("xyzzy") == 0


def test_it_travels_to_other_processes(listed, root):
    assert pickle.loads(pickle.dumps(listed)) == listed  # noqa: S301 - our own bytes
    workers = ProcessWorkers(ParserSettings(processes=1), "pipeline.enrich.tasks")
    try:
        found = asyncio.run(
            workers.run(
                "enrich", config_dir=root / "config", places=listed, language="en", title="",
                text="Snow fell in Rockville, Md., and the schools closed.", country="US",
            )
        )  # fmt: skip
    finally:
        workers.close()
    assert [place.name for place in found.places] == ["Rockville"]
    assert found.versions["places"].endswith(listed.version)


@pytest.mark.slow
def test_it_is_compiled_whole_beside_its_place_and_moved_there(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    made = open_places()
    assert made == PlaceFile(tmp_path / "share" / "newsline" / f"places-{version()}.sqlite")
    assert made.version == version()
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]
    assert made.path.stat().st_size < 60_000_000
    with sqlite3.connect(made.path) as connection:
        (towns,) = connection.execute("SELECT count(*) FROM place WHERE kind = 'city'").fetchone()
    connection.close()
    assert towns > 230_000
    before = made.path.stat().st_mtime_ns
    assert open_places() == made
    assert made.path.stat().st_mtime_ns == before


def test_a_compilation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fail():
        raise ValueError("the package is broken")
        yield

    monkeypatch.setattr("pipeline.adapters.places.compile_places.towns", fail)
    with pytest.raises(ValueError, match="broken"):
        compile_places(tmp_path / "places.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_may_be_written_the_hand_written_places_remain(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(sys, "prefix", str(file))
    monkeypatch.setattr(opening, "_cache", lambda: Path(file))
    assert isinstance(open_places(), NoPlaces)
