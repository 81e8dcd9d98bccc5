"""What Kibana is given: whole, consistent in itself, and true to what the index holds.

Kibana cannot run here. Held against the real index: tests/e2e/test_kibana_boards.py.
"""

import tomllib

import jsonschema
import orjson
import pytest
from support_kibana import (
    RECORDS,
    by_type,
    columns_of,
    overlapping,
    panels_of,
    parse_kql,
    query_of,
    read_ndjson,
    what_is_counted,
    what_is_counted_by_api,
)
from support_kibana_api import BODY

from pipeline.index.mapping import events_template, index_template, vectors
from pipeline.kibana.dashboards_api import dashboard_body
from pipeline.kibana.naming import Naming
from pipeline.kibana.saved_objects import ndjson, saved_objects
from pipeline.kibana.source import COLUMNS, COUNTING, Chart, kql, load_source
from pipeline.model import Result, Stage

EXACT = {"keyword", "boolean", "long", "float"}
NUMBERS = {"long", "float"}
#: Operation → types of field that Kibana allows it on.
ALLOWED = {
    "terms": EXACT,
    "date_histogram": {"date"},
    "unique_count": EXACT | {"date"},
    "sum": NUMBERS,
    "average": NUMBERS,
    "median": NUMBERS,
    "percentile": NUMBERS,
    "min": NUMBERS | {"date"},
    "max": NUMBERS | {"date"},
    "last_value": EXACT | {"date"},
}


@pytest.fixture(scope="module")
def source(root):
    return load_source(root / "config/kibana")


@pytest.fixture(scope="module")
def objects(source):
    return read_ndjson(ndjson(saved_objects(source, Naming())))


def properties(index):
    templates = [index_template(), vectors()] if index == "articles" else [events_template()]
    return {
        name: field["type"]
        for template in templates
        for name, field in template["template"]["mappings"]["properties"].items()
        if "type" in field
    }


TYPES = {"news-articles": properties("articles"), "news-events": properties("events")}


def charts(objects):
    """Yield (data view id, panel) of every chart of every dashboard."""
    for dashboard in by_type(objects, "dashboard").values():
        for panel in panels_of(dashboard):
            if panel["type"] == "lens":
                (reference,) = panel["embeddableConfig"]["attributes"]["references"]
                yield reference["id"], panel


def test_the_file_in_config_is_the_rendered_one(root, source):
    written = (root / "config/kibana/newsline.ndjson").read_bytes()
    assert written == ndjson(saved_objects(source, Naming())), (
        "run: python -m pipeline.kibana.saved_objects > config/kibana/newsline.ndjson"
    )


# ── fields ────────────────────────────────────────────────────────────────────────────────────


def test_every_column_of_a_chart_has_a_field_that_its_operation_allows(objects):
    seen = set()
    for view, panel in charts(objects):
        for column in columns_of(panel).values():
            if column["sourceField"] == RECORDS:
                continue
            type_ = TYPES[view][column["sourceField"]]
            assert type_ in ALLOWED[column["operationType"]], (panel["panelIndex"], column["label"])
            if column["operationType"] == "last_value":
                assert TYPES[view][column["params"]["sortField"]] == "date"
            seen.add(column["operationType"])
    assert seen >= {"terms", "date_histogram", "unique_count", "percentile", "last_value"}


def test_every_filter_is_on_a_field_that_can_be_filtered(objects, source):
    for view, panel in charts(objects):
        asked = [query_of(panel)]
        asked += [one["filter"]["query"] for one in columns_of(panel).values() if "filter" in one]
        fields = [field for query in asked for field, _ in parse_kql(query)]
        assert all(TYPES[view][field] in EXACT for field in fields), panel["panelIndex"]
    for board in source.dashboard.values():
        for control in board.control:
            assert TYPES[f"news-{control.view}"][control.field] == "keyword"


def test_values_that_are_filtered_by_exist(objects, source, root):
    topics = tomllib.loads((root / "config/topics.toml").read_text("utf-8"))["topic"]
    known = {
        "kind": {"outcome", "poll", "freshness"},
        "stage": set(Stage),
        "result": set(Result),
        "topic": {topic["name"] for topic in topics},
    }
    asked = [query_of(panel) for _, panel in charts(objects)]
    asked += [kql(board.query) for board in source.dashboard.values()]
    asked += [kql(search.where) for search in source.search.values()]
    pairs = [(field, value) for one in asked for field, many in parse_kql(one) for value in many]
    assert len(pairs) > 20
    assert [(field, value) for field, value in pairs if value not in known[field]] == []


def test_searches_links_and_the_map_use_fields_of_their_view(source):
    for view in source.view.values():
        types = TYPES[f"news-{view.index}"]
        assert types[view.time] == "date"
        assert all(types[field] == "keyword" for field in view.links)
    for search in source.search.values():
        types = TYPES[f"news-{search.view}"]
        assert set(search.columns) <= set(types)
        assert types[search.sort] == "date"
    for one in source.map.values():
        assert TYPES[f"news-{one.view}"][one.field] == "geo_point"


# ── saved objects ─────────────────────────────────────────────────────────────────────────────


def test_ids_are_unique_and_nothing_refers_to_what_is_not_there(objects):
    ids = [one["id"] for one in objects]
    assert len(set(ids)) == len(ids)
    held, seen = {(one["type"], one["id"]) for one in objects}, set()
    for one in objects:
        wanted = {(reference["type"], reference["id"]) for reference in one["references"]}
        assert wanted <= held
        assert all(reference in seen or reference[0] == one["type"] for reference in wanted)
        seen.add((one["type"], one["id"]))  # what is referred to comes first
        names = [reference["name"] for reference in one["references"]]
        assert len(set(names)) == len(names)


def test_every_text_that_is_json_is_json(objects):
    def walk(value, key=""):
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif key.endswith(("JSON", "Map", "Attrs")):
            walk(orjson.loads(value))

    walk(objects)
    assert all(one["coreMigrationVersion"] and one["typeMigrationVersion"] for one in objects)


def test_every_panel_reads_a_data_view_by_the_references_of_its_dashboard(objects):
    """Kibana replaces ids inside panels by these references, under these names."""
    for dashboard in by_type(objects, "dashboard").values():
        outside = {one["name"]: one["id"] for one in dashboard["references"]}
        used = set()
        for panel in panels_of(dashboard):
            index = panel["panelIndex"]
            if panel["type"] == "lens":
                (inside,) = panel["embeddableConfig"]["attributes"]["references"]
                assert outside[f"{index}:{inside['name']}"] == inside["id"]
                used.add(f"{index}:{inside['name']}")
                columns = columns_of(panel)
                assert inside["name"].endswith("-layer-layer")
                assert any(not column["isBucketed"] for column in columns.values())
            elif panel["type"] in ("search", "map"):
                used.add(f"{index}:{panel['panelRefName']}")
        group = dashboard["attributes"]["controlGroupInput"]
        for id_, control in orjson.loads(group["panelsJSON"]).items():
            name = f"controlGroup_{id_}:optionsListDataView"
            assert outside[name] == control["explicitInput"]["dataViewId"]
            used.add(name)
        assert used == set(outside)


def test_panels_fill_their_rows_and_never_overlap(objects):
    for dashboard in by_type(objects, "dashboard").values():
        panels = panels_of(dashboard)
        grids = [panel["gridData"] for panel in panels]
        assert [panel["panelIndex"] for panel in panels] == [grid["i"] for grid in grids]
        assert overlapping(grids) == []
        rows = {}
        for grid in grids:
            rows.setdefault(grid["y"], []).append(grid)
        for row in rows.values():
            assert sum(grid["w"] for grid in row) == COLUMNS
            assert len({grid["h"] for grid in row}) == 1


def test_articles_are_linked_and_lead_to_their_life(objects, source):
    for view in by_type(objects, "index-pattern").values():
        formats = orjson.loads(view["attributes"]["fieldFormatMap"])
        assert formats["url"]["params"]["urlTemplate"] == "{{rawValue}}"
        own = formats["article_id"]["params"]["urlTemplate"]
        # No slash before it: Kibana then puts the address of its space there.
        assert own.startswith("dashboards#/view/news-article?_a=")
        assert "article_id:%22{{value}}%22" in own
    assert {"url", "article_id"} <= set(source.search["latest"].columns)


def test_every_field_is_explained_in_its_data_view(objects):
    for view in by_type(objects, "index-pattern").values():
        explained = orjson.loads(view["attributes"]["fieldAttrs"])
        assert set(explained) == set(TYPES[view["id"]]) - {"by_language"}
        assert all(0 < len(one["customDescription"]) <= 300 for one in explained.values())


def test_another_collection_has_objects_of_its_own(source):
    others = read_ndjson(ndjson(saved_objects(source, Naming("border"))))
    assert all(one["id"].startswith("border-") for one in others)
    assert b'"news' not in ndjson(others)
    views = by_type(others, "index-pattern")
    assert views["border-articles"]["attributes"]["title"] == "border"
    assert views["border-events"]["attributes"]["title"] == "border_events"
    titles = {one["attributes"]["title"] for one in by_type(others, "dashboard").values()}
    assert all(title.endswith("(border)") for title in titles)


# ── the Dashboards API ────────────────────────────────────────────────────────────────────────


def bodies(source, naming=None):
    return {
        key: dashboard_body(board, source, naming or Naming())
        for key, board in source.dashboard.items()
    }


def test_the_bodies_for_the_api_are_of_its_form(source):
    validator = jsonschema.Draft202012Validator(BODY)
    for key, body in bodies(source).items():
        errors = [error.message for error in validator.iter_errors(body)]
        assert errors == [], key


def test_both_forms_show_the_same_numbers_in_the_same_places(source, objects):
    dashboards = by_type(objects, "dashboard")
    for key, body in bodies(source).items():
        whole = dashboards[f"news-{key}"]["attributes"]
        assert body["time_range"] == {"from": whole["timeFrom"], "to": whole["timeTo"]}
        stored = panels_of(dashboards[f"news-{key}"])
        places = [{**panel["gridData"], "i": panel["panelIndex"]} for panel in stored]
        assert [{**panel["grid"], "i": panel["id"]} for panel in body["panels"]] == places
        for panel, other in zip(body["panels"], stored, strict=True):
            if panel["type"] == "vis":
                asked = panel["config"].get("query", {"expression": ""})["expression"]
                assert asked == query_of(other)
                assert what_is_counted_by_api(panel["config"]) == what_is_counted(other)
                labels = {one["label"] for one in columns_of(other).values()}
                assert set(_labels(panel["config"])) <= labels


def _labels(value):
    if isinstance(value, dict):
        if "label" in value:
            yield value["label"]
        for inner in value.values():
            yield from _labels(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _labels(inner)


def test_what_the_bodies_name_is_among_the_saved_objects(source):
    names = {one["id"] for one in saved_objects(source, Naming("b"), with_dashboards=False)}
    text = orjson.dumps(bodies(source, Naming("b"))).decode()
    for reference in ("ref_id", "data_view_id"):
        found = {part.split('"')[0] for part in text.split(f'"{reference}":"')[1:]}
        assert found
        assert found <= names
    assert "../app/maps/map/b-places" in text


def test_every_chart_kind_is_used(source):
    used = {panel.chart for board in source.dashboard.values() for panel in board.panel}
    assert used == set(Chart)
    assert used > COUNTING
