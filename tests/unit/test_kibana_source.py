"""Mistakes in config/kibana/ are named with their place; filters are as Kibana reads them."""

import pytest
from support_kibana import parse_kql

from pipeline.errors import ConfigError
from pipeline.kibana.source import kql, load_source

VIEWS = '[view.a]\ntitle = "A"\nindex = "articles"\ntime = "sort_at"\n[search]\n[map]\n'
HEAD = 'title = "T"\ndescription = "D"\nfrom = "now-1d"\nto = "now"\n[[panel]]\n'
COUNT = 'measures = [{ op = "count", label = "N" }]\n'


@pytest.mark.parametrize(
    ("panel", "problem"),
    [
        ('id = "p"\nchart = "pie"\nw = 1\nh = 1\n', "pie|chart"),
        ('id = "p"\nchart = "metric"\nw = 49\nh = 1\nview = "a"\n' + COUNT, "48"),
        ('id = "p"\nchart = "metric"\nw = 9\nh = 1\n' + COUNT, "wrong or missing: view"),
        ('id = "p"\nchart = "metric"\nw = 9\nh = 1\nview = "b"\n' + COUNT, "no view 'b'"),
        ('id = "p"\nchart = "line"\nw = 9\nh = 1\nview = "a"\n' + COUNT, "missing: over"),
        ('id = "p"\nchart = "table"\nw = 9\nh = 1\nview = "a"\n' + COUNT, "missing: by"),
        ('id = "p"\nchart = "search"\nw = 9\nh = 1\nsearch = "s"\n', "no search 's'"),
        ('id = "p"\nchart = "text"\nw = 9\nh = 1\ntext = "t"\nmood = "good"\n', "mood"),
        (
            'id = "p"\nchart = "metric"\nw = 9\nh = 1\nview = "a"\n'
            + COUNT
            + 'where = { outlett = "x" }\n',
            r"board\.p: articles have no field 'outlett'",
        ),
        (
            'id = "p"\nchart = "metric"\nw = 9\nh = 1\nview = "a"\n'
            + COUNT.replace("count", "sum"),
            "needs a field",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, panel, problem):
    (tmp_path / "views.toml").write_text(VIEWS)
    (tmp_path / "board.toml").write_text(HEAD + panel)
    with pytest.raises(ConfigError, match=problem):
        load_source(tmp_path)


def test_two_panels_of_one_name_and_broken_files_are_mistakes(tmp_path):
    (tmp_path / "views.toml").write_text(VIEWS)
    text = 'id = "p"\nchart = "text"\nw = 9\nh = 1\ntext = "t"\n'
    (tmp_path / "board.toml").write_text(HEAD + text + "[[panel]]\n" + text)
    with pytest.raises(ConfigError, match="two panels 'p'"):
        load_source(tmp_path)
    (tmp_path / "board.toml").write_text("title = ")
    with pytest.raises(ConfigError, match=r"board\.toml.*not valid TOML"):
        load_source(tmp_path)


def test_quotes_in_values_stay_inside_them():
    assert kql({"title": 'a "b" \\ c'}) == 'title : "a \\"b\\" \\\\ c"'
    assert parse_kql(kql({"a": 'x "y" \\', "b": ("1", "2")})) == [
        ("a", ['x "y" \\']), ("b", ["1", "2"])
    ]  # fmt: skip
