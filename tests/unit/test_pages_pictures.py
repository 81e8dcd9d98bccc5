"""Timeline and map: all that is given is in the picture, and leads somewhere."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.pages import atlas
from pipeline.serve.pages.timeline import MAX_ROWS, Point, timeline

NOON = datetime(2019, 9, 8, 12, tzinfo=UTC)


def dots(picture):
    return [float(x) for x in re.findall(r'<circle[^>]* cx="([\d.]+)"', str(picture))]


def test_a_timeline_has_a_line_for_each_outlet_and_a_dot_for_each_article():
    points = [
        Point("post", NOON, "First", "/articles/a", is_copy=False),
        Point("gazette", NOON + timedelta(hours=2), "<b>Again</b>", "/articles/b", is_copy=True),
        Point("post", NOON + timedelta(hours=1), "More", "/articles/c", is_copy=False),
    ]
    picture = str(timeline(points))
    first, last, middle = dots(picture)
    assert first < middle < last
    assert middle == (first + last) / 2
    assert picture.count('text-anchor="end" dominant-baseline') == 2
    assert picture.count('class="copy"') == 1
    assert "&lt;b&gt;Again&lt;/b&gt; (a copy)" in picture


def test_one_moment_is_drawn_too_and_nothing_is_nothing():
    assert len(dots(timeline([Point("post", NOON, "", "/", is_copy=False)] * 2))) == 2
    assert timeline([]) == ""
    many = [Point(f"outlet-{n}", NOON, "", "/", is_copy=False) for n in range(MAX_ROWS + 5)]
    assert len(dots(timeline(many))) == MAX_ROWS


def view_of(picture):
    return tuple(map(int, re.search(r'viewBox="([^"]+)"', str(picture))[1].split()))


PLACES = st.lists(
    st.builds(
        atlas.Point, st.text(max_size=9), st.floats(-90, 90), st.floats(-180, 180),
        st.integers(1, 999), st.just("/"),
    ),
    max_size=12,
)  # fmt: skip


@given(PLACES, st.booleans())
def test_a_map_is_a_part_of_the_world_with_all_its_points(points, whole):
    picture = atlas.world(points, [], whole=whole)
    x, y, width, height = view_of(picture)
    assert x >= 0
    assert y >= 0
    assert x + width <= 3_601
    assert y + height <= 1_421
    assert len(dots(picture)) == len(points)


def test_the_part_with_most_leaves_the_other_side_of_the_world_out():
    here = [atlas.Point(f"town {n}", 37 + n / 10, 40.0, 10, "/") for n in range(5)]
    away = atlas.Point("away", -33.9, 151.2, 1, "/")
    x, _, width, _ = view_of(atlas.world([*here, away], [], whole=False))
    assert x < (40 + 180) * 10 < x + width < (151 + 180) * 10
    assert view_of(atlas.world([*here, away], [], whole=True))[2] == 3_600


def test_countries_are_shaded_by_how_often_they_are_named_and_names_do_not_collide():
    countries = [atlas.Country("TR", "Turkey", 90, "/t"), atlas.Country("SY", "Syria", 9, "/s")]
    beside = [atlas.Point(name, 37.0, 40.0, 5, "/") for name in ("Kobani", "Ain al-Arab")]
    picture = str(atlas.world(beside, countries, whole=False))
    assert (
        '<a href="/t" tabindex="-1"><title>Turkey: 90</title><path class="land shade-5"' in picture
    )
    assert 'class="land shade-2"' in picture
    assert re.findall(r"<text[^>]*>([^<]+)<", picture) == ["Kobani"]
